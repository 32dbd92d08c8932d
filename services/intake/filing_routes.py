"""Around filing, over HTTP: the check before it, and many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.intake import bulk, enclosures, filing
from services.intake.duplicates import of_caller, said
from services.intake.procedures import Published
from services.intake.routes import RawRoute, acting_of, caller_of, newest_of
from services.intake.verdict import Verdict, judged
from shared.events import Mend
from shared.i18n import JST, Language, negotiate
from shared.identity.callers import Caller
from shared.problems import Problem
from shared.web.app import problem_body
from shared.web.problems import described
from shared.web.responses import OrjsonResponse

router = APIRouter(prefix="/v1/applications", tags=["applications"], route_class=RawRoute)
_FILING = {"required": True, "content": {"application/json": {"schema": filing.FilingIn.model_json_schema()}}}


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
    caller = await acting_of(request, caller, written)
    published = await newest_of(request, written.procedure)
    filing.must_be_for(caller, published)
    verdict = await run_in_threadpool(_judged, request, caller, published, written.answers)
    language = negotiate(request.headers.get("accept-language"))
    content = {
        "valid": not verdict.errors,
        "errors": _places(verdict.errors, language),
        "warnings": _places(verdict.warnings, language),
    }
    headers = {"cache-control": "no-store", "content-language": language, "vary": "accept-language"}
    return OrjsonResponse(content, headers=headers)


def _judged(request: Request, caller: Caller, published: Published, answers: dict[str, Any]) -> Verdict:
    verdict = judged(published, answers, today=datetime.now(UTC).astimezone(JST).date())
    with Session(request.app.state.engine) as session:
        duplicates = list(said(published, of_caller(session, caller, published, answers)))
        files = enclosures.mends_of(session, caller.organisation_id, published.procedure, answers)
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
