"""Filing over HTTP: one, the check before it, and many at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.filing import filing
from shared.i18n import Language, negotiate
from shared.identity.callers import Caller
from shared.identity.mandates import acting
from shared.web.callers import a_caller, bearer
from shared.web.problems import described
from shared.web.responses import OrjsonResponse

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

from collections.abc import Sequence
from datetime import UTC

from fastapi.responses import StreamingResponse

from services.intake.applications.routes import ReceiptOut
from services.intake.checking.duplicates import of_caller, said
from services.intake.checking.verdict import Verdict, judged
from services.intake.files import enclosures
from services.intake.filing import bulk
from shared.events import Mend
from shared.i18n import JST
from shared.problems import Problem
from shared.web.app import problem_body


class RawRoute(APIRoute):
    """A route that reads its request itself: FastAPI documents it, and does not parse, validate, serialise or clean up for it."""

    def __init__(self, path: str, endpoint: Callable[[Request], Coroutine[Any, Any, Response]], **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = answer


hot_router = APIRouter(prefix="/v1", route_class=RawRoute)


router = APIRouter(prefix="/v1/applications", tags=["applications"], route_class=RawRoute)


_applicant = a_caller("applicant")


_FILING = {"required": True, "content": {"application/json": {"schema": filing.FilingIn.model_json_schema()}}}


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


@hot_router.post(
    "/applications",
    status_code=202,
    response_model=ReceiptOut,
    tags=["applications"],
    responses=described(400, 401, 403, 404, 409, 413, 422, 429, 503),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": filing.FilingIn.model_json_schema()}}},
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": filing.KEY_LIMIT},
                "description": "a new random text for each filing; sent again with the same body it gets the same answer",
            }
        ],
        "security": [{"key": []}],
    },
)
async def file_application(request: Request) -> Response:
    """File an application. 202 means that it is recorded for good; the format check and all that follows come after."""
    caller = await caller_of(request)
    body = await request.body()
    written = filing.read(body)
    caller = await acting_of(request, caller, written)
    published = await newest_of(request, written.procedure)
    prepared = filing.prepare(written, body, caller, published, request.headers.get("idempotency-key"))
    receipt = await request.app.state.counter.file(prepared)
    return OrjsonResponse(receipt_out(receipt), 202, {"location": f"/v1/applications/{receipt.id}"})


def receipt_out(receipt: filing.Receipt) -> dict[str, Any]:
    """A receipt as ReceiptOut."""
    return {
        "id": receipt.id,
        "receipt_number": receipt.receipt_number,
        "status": "filed",
        "procedure": {"id": receipt.procedure.id, "version": receipt.procedure.version},
        "filed_at": receipt.filed_at,
    }


async def caller_of(request: Request) -> Caller:
    """The applicant who calls, without a thread when he called moments ago. Raises Unauthorised, Forbidden."""
    key = bearer(request)
    known: Caller | None = request.app.state.callers.at_hand(key) if key else None
    return known if known and known.role == "applicant" else await run_in_threadpool(_applicant, request)


async def acting_of(request: Request, caller: Caller, written: filing.FilingIn) -> Caller:
    """The caller as he acts in this filing; asks nobody when it is for his own organisation. Raises Forbidden."""
    return caller if written.on_behalf_of is None else await run_in_threadpool(_acting, request, caller, written)


def _acting(request: Request, caller: Caller, written: filing.FilingIn) -> Caller:
    with Session(request.app.state.engine) as session:
        return acting(session, caller, written.on_behalf_of, written.procedure, "file")


async def newest_of(request: Request, procedure_id: str) -> Published:
    """The newest version of a procedure, without a thread when it was read moments ago. Raises NotFound."""
    known = _catalogue(request).remembered(procedure_id)
    return known if known is not None else await run_in_threadpool(_current, request, procedure_id)


def _current(request: Request, procedure_id: str) -> Published:
    with Session(request.app.state.engine) as session:
        return _catalogue(request).current(session, procedure_id)


class PlaceOut(BaseModel):
    """One place of a filing, and what to do there."""

    pointer: str = Field(description="JSON Pointer (RFC 6901) into the body")
    detail: str = Field(description="in the language asked for")


class VerdictOut(BaseModel):
    """What the format check would say today. With errors, the application would be refused or returned."""

    valid: bool
    errors: list[PlaceOut]
    warnings: list[PlaceOut]


@router.post(
    "/check",
    response_model=VerdictOut,
    responses=described(400, 401, 403, 404, 409, 413, 422, 429, 503),
    openapi_extra={"requestBody": _FILING, "security": [{"key": []}]},
)
async def check_application(request: Request) -> Response:
    """Check an application before filing it: the form's schema, the procedure's rules, your own duplicates. Nothing is recorded.

    What cannot be judged at all (no JSON, an unknown procedure, one that is closed or not for you) is refused as in filing.
    """
    caller = await caller_of(request)
    written = filing.read(await request.body())
    filer = await acting_of(request, caller, written)
    published = await newest_of(request, written.procedure)
    filing.must_be_for(filer, published)
    verdict = await run_in_threadpool(_judged, request, filer, caller, published, written.answers)
    language = negotiate(request.headers.get("accept-language"))
    content = {
        "valid": not verdict.errors,
        "errors": _places(verdict.errors, language),
        "warnings": _places(verdict.warnings, language),
    }
    headers = {"cache-control": "no-store", "content-language": language, "vary": "accept-language"}
    return OrjsonResponse(content, headers=headers)


def _judged(request: Request, filer: Caller, caller: Caller, published: Published, answers: dict[str, Any]) -> Verdict:
    verdict = judged(published, answers, today=datetime.now(UTC).astimezone(JST).date())
    with Session(request.app.state.engine) as session:
        duplicates = list(said(published, of_caller(session, filer, published, answers, seen_by=caller)))
        files = enclosures.mends_of(session, filer.organisation_id, published.procedure, answers)
    return Verdict(
        errors=[*verdict.errors, *files, *(mend for level, mend in duplicates if level == "error")],
        warnings=[*verdict.warnings, *(mend for level, mend in duplicates if level == "warning")],
    )


def _places(mends: Sequence[Mend], language: Language) -> list[dict[str, Any]]:
    return [{"pointer": f"/answers{one.pointer}", "detail": one.ja if language == "ja" else one.en} for one in mends]


class LineOut(BaseModel):
    """What became of one line: 202 with its receipt, or a problem (RFC 9457) with its status, title and detail."""

    line: int = Field(description="from 1")
    status: int
    id: UUID | None = None
    receipt_number: str | None = None


@router.post(
    "/bulk",
    responses={
        200: {
            "description": "one line of JSON for each line that is not blank, in order",
            "content": {"application/x-ndjson": {"schema": LineOut.model_json_schema()}},
        },
        **described(401, 403, 413, 422, 429, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string", "description": "a filing a line, in JSON"}}},
        },
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": bulk.REQUEST_KEY_LIMIT},
                "description": "a new random text; sent again, each line gets its first answer, and what was mended is filed",
            }
        ],
        "security": [{"key": []}],
    },
)
async def file_applications(request: Request) -> Response:
    """File up to 1,000 applications, one a line (NDJSON), 16 MiB in all. Each is recorded or refused for itself.

    Line n has the Idempotency-Key `<key of the request>#n`. Nothing is recorded before the request has come in completely.
    """
    caller = await caller_of(request)
    key = bulk.must_have_key(request.headers.get("idempotency-key"))
    language = negotiate(request.headers.get("accept-language"))

    async def file(line: bytes, line_key: str) -> filing.Receipt:
        written = filing.read(line)
        acting = await acting_of(request, caller, written)
        published = await newest_of(request, written.procedure)
        receipt: filing.Receipt = await request.app.state.counter.file(filing.prepare(written, line, acting, published, line_key))
        return receipt

    def say(problem: Problem) -> dict[str, Any]:
        return problem_body(problem, language)

    spool = await bulk.received(request.stream())
    return StreamingResponse(
        bulk.answers(spool, key, file, say),
        media_type="application/x-ndjson",
        headers={"cache-control": "no-store", "content-language": language, "vary": "accept-language"},
    )
