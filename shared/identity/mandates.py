"""Mandates (委任): acting for another organisation. A principal's owner grants one, an agent's owner accepts it, either ends it.

Days are Japan's; a mandate is in force from the beginning of its first to the end of its last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, cast, get_args
from uuid import UUID

from sqlalchemy import text

from shared.bus.publish import publish
from shared.database import new_id
from shared.events import Contact, MandateOffered
from shared.i18n import JST
from shared.identity.callers import Agent, Caller
from shared.identity.owning import answered
from shared.identity.personal import EMAIL, NAME, written
from shared.japanese import is_corporate_number
from shared.problems import FieldError, Forbidden, Invalid

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.i18n import Language

# `prepare` writes drafts, `file` files too and withdraws, `receive` sees the principal's applications and what becomes of them.
MandateRight = Literal["prepare", "file", "receive"]
MANDATE_RIGHTS: tuple[MandateRight, ...] = get_args(MandateRight)
MOST_PROCEDURES = 100
LONGEST_YEARS = 10
_CONTACTS = text("select * from identity.mandate_contacts(:proof, :id)").columns(email=EMAIL)
_MANDATES = text("select * from identity.mandates(:proof)").columns(agent_email=EMAIL)


@dataclass(frozen=True)
class Mandate:
    """A mandate as one of its two sides sees it. Without `procedures`: all. Without `accepted_at`: offered."""

    id: UUID
    side: Literal["given", "held"]
    principal_id: UUID
    principal_name: str
    principal_number: str | None
    agent_id: UUID | None
    agent_name: str | None
    agent_number: str | None
    agent_email: str | None
    procedures: Sequence[str] | None
    rights: Sequence[MandateRight]
    starts_on: date
    ends_on: date
    created_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Held:
    """A mandate that an organisation accepted, with its principal; whether it is `in_force` today."""

    principal_id: UUID
    name: str
    kind: str
    corporate_number: str | None
    verified: bool
    procedures: Sequence[str] | None
    rights: Sequence[MandateRight]
    starts_on: date
    ends_on: date
    in_force: bool

    def covers(self, procedure: str) -> bool:
        """Whether it is for this procedure."""
        return self.procedures is None or procedure in self.procedures

    def lets(self, right: MandateRight) -> bool:
        """Whether it gives this right; who may file may prepare."""
        return right in self.rights or (right == "prepare" and "file" in self.rights)


@dataclass(frozen=True)
class Offer:
    """A mandate to grant. `agent` is a corporate number or an e-mail address."""

    agent: str
    procedures: Sequence[str] | None
    rights: Sequence[MandateRight]
    starts_on: date
    ends_on: date


def grant(session: Session, caller: Caller, proof: bytes, offer: Offer, language: Language) -> UUID:
    """Offer a mandate, and write to whom it is offered; its id. Raises Invalid, Forbidden, Conflict, TooMany.

    The answer is the same whether the agent is registered here or not.
    """
    agent = offer.agent.strip().lower()
    wrong = list(_wrong(agent, offer))
    if wrong:
        raise Invalid("Some entries need mending", errors=wrong)
    id_ = new_id()
    answered(
        session,
        "grant_mandate(:proof, :id, :number, :hash, :address, :sealed, "
        "cast(:procedures as text[]), cast(:rights as text[]), :starts, :ends)",
        proof=proof,
        id=id_,
        number=None if "@" in agent else agent,
        **written(agent if "@" in agent else None),
        procedures=list(offer.procedures) if offer.procedures is not None else None,
        rights=[right for right in MANDATE_RIGHTS if right in offer.rights],
        starts=offer.starts_on,
        ends=offer.ends_on,
    )
    contacts = session.execute(_CONTACTS, {"proof": proof, "id": id_}).all()
    publish(
        session,
        *(
            MandateOffered(
                subject=str(id_),
                sequence=number,
                contact=_contact(row, language),
                principal=caller.organisation_name,
                starts_on=offer.starts_on,
                ends_on=offer.ends_on,
                path="/organisation/mandates",
            )
            for number, row in enumerate(contacts, start=1)
        ),
    )
    return id_


def _contact(row: Any, language: Language) -> Contact:
    """Whom to write to: an account, or an address that has none, and so neither a name nor a language."""
    name = NAME.opened(row.name) if row.language else row.email
    return Contact(name=name, email=row.email, language=cast("Language", row.language or language))


def _wrong(agent: str, offer: Offer) -> Sequence[FieldError]:
    found = []
    if "@" not in agent and not is_corporate_number(agent):
        found.append(FieldError("/agent", "Enter a corporate number of 13 digits, or an e-mail address"))
    if not offer.rights:
        found.append(FieldError("/rights", "Choose at least one"))
    if offer.procedures is not None and not 0 < len(offer.procedures) <= MOST_PROCEDURES:
        found.append(FieldError("/procedures", "Choose at least one"))
    if offer.ends_on < offer.starts_on:
        found.append(FieldError("/ends_on", "The last day is before the first"))
    elif offer.ends_on.year - offer.starts_on.year > LONGEST_YEARS:
        found.append(FieldError("/ends_on", "A mandate lasts {limit} years at most", {"limit": LONGEST_YEARS}))
    return found


def mandates(session: Session, proof: bytes) -> list[Mandate]:
    """The mandates that the caller's organisation gave, holds or, for its owners, is offered; the newest first."""
    return [Mandate(**row) for row in session.execute(_MANDATES, {"proof": proof}).mappings()]


def accept(session: Session, proof: bytes, mandate: UUID) -> None:
    """Accept a mandate that is offered to the caller's organisation. Raises Forbidden, NotFound."""
    answered(session, "accept_mandate(:proof, :id)", proof=proof, id=mandate)


def end(session: Session, proof: bytes, mandate: UUID) -> None:
    """End a mandate from either side, or decline an offer. Raises Forbidden, NotFound."""
    answered(session, "end_mandate(:proof, :id)", proof=proof, id=mandate)


def held(session: Session, caller: Caller) -> list[Held]:
    """What the caller's organisation accepted at any time, the newest first."""
    rows = session.execute(text("select * from identity.mandates_held(:me)"), {"me": caller.organisation_id}).mappings()
    return [Held(**row) for row in rows]


def acting(session: Session, caller: Caller, principal: UUID | None, procedure: str, right: MandateRight) -> Caller:
    """The caller as he acts: for his own organisation, or for a principal. Raises Forbidden, saying what is missing."""
    if principal is None or principal == caller.organisation_id:
        return caller
    mine = [one for one in held(session, caller) if one.principal_id == principal]
    fits = next((one for one in mine if one.in_force and one.covers(procedure) and one.lets(right)), None)
    if fits is None:
        raise _missing(mine, procedure)
    return replace(
        caller,
        organisation_id=fits.principal_id,
        organisation_name=fits.name,
        organisation_kind=fits.kind,
        corporate_number=fits.corporate_number,
        organisation_verified=fits.verified,
        standing="",
        profile={},
        agent=Agent(
            cast("UUID", caller.organisation_id),
            caller.organisation_name,
            caller.corporate_number,
            caller.organisation_verified,
            caller.standing,
        ),
    )


def _missing(mine: Sequence[Held], procedure: str) -> Forbidden:
    """Why no mandate of `mine` fits; said of the one that comes nearest."""
    if not mine:
        return Forbidden("You hold no mandate of this organisation; its owner grants one, and yours accepts it")
    covering = [one for one in mine if one.covers(procedure)]
    if not covering:
        return Forbidden("Your mandate is for other procedures, not for {id}", id=procedure)
    current = [one for one in covering if one.in_force]
    if current:
        return Forbidden("Your mandate does not let you do this; it lets you: {rights}", rights=", ".join(current[0].rights))
    one = covering[0]
    today = datetime.now(JST).date()
    if one.starts_on > today:
        return Forbidden("Your mandate begins on {day}", day=one.starts_on.isoformat())
    return Forbidden("Your mandate has ended; ask {name} for a new one", name=one.name)
