"""Drafts: saved as one goes, seen by the whole organisation, written by one person at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
from sqlalchemy import delete, text
from sqlmodel import Session, col, func, select

from services.intake.catalogue.procedures import Published
from services.intake.drafts.carrying import carry_over, prefilled
from services.intake.files import enclosures
from services.intake.models import Application, Draft
from services.intake.rights.entitled import must_be_entitled
from services.intake.rights.reach import within
from shared.database import new_id
from shared.identity.callers import Caller, must_write
from shared.problems import Conflict, NotFound, TooLarge

MOST_DRAFTS = 100  # of one organisation
SIZE_LIMIT = 512 * 1024  # of the answers as JSON, in bytes
HOLD = timedelta(minutes=15)


def create(
    session: Session,
    caller: Caller,
    published: Published,
    *,
    answers: Mapping[str, Any] | None = None,
    source: Application | None = None,
    mends: Sequence[dict[str, Any]] = (),
) -> Draft:
    """Begin a draft: with `answers`, with those of an earlier application, or with what is known of the organisation.

    A copied draft begins in the version of its `source`, and is renewed as all are; `mends` say what is wrong with it.

    Raises Forbidden, Conflict, TooLarge.
    """
    if published.trial:  # whoever tries a procedure need not be of the kind it is for
        must_write(caller)
    else:
        must_be_entitled(caller, published.procedure)
    # Two that begin at the same time must not both be the last one.
    lock = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
    session.execute(lock, {"name": f"intake.draft {caller.organisation_id}"})
    mine = select(func.count()).select_from(Draft).where(Draft.organisation_id == caller.organisation_id)
    if session.exec(mine).one() >= MOST_DRAFTS:
        raise Conflict("Your organisation has {limit} drafts already; file or delete one first", limit=MOST_DRAFTS)
    now = datetime.now(UTC)
    draft = Draft(
        id=new_id(),
        organisation_id=cast("UUID", caller.organisation_id),
        agent_id=caller.agent.organisation_id if caller.agent else None,
        agent_name=caller.agent.name if caller.agent else None,
        procedure_id=published.ref.id,
        procedure_version=published.ref.version,
        answers=_small(dict(answers) if answers is not None else prefilled(published.procedure, caller)),
        created_at=now,
        updated_at=now,
        updated_by=caller.account_id,
        updated_by_name=caller.name,
    )
    if source is not None:
        draft.answers, draft.mends = dict(source.answers), list(mends)
        # how he wants to get notices is asked of each application anew
        draft.contact = {name: source.contact[name] for name in ("name", "email", "language") if name in source.contact}
        draft.procedure_version = source.procedure_version
    session.add(draft)
    session.flush()
    enclosures.hold(session, draft.organisation_id, draft.answers)
    return draft


def listed(session: Session, caller: Caller, *, procedure: str | None = None) -> Sequence[Draft]:
    """The drafts that the caller reaches, last changed first."""
    query = select(Draft).where(within(session, caller, Draft))
    if procedure is not None:
        query = query.where(Draft.procedure_id == procedure)
    return session.exec(query.order_by(col(Draft.updated_at).desc()).limit(MOST_DRAFTS)).all()


def shown(session: Session, caller: Caller, draft_id: UUID, *, lock: bool = False) -> Draft:
    """A draft that the caller reaches. Raises NotFound."""
    query = select(Draft).where(Draft.id == draft_id, within(session, caller, Draft))
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("No draft of your organisation has the id {id}", id=draft_id)
    return found


def filed_from(session: Session, caller: Caller, draft_id: UUID) -> Application | None:
    """The application that was filed from a draft."""
    return session.exec(
        select(Application).where(within(session, caller, Application), Application.idempotency_key == str(draft_id))
    ).first()


def renew(draft: Draft, old: Published, new: Published) -> None:
    """Carry a draft over to a newer version of its procedure, and note what changed for whoever opens it."""
    if draft.procedure_version == new.ref.version:
        return
    draft.answers, changes = carry_over(old.procedure, new.procedure, draft.answers)
    draft.changes = changes or draft.changes
    draft.procedure_version = new.ref.version
    draft.version += 1


def held_by_another(draft: Draft, caller: Caller) -> bool:
    """Whether somebody else is writing this draft at this moment."""
    return (
        draft.held_by not in (None, caller.account_id) and draft.held_until is not None and draft.held_until > datetime.now(UTC)
    )


def hold(draft: Draft, caller: Caller, *, take_over: bool = False) -> bool:
    """Keep others from writing this draft for a while; whether it is the caller's now. Who may only read holds nothing."""
    if take_over:
        must_write(caller)
    if not caller.may_file or (held_by_another(draft, caller) and not take_over):
        return False
    draft.held_by, draft.held_by_name, draft.held_until = caller.account_id, caller.name, datetime.now(UTC) + HOLD
    return True


def save(
    session: Session,
    draft: Draft,
    caller: Caller,
    version: int,
    *,
    answers: Mapping[str, Any] | None = None,
    contact: dict[str, Any] | None = None,
    page: int | None = None,
) -> None:
    """Write answers into a locked draft, by key; None takes one out.

    Raises Forbidden, Conflict, TooLarge: then nothing is changed.
    """
    must_write(caller)
    if held_by_another(draft, caller):
        raise Conflict("{name} is writing this draft; try again later, or take it over", name=draft.held_by_name)
    if draft.version != version:
        raise Conflict("{name} has changed this draft in the meantime; look at it again", name=draft.updated_by_name)
    if answers is not None:
        merged = {key: answer for key, answer in {**draft.answers, **answers}.items() if answer is not None}
        _small(merged)
        changed = {key for key in answers if merged.get(key) != draft.answers.get(key)}
        draft.mends = [mend for mend in draft.mends if mend["pointer"].split("/")[1:2] not in [[key] for key in changed]]
        draft.answers = merged
        enclosures.hold(session, draft.organisation_id, merged)
    if contact is not None:
        draft.contact = contact
    if page is not None:
        draft.seen = sorted({*draft.seen, page})
        draft.changes = None
    draft.version += 1
    draft.updated_at, draft.updated_by, draft.updated_by_name = datetime.now(UTC), caller.account_id, caller.name
    hold(draft, caller)


def discard(session: Session, draft: Draft, caller: Caller) -> None:
    """Delete a draft. Raises Forbidden, and Conflict while somebody else writes it."""
    must_write(caller)
    if held_by_another(draft, caller):
        raise Conflict("{name} is writing this draft; try again later, or take it over", name=draft.held_by_name)
    enclosures.hold(session, draft.organisation_id, draft.answers, enclosures.KEEP_WITHOUT)
    session.delete(draft)


def forget(session: Session, draft_id: UUID) -> None:
    """A draft that was filed is an application now."""
    session.execute(delete(Draft).where(col(Draft.id) == draft_id))


def _small(answers: dict[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(answers)) > SIZE_LIMIT:
        raise TooLarge("The answers of a draft may have {limit} bytes", limit=SIZE_LIMIT)
    return answers
