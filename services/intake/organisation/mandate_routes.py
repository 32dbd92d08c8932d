"""Mandates over HTTP: granting, accepting and ending them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.intake.catalogue.procedures import Catalogue, unknown
from shared.i18n import negotiate
from shared.identity import mandates
from shared.identity.callers import must_own
from shared.identity.mandates import MOST_PROCEDURES, Mandate, MandateRight, Offer
from shared.web.callers import Applicant, Transaction, proof_of
from shared.web.problems import described

router = APIRouter(prefix="/v1/mandates", tags=["mandates"])
_REFUSALS = described(400, 401, 403, 404, 409, 413, 422, 429, 503)
_RIGHTS = "`prepare` writes drafts, `file` files too and withdraws, `receive` sees the principal's applications"


class PartyOut(BaseModel):
    """One side of a mandate."""

    id: UUID | None
    name: str | None = Field(description="null for an agent that has not accepted yet")
    corporate_number: str | None
    email: str | None = None


class MandateOut(BaseModel):
    """A mandate that your organisation gave, holds or is offered."""

    id: UUID
    side: Literal["given", "held"]
    principal: PartyOut
    agent: PartyOut
    procedures: list[str] | None = Field(description="null: all")
    rights: list[MandateRight] = Field(description=_RIGHTS)
    starts_on: date
    ends_on: date = Field(description="the last day")
    created_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None


class MandateIn(BaseModel):
    """A mandate to grant."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field(max_length=254, pattern=r"^[\x21-\x7e]+$", description="its corporate number, or an e-mail address there")
    procedures: list[str] | None = Field(default=None, min_length=1, max_length=MOST_PROCEDURES, description="without it, all")
    rights: list[MandateRight] = Field(min_length=1, max_length=3, description=_RIGHTS)
    starts_on: date
    ends_on: date


@router.get("", response_model=list[MandateOut], responses=described(401, 403))
def list_mandates(request: Request, session: Transaction, _: Applicant) -> Any:
    """The mandates that your organisation gave, holds or, if you own it, is offered; the newest first."""
    return [_out(one) for one in mandates.mandates(session, proof_of(request))]


@router.post("", status_code=201, response_model=MandateOut, responses=_REFUSALS)
def grant(written: MandateIn, request: Request, session: Transaction, caller: Applicant) -> Any:
    """Offer a mandate to another organisation. It counts once an owner there accepts it."""
    must_own(caller)
    known = _catalogue(request).newest(session)
    for id_ in written.procedures or ():
        if id_ not in known:
            raise unknown(id_)
    proof = proof_of(request)
    language = negotiate(request.headers.get("accept-language"))
    made = mandates.grant(session, caller, proof, Offer(**dict(written)), language)
    return next(_out(one) for one in mandates.mandates(session, proof) if one.id == made)


@router.post("/{mandate_id}/acceptance", status_code=204, responses=_REFUSALS)
def accept(mandate_id: UUID, request: Request, session: Transaction, _: Applicant) -> None:
    """Accept a mandate that your organisation is offered."""
    mandates.accept(session, proof_of(request), mandate_id)


@router.delete("/{mandate_id}", status_code=204, responses=_REFUSALS)
def end(mandate_id: UUID, request: Request, session: Transaction, _: Applicant) -> None:
    """End a mandate, at once, from either side; or decline an offer."""
    mandates.end(session, proof_of(request), mandate_id)


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


def _out(one: Mandate) -> dict[str, Any]:
    return {
        **one.__dict__,
        "principal": {"id": one.principal_id, "name": one.principal_name, "corporate_number": one.principal_number},
        "agent": {
            "id": one.agent_id,
            "name": one.agent_name,
            "corporate_number": one.agent_number,
            "email": one.agent_email if one.side == "given" else None,
        },
    }
