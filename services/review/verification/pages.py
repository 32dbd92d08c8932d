"""The public page that tells a true document from another one. Works without scripts; keeps nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from services.review.verification import verification
from services.review.verification.routes import slowly, unseen
from services.review.verification.verification import Verified
from shared.i18n import message, translate
from shared.problems import FieldError, Invalid, NotFound, TooLarge
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of

STATES: dict[str, tuple[str, str]] = {
    "in-force": ("good", message("In force")),
    "replaced": ("bad", message("Replaced by another document")),
    "revoked": ("bad", message("Revoked")),
}
_pages = Pages(Path(__file__).parent.parent / "templates")
# Anybody may send a file from anywhere: nothing is changed by it.
router = APIRouter(include_in_schema=False, dependencies=[Depends(slowly)])


@router.get("/verify")
def begin(request: Request, code: str = "") -> Response:
    if code.strip():
        return RedirectResponse(f"/verify/{quote(code.strip()[:100], safe='')}", 303, {"cache-control": "no-store"})
    return _show(request, None)


@router.get("/verify/{code}")
def show(code: str, request: Request, session: Transaction) -> Response:
    try:
        return _show(request, verification.by_code(session, code, language_of(request)))
    except NotFound as problem:
        return _show(request, None, code=code, problem=problem)


@router.post("/verify")
def compare(
    request: Request,
    session: Transaction,
    *,
    file: Annotated[UploadFile | None, File()] = None,
    sha256: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Compare a file, or its hash, with what was issued: with the document of the code where one is given."""
    language = language_of(request)
    document = None
    try:
        if code:
            document = verification.by_code(session, code, language)
        given = _hash(file, sha256)
    except (NotFound, Invalid, TooLarge) as problem:
        return _show(request, document, code=code, sha256=sha256, problem=problem)
    document = document or verification.by_sha256(session, given, language)
    return _show(request, document, given=given)


def _hash(file: UploadFile | None, sha256: str) -> str:
    if file is not None and (file.size or file.filename):
        if (file.size or 0) > verification.FILE_LIMIT:
            raise TooLarge("Send at most {limit} bytes", limit=verification.FILE_LIMIT)
        return verification.sha256_of(file.file)
    if not sha256.strip():
        raise Invalid("Some entries need mending", errors=[FieldError("/file", "Choose the file, or write its SHA-256")])
    return verification.read_sha256(sha256)


def _show(
    request: Request,
    document: Verified | None,
    *,
    given: str = "",
    code: str = "",
    sha256: str = "",
    problem: NotFound | Invalid | TooLarge | None = None,
) -> Response:
    language = language_of(request)
    errors = {error.pointer[1:]: translate(error.detail, language, **error.values) for error in problem.errors} if problem else {}
    values: dict[str, Any] = {
        "document": document,
        "state": STATES[document.state] if document else None,
        "given": given,
        "same": document is not None and document.sha256 == given,
        "code": code,
        "sha256": sha256,
        "problem": problem,
        "errors": errors,
        "summary": list(errors.items()),
        "limit": verification.FILE_LIMIT // 1024**2,
    }
    return unseen(_pages.show(request, "verify.html", status=problem.status if problem else 200, **values))
