"""The counter over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.intake import applications, filing, searching
from services.intake.models import Application, Step
from services.intake.procedures import Catalogue, Published
from shared.events import Applicant as FiledBy
from shared.events import ProcedureRef
from shared.i18n import Language, negotiate
from shared.identity.callers import Caller
from shared.identity.mandates import acting
from shared.procedure.fields import Text
from shared.procedure.model import ApplicantKind
from shared.web.callers import Applicant, Transaction, a_caller, bearer
from shared.web.problems import described
from shared.web.responses import OrjsonResponse

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

router = APIRouter(prefix="/v1")


class RawRoute(APIRoute):
    """A route that reads its request itself: FastAPI documents it, and does not parse, validate, serialise or clean up for it."""

    def __init__(self, path: str, endpoint: Callable[[Request], Coroutine[Any, Any, Response]], **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = answer


hot_router = APIRouter(prefix="/v1", route_class=RawRoute)
_applicant = a_caller("applicant")


class ProcedureSummary(BaseModel):
    """A procedure in the catalogue."""

    id: str
    version: int
    title: str = Field(description="in the language asked for")
    law: str
    owner: str
    open: bool
    summary: str = ""
    applicants: list[str] = Field(description="corporation, sole-proprietor, association, ministry")


class DocumentOut(BaseModel):
    """A document or fact to have at hand."""

    title: str
    needed: str = Field(description="for whom or when; empty when everybody needs it")
    help: str


class ProcedureOut(ProcedureSummary):
    """A procedure with what is to be known before one starts, and what is needed to file it."""

    sign_in: str = Field(description="`any`, `entry`: any GビズID, `prime`: an organisation that was verified")
    law_url: str
    documents: list[DocumentOut]
    takes_minutes: int | None = Field(description="how long most people need to fill it in")
    deadline: str
    fee: str
    decides: str = Field(description="who decides, or takes the notification")
    standard_period_days: int | None = Field(description="標準処理期間; working days where `standard_period_working`")
    standard_period_working: bool | None
    answers_schema: dict[str, Any] = Field(description="JSON Schema 2020-12 of `answers` in POST /v1/applications")


class StepOut(BaseModel):
    """A step of the timeline."""

    state: str
    at: datetime
    detail: dict[str, Any] = Field(description="e.g. `mends` of a returned application, `reasons` and `appeal` of a refusal")


class ReceiptOut(BaseModel):
    """The filing is recorded: it will be checked, routed and answered."""

    id: UUID
    receipt_number: str
    status: str
    procedure: ProcedureRef
    filed_at: datetime


class ApplicationOut(ReceiptOut):
    """An application and where it stands."""

    arrival_number: str | None
    applicant: FiledBy = Field(description="who files; and under its mandate, its `agent`")


class ApplicationDetail(ApplicationOut):
    """An application with what was filed and what happened since."""

    answers: dict[str, Any] = Field(description="the contents that hold now, after corrections")
    revision: int = Field(description="which contents they are: 1 as filed, more after corrections")
    contact: dict[str, Any]
    timeline: list[StepOut]


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


def _summary(published: Published, language: Language) -> dict[str, Any]:
    procedure = published.procedure
    return {
        "id": published.ref.id,
        "version": published.ref.version,
        "title": procedure.title.within(language),
        "law": procedure.law.within(language),
        "owner": procedure.owner.within(language),
        "open": published.is_open(datetime.now().astimezone()),
        "summary": _text(procedure.summary, language),
        "applicants": procedure.applicants,
    }


def _text(label: Text | None, language: Language) -> str:
    return label.within(language) if label else ""


@router.get("/procedures", response_model=list[ProcedureSummary], tags=["procedures"], responses=described(422))
def list_procedures(
    request: Request,
    session: Transaction,
    *,
    q: Annotated[str, Query(max_length=searching.QUERY_LIMIT, description="words, in either language; the best first")] = "",
    applicant: Annotated[ApplicantKind | None, Query(description="only those that this kind may file")] = None,
    only_open: Annotated[bool, Query(alias="open", description="only those that take applications now")] = False,
) -> Any:
    """The procedures that are published, in their newest version."""
    language = negotiate(request.headers.get("accept-language"))
    every = _catalogue(request).newest(session).values()
    return [_summary(published, language) for published in searching.found(every, q, applicant=applicant, only_open=only_open)]


@router.get("/procedures/{procedure_id}", response_model=ProcedureOut, tags=["procedures"], responses=described(404))
def show_procedure(procedure_id: str, request: Request, session: Transaction) -> Any:
    """One procedure, with the JSON Schema of its answers."""
    published = _catalogue(request).current(session, procedure_id)
    procedure, language = published.procedure, negotiate(request.headers.get("accept-language"))
    period = procedure.standard_period
    return {
        **_summary(published, language),
        "law_url": procedure.law_url,
        "documents": [
            {"title": one.title.within(language), "needed": _text(one.needed, language), "help": _text(one.help, language)}
            for one in procedure.documents
        ],
        "sign_in": procedure.sign_in,
        "takes_minutes": procedure.takes.minutes if procedure.takes else None,
        "deadline": _text(procedure.deadline, language),
        "fee": _text(procedure.fee, language),
        "decides": _text(procedure.decides, language),
        "standard_period_days": period.days if period else None,
        "standard_period_working": period.working if period else None,
        "answers_schema": published.schema,
    }


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


@router.get("/applications", response_model=list[ApplicationOut], tags=["applications"], responses=described(401, 403, 422))
def list_applications(
    session: Transaction,
    caller: Applicant,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """Your organisation's applications, newest first."""
    return [outline(application) for application in applications.listed(session, caller, limit=limit, before=before)]


@router.get(
    "/applications/{application_id}",
    response_model=ApplicationDetail,
    tags=["applications"],
    responses=described(401, 403, 404, 422),
)
def show_application(application_id: UUID, session: Transaction, caller: Applicant) -> Any:
    """One application of your organisation: where it stands, and what happened."""
    application, steps = applications.shown(session, caller, application_id)
    return {
        **outline(application),
        "answers": applications.contents(session, application),
        "revision": application.revision,
        "contact": application.contact,
        "timeline": [{"state": "filed", "at": application.filed_at, "detail": {}}, *map(_step, steps)],
    }


def outline(application: Application) -> dict[str, Any]:
    """An application as ApplicationOut."""
    return {
        "id": application.id,
        "receipt_number": application.receipt_number,
        "status": application.state,
        "procedure": ProcedureRef(id=application.procedure_id, version=application.procedure_version),
        "filed_at": application.filed_at,
        "arrival_number": application.arrival_number,
        "applicant": application.applicant,
    }


def _step(step: Step) -> dict[str, Any]:
    return {"state": step.state, "at": step.at, "detail": step.detail}
