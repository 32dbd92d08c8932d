"""An organisation's filed applications, over HTTP: the receipt, and taking one back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake import applications, receipts
from services.intake.procedures import Catalogue
from services.intake.routes import ApplicationOut, outline
from services.intake.withdrawal import REASON_LIMIT, withdraw
from shared.events import ProcedureRef
from shared.i18n import negotiate
from shared.web.callers import Applicant, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/applications/{application_id}", tags=["applications"])


class WithdrawalIn(BaseModel):
    """A withdrawal; the official reads the reason, if there is one."""

    model_config = ConfigDict(extra="forbid")

    # PostgreSQL keeps no null character
    reason: str = Field(default="", max_length=REASON_LIMIT, pattern=r"^[^\x00]*$")


@router.post(
    "/withdrawal",
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
    "/receipt",
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
        return Response(receipts.receipt_pdf(application, published, language), media_type="application/pdf", headers=headers)
    return receipts.receipt(application, published, language)
