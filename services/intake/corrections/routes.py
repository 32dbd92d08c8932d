"""Corrections over HTTP: what the desk asks to mend, and sending it in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.intake.applications.applications import contents
from services.intake.catalogue.procedures import Catalogue
from services.intake.corrections import corrections
from services.intake.corrections.correcting import Mending, mending, send_in
from services.intake.filing.filing import clean
from services.intake.models import Application, Correction
from shared.events import ProcedureRef
from shared.i18n import negotiate
from shared.procedure.reading import label_at
from shared.web.callers import Applicant, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/applications/{application_id}/correction", tags=["applications"])


class CorrectionIn(BaseModel):
    """What is sent in for a correction."""

    model_config = ConfigDict(extra="forbid")

    correction: UUID = Field(description="the `id` of the correction that this answers")
    answers: dict[str, Any] = Field(description="by field key; fields that are left out stay, null takes an answer out")
    replies: dict[str, str] | None = Field(
        default=None, max_length=100, description="what you say to items, by their pointers, such as why one is right as it is"
    )


class ItemOut(BaseModel):
    """One place to mend."""

    pointer: str = Field(description="JSON Pointer into the answers")
    label: str = Field(description="in the language asked for")
    says: str = Field(description="as the official wrote it")
    reply: str = Field(description="what your organisation says to it")


class CorrectionOut(BaseModel):
    """The newest correction of an application."""

    id: UUID
    state: Literal["asked", "answered", "expired", "closed"]
    asked_at: datetime
    due_on: date = Field(description="the last day, in Japan's time")
    note: str
    items: list[ItemOut]
    open: list[str] = Field(description="JSON Pointers: what may be changed; more opens where a change makes it wrong")
    answers: dict[str, Any] = Field(description="the contents as they are")
    revision: int | None = Field(description="the contents that were sent in")


@router.get("", response_model=CorrectionOut, responses=described(401, 403, 404, 422))
def show_correction(application_id: UUID, request: Request, session: Transaction, caller: Applicant) -> Any:
    """What the desk asks to mend of one application of your organisation."""
    application, correction = corrections.shown(session, caller, application_id)
    return _out(request, session, work_of(request, session, application, correction))


@router.put("", response_model=CorrectionOut, responses=described(400, 401, 403, 404, 409, 413, 422))
def answer_correction(
    application_id: UUID, written: CorrectionIn, request: Request, session: Transaction, caller: Applicant
) -> Any:
    """Send in what was asked for. It is checked as when it was filed, and goes to the desk as a new revision.

    Only what is `open` may differ. Sent again with the same answers, it stays the same revision.
    """
    clean(written.answers)
    application, correction = corrections.shown(session, caller, application_id, lock=True, correction_id=written.correction)
    work = work_of(request, session, application, correction)
    scanning = bool(request.app.state.settings.clamd)
    send_in(work, caller, written.answers, scanning=scanning, replies=written.replies)
    return _out(request, session, work)


def work_of(request: Request, session: Session, application: Application, correction: Correction) -> Mending:
    """A correction with its procedure and contents."""
    catalogue: Catalogue = request.app.state.catalogue
    ref = ProcedureRef(id=application.procedure_id, version=application.procedure_version)
    return mending(session, application, correction, catalogue.version(session, ref))


def _out(request: Request, session: Session, work: Mending) -> dict[str, Any]:
    language = negotiate(request.headers.get("accept-language"))
    correction, procedure = work.correction, work.published.procedure
    return {
        **correction.model_dump(include={"id", "state", "asked_at", "due_on", "note", "revision"}),
        "items": [
            {
                **item,
                "label": label_at(procedure, item["pointer"], language),
                "reply": correction.replies.get(item["pointer"], ""),
            }
            for item in correction.items
        ],
        "open": sorted(work.opened({}).places) if work.waits else [],
        "answers": contents(session, work.application),
    }
