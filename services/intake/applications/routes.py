"""An organisation's filed applications, over HTTP: where they stand, the receipt, and taking one back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.applications import applications, receipts
from services.intake.applications.withdrawal import REASON_LIMIT, withdraw
from services.intake.catalogue.procedures import Catalogue
from services.intake.models import Application, Step
from shared.events import Applicant as FiledBy
from shared.events import ProcedureRef
from shared.i18n import negotiate
from shared.web.callers import Applicant, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/applications", tags=["applications"])


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
    due_on: date | None = Field(
        description="the last day of the standard period (標準処理期間): an aim of the office, no promise"
    )
    timeline: list[StepOut]


@router.get("", response_model=list[ApplicationOut], responses=described(401, 403, 422))
def list_applications(
    session: Transaction,
    caller: Applicant,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """Your organisation's applications, newest first."""
    return [outline(application) for application in applications.listed(session, caller, limit=limit, before=before)]


@router.get(
    "/{application_id}",
    response_model=ApplicationDetail,
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
        "due_on": application.due_on,
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


class WithdrawalIn(BaseModel):
    """A withdrawal; the official reads the reason, if there is one."""

    model_config = ConfigDict(extra="forbid")

    # PostgreSQL keeps no null character
    reason: str = Field(default="", max_length=REASON_LIMIT, pattern=r"^[^\x00]*$")


@router.post(
    "/{application_id}/withdrawal",
    status_code=202,
    response_model=ApplicationOut,
    responses=described(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
def withdraw_application(
    application_id: UUID, session: Transaction, caller: Applicant, written: WithdrawalIn | None = None
) -> Any:
    """Withdraw an application that is not decided yet.

    `withdrawn` is for good. `withdrawing` is on its way to the desk: it becomes `withdrawn` in a moment, or stands as decided if
    the decision came first. Sent again, it gets the present state.
    """
    withdraw(session, caller, application_id, written.reason if written else "")
    session.expire_all()
    return outline(applications.shown(session, caller, application_id)[0])


class ReceiptAgent(BaseModel):
    """Who filed for the applicant under a mandate."""

    name: str
    corporate_number: str | None


class ReceiptApplicant(ReceiptAgent):
    """Who applies."""

    verified: bool = Field(description="somebody had checked who it is")


class ReceiptProcedure(BaseModel):
    """The procedure, in the version it was filed under."""

    id: str
    version: int
    title: str
    law: str
    owner: str


class ReceiptEntry(BaseModel):
    """A field of the form with its answer written out, or the rows of a group."""

    label: str
    text: str
    headers: list[str]
    rows: list[list[str]]


class ReceiptSection(BaseModel):
    """A page of the form."""

    title: str
    entries: list[ReceiptEntry]


class WholeReceipt(BaseModel):
    """What was filed, when and by whom; the same for good."""

    id: UUID
    receipt_number: str
    filed_at: datetime
    filed_at_text: str = Field(description="in Japanese with the era and the western year")
    applicant: ReceiptApplicant
    agent: ReceiptAgent | None
    procedure: ReceiptProcedure
    filed: list[ReceiptSection]
    sha256: str = Field(description="SHA-256 of the filing as it was sent, in hexadecimal")


@router.get(
    "/{application_id}/receipt",
    response_model=WholeReceipt,
    responses={
        200: {"description": "the receipt", "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **described(401, 403, 404, 422, 503),
    },
)
def show_receipt(
    application_id: UUID,
    request: Request,
    session: Transaction,
    caller: Applicant,
    wanted: Annotated[Literal["json", "pdf"] | None, Query(alias="format", description="else what Accept prefers")] = None,
) -> Any:
    """The receipt of one application of your organisation, as JSON or PDF, in the language asked for."""
    application, _ = applications.shown(session, caller, application_id)
    catalogue: Catalogue = request.app.state.catalogue
    ref = ProcedureRef(id=application.procedure_id, version=application.procedure_version)
    published = catalogue.version(session, ref)
    language = negotiate(request.headers.get("accept-language"))
    accepted = request.headers.get("accept", "")
    if wanted == "pdf" or (wanted is None and "application/pdf" in accepted and "json" not in accepted):
        headers = {
            "content-disposition": f'attachment; filename="{application.receipt_number}.pdf"',
            "cache-control": "no-store",
        }
        content = receipts.receipt_pdf(session, application, published, language)
        return Response(content, media_type="application/pdf", headers=headers)
    return receipts.receipt(application, published, language)
