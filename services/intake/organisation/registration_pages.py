"""Registering an organisation that has no account yet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

from fastapi import Form, Request, Response

from services.intake.catalogue.pages import KINDS
from services.intake.organisation.invitation_pages import as_id, signed_in
from services.intake.organisation.pages import must_be_address
from shared.i18n import translate
from shared.identity import registration
from shared.identity.registration import LINK_LIFE, NAME_LIMIT, PATH, Entered
from shared.problems import Gone, Invalid
from shared.web.callers import Transaction
from shared.web.cookies import drop_cookie, local, set_cookie
from shared.web.pages import Pages, language_of, pages_router
from shared.web.sign_in import NEXT_COOKIE, commit_evenly, mail_link

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/register")
def ask(request: Request, next: str = "") -> Response:  # noqa: A002 - the name people see in the address
    return _pages.show(request, "register.html", email="", next=local(next), error=None)


@router.post("/register")
def send_link(
    request: Request,
    session: Transaction,
    email: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",  # noqa: A002
) -> Response:
    begun, email = time.monotonic(), email.strip()
    try:
        must_be_address(email)
    except Invalid as problem:
        return _pages.show(request, "register.html", status=422, email=email, next=local(next), error=problem.errors[0])
    # Who has an account gets a link to sign in; the answer is the same, since that is nobody's business.
    if not registration.ask(session, email, language_of(request)):
        mail_link(session, email)
    commit_evenly(session, begun)
    response = _pages.show(request, "register_sent.html", email=email, hours=int(LINK_LIFE.total_seconds() // 3600))
    if goal := local(next):
        set_cookie(response, NEXT_COOKIE, goal, int(LINK_LIFE.total_seconds()))
    return response


@router.get(PATH)
def enter(request: Request, session: Transaction, link: str = "", secret: str = "") -> Response:
    return _form(request, session, link, secret, Entered("", "corporation", "", ""))


@router.post(PATH)
def register(  # noqa: PLR0917 - what FastAPI gives
    request: Request,
    session: Transaction,
    link: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
    organisation: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    corporate_number: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    entered = Entered(" ".join(organisation.split()), kind, corporate_number.strip(), " ".join(name.split()))
    key, language = request.app.state.settings.secret_key, language_of(request)
    try:
        cookie = registration.register(session, key, as_id(link), secret, entered=entered, language=language)
    except Invalid as problem:
        return _form(request, session, link, secret, entered, problem)
    except Gone:
        return _form(request, session, "", "", entered)
    response = signed_in(request, session, cookie, local(request.cookies.get(NEXT_COOKIE, "")) or "/organisation?registered=1")
    drop_cookie(response, NEXT_COOKIE)
    return response


def _form(  # noqa: PLR0917 - what the page shows
    request: Request, session: Transaction, link: str, secret: str, entered: Entered, problem: Invalid | None = None
) -> Response:
    email = registration.address_of(session, request.app.state.settings.secret_key, as_id(link), secret)
    errors: dict[str, Any] = {error.pointer[1:]: error for error in problem.errors} if problem else {}
    anchors = {"kind": "kind-corporation"}
    language = language_of(request)
    return _pages.show(
        request,
        "registration.html",
        status=410 if email is None else 422 if problem else 200,
        email=email,
        link=link,
        secret=secret,
        entered=entered,
        kinds={kind: KINDS[kind] for kind in ("corporation", "sole-proprietor", "association")},
        limit=NAME_LIMIT,
        problem=problem,
        errors=dict.fromkeys(("organisation", "kind", "corporate_number", "name")) | errors,
        summary=[(anchors.get(name, name), translate(one.detail, language, **one.values)) for name, one in errors.items()],
    )
