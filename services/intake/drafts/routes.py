"""Drafts over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.applications.routes import ReceiptOut
from services.intake.drafts import drafts, trials
from services.intake.drafts import filing as draft_filing
from services.intake.filing.filing import FilingContact, clean
from services.intake.models import Draft
from shared.events import ProcedureRef
from shared.i18n import negotiate
from shared.identity.mandates import acting
from shared.problems import Invalid
from shared.web.callers import Applicant, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/drafts", tags=["drafts"])


class DraftIn(BaseModel):
    """A draft to begin."""

    model_config = ConfigDict(extra="forbid")

    procedure: str | None = Field(default=None, max_length=64, description="the procedure's id")
    on_behalf_of: UUID | None = Field(default=None, description="your principal: `principal.id` of GET /v1/mandates")
    copy_of: UUID | None = Field(default=None, description="an earlier application of your organisation or principal, instead")
    trial: UUID | None = Field(default=None, description="a trial of a procedure that is not in force, instead")
    answers: dict[str, Any] | None = Field(default=None, description="without it, what is known of your organisation is entered")


class DraftChange(BaseModel):
    """A change of a draft, such as one page of it."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(description="the version of the draft that this change was made on")
    answers: dict[str, Any] = Field(default_factory=dict, description="by field key; null takes an answer out")
    contact: FilingContact | None = None


class FilingOfDraft(BaseModel):
    """The version of a draft to file."""

    model_config = ConfigDict(extra="forbid")

    version: int


class DraftOutline(BaseModel):
    """A draft in a list."""

    id: UUID
    organisation_id: UUID = Field(description="for which it is: yours, or your principal")
    agent: str | None = Field(description="who began it for that organisation under a mandate")
    procedure: ProcedureRef
    trial: bool = Field(description="whether it is of a trial: what becomes of it reaches nobody")
    version: int
    updated_at: datetime
    updated_by: str
    held_by: str | None = Field(description="who is writing it at this moment, until `held_until`")
    held_until: datetime | None


class DraftError(BaseModel):
    """What is still wrong, or what a rule warns of."""

    pointer: str = Field(description="JSON Pointer into the answers")
    level: str
    says: str = Field(description="in the language asked for")


class DraftOut(DraftOutline):
    """A draft as it stands."""

    answers: dict[str, Any]
    contact: dict[str, Any] | None
    findings: list[DraftError] = Field(
        description="what the form, the rules and your own earlier applications say of it as it would be filed now"
    )
    changes: dict[str, Any] | None = Field(description="what a newer version of the procedure changed since it was last saved")


def _outline(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "organisation_id": draft.organisation_id,
        "agent": draft.agent_name,
        "procedure": ProcedureRef(id=draft.procedure_id, version=draft.procedure_version),
        "trial": draft.procedure_version < 0,
        "version": draft.version,
        "updated_at": draft.updated_at,
        "updated_by": draft.updated_by_name,
        "held_by": draft.held_by_name,
        "held_until": draft.held_until,
    }


def _whole(session: Transaction, request: Request, draft: Draft, caller: Applicant) -> dict[str, Any]:
    published = draft_filing.current(session, request, draft)
    language = negotiate(request.headers.get("accept-language"))
    found = [*draft_filing.errors_of(draft, published), *draft_filing.duplicates_of(session, draft, published, caller)]
    return {
        **_outline(draft),
        "answers": draft.answers,
        "contact": draft.contact,
        "changes": draft.changes,
        "findings": [{"pointer": one.pointer, "level": one.level, "says": one.within(language)} for one in found],
    }


@router.post("", status_code=201, response_model=DraftOut, responses=described(400, 401, 403, 404, 409, 413, 422))
def begin(written: DraftIn, request: Request, response: Response, session: Transaction, caller: Applicant) -> Any:
    """Begin a draft: from nothing, with answers, or as a copy of an earlier application."""
    clean(written.answers)
    if [written.procedure, written.copy_of, written.trial].count(None) != 2:  # noqa: PLR2004 - all but one
        raise Invalid("Say either `procedure`, `copy_of` or `trial`")
    if written.procedure is None and written.on_behalf_of is not None:
        raise Invalid("A copy is for the organisation of what it copies, a trial for your own; leave `on_behalf_of` out")
    if written.copy_of is not None:
        draft = draft_filing.copied(session, request, caller, written.copy_of)
    elif written.trial is not None:
        _, published = trials.opened(session, request.app.state.catalogue, written.trial)
        draft = drafts.create(session, caller, published, answers=written.answers)
    else:
        published = request.app.state.catalogue.current(session, written.procedure)
        filer = acting(session, caller, written.on_behalf_of, published.ref.id, "prepare")
        draft = drafts.create(session, filer, published, answers=written.answers)
    response.headers["location"] = f"/v1/drafts/{draft.id}"
    return _whole(session, request, draft, caller)


@router.get("", response_model=list[DraftOutline], responses=described(401, 403, 422))
def list_drafts(session: Transaction, caller: Applicant, procedure: Annotated[str | None, Query(max_length=64)] = None) -> Any:
    """Your organisation's drafts, last changed first."""
    wanted = procedure and procedure.replace("\0", "")
    return [_outline(draft) for draft in drafts.listed(session, caller, procedure=wanted)]


@router.get("/{draft_id}", response_model=DraftOut, responses=described(401, 403, 404, 422))
def show_draft(draft_id: UUID, request: Request, session: Transaction, caller: Applicant) -> Any:
    """One draft of your organisation, in the newest version of its procedure."""
    draft, _ = draft_filing.opened(session, request, caller, draft_id)
    return _whole(session, request, draft, caller)


@router.patch("/{draft_id}", response_model=DraftOut, responses=described(400, 401, 403, 404, 409, 413, 422))
def change_draft(draft_id: UUID, change: DraftChange, request: Request, session: Transaction, caller: Applicant) -> Any:
    """Write some answers into a draft; the others stay. They need not fit the form yet."""
    clean(change.answers)
    draft, _ = draft_filing.opened(session, request, caller, draft_id)
    contact = change.contact.model_dump() if change.contact else None
    drafts.save(session, draft, caller, change.version, answers=change.answers, contact=contact)
    return _whole(session, request, draft, caller)


@router.delete("/{draft_id}", status_code=204, responses=described(401, 403, 404, 409, 422))
def delete_draft(draft_id: UUID, session: Transaction, caller: Applicant) -> None:
    """Delete a draft."""
    drafts.discard(session, drafts.shown(session, caller, draft_id, lock=True), caller)


@router.post(
    "/{draft_id}/filing",
    status_code=202,
    response_model=ReceiptOut,
    responses=described(400, 401, 403, 404, 409, 413, 422, 503),
)
async def file_draft(draft_id: UUID, which: FilingOfDraft, request: Request, caller: Applicant) -> Any:
    """File a draft. 202 means that it is recorded for good; asked again, the answer is the same receipt.

    A draft of a trial becomes a test filing, with the status `test`; it reaches nobody and is deleted after a month.
    """
    receipt = await draft_filing.file(request, caller, draft_id, which.version)
    return {**receipt.__dict__, "status": "test" if receipt.procedure.version < 0 else "filed"}
