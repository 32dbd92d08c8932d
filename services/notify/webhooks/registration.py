"""Webhooks of organisations: an owner registers, changes, disables and ends them; operators see all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr
from sqlmodel import Session, col, func, select

from services.notify.channels.http import Reach, Refused, checked
from services.notify.channels.webhooks import standing
from services.notify.channels.webhooks.signing import OVERLAP, secret_of
from services.notify.models import Webhook
from services.notify.webhooks.calling import TYPES
from shared.i18n import message
from shared.identity.callers import Caller, must_own
from shared.problems import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.validation import text_errors

MOST = 20
DESCRIPTION_LIMIT = 200
SWITCHED_OFF = message("It was switched off")
ENDED = message("The webhook was removed")


@dataclass(frozen=True)
class Wanted:
    """What a webhook is to be. Without `types` it hears of everything."""

    url: str
    types: Sequence[str] = ()
    description: str = ""


def register(session: Session, caller: Caller, wanted: Wanted, reach: Reach) -> Webhook:
    """A new webhook of the caller's organisation. Raises Forbidden, Invalid, Conflict when it has too many."""
    owner = _own(caller)
    _must_be_fine(wanted, reach)
    # whoever registers at the same time waits, so that both are counted
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(owner), 0))))
    if len(listed(session, caller)) >= MOST:
        raise Conflict("An organisation has at most {most} webhooks; remove one first", most=MOST)
    webhook = Webhook(
        owner=owner,
        owner_name=caller.organisation_name,
        kind="organisation",
        url=wanted.url,
        types=list(wanted.types),
        description=wanted.description,
    )
    session.add(webhook)
    session.flush()
    session.refresh(webhook)
    return webhook


def listed(session: Session, caller: Caller, *, limit: int = 200, before: UUID | None = None) -> Sequence[Webhook]:
    """The webhooks of the caller's organisation, or for an operator all, newest first. Raises Forbidden."""
    query = select(Webhook).where(col(Webhook.kind) == "organisation").order_by(col(Webhook.id).desc()).limit(limit)
    if caller.role != "operator":
        query = query.where(Webhook.owner == _own(caller))
    if before is not None:
        query = query.where(Webhook.id < before)
    return session.exec(query).all()


def shown(session: Session, caller: Caller, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """One webhook of the caller's organisation, or for an operator any. Raises Forbidden, NotFound."""
    query = select(Webhook).where(Webhook.id == webhook_id, Webhook.kind == "organisation")
    if caller.role != "operator":
        query = query.where(Webhook.owner == _own(caller))
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("There is no such webhook")
    return found


def change(session: Session, caller: Caller, webhook_id: UUID, wanted: Wanted, reach: Reach) -> Webhook:
    """Another address, other events. Raises Forbidden, NotFound, Invalid."""
    _own(caller)
    webhook = shown(session, caller, webhook_id, lock=True)
    _must_be_fine(wanted, reach)
    webhook.url, webhook.types, webhook.description = wanted.url, list(wanted.types), wanted.description
    session.add(webhook)
    return webhook


def switch(session: Session, caller: Caller, webhook_id: UUID, *, on: bool) -> Webhook:
    """Call it again, or do not: what waits is cancelled then. Raises Forbidden, NotFound."""
    webhook = shown(session, caller, webhook_id, lock=True)
    if on:
        webhook.state, webhook.reason = "active", ""
        session.add(webhook)
    elif webhook.state == "active":
        standing.disable(session, webhook_id, SWITCHED_OFF)
    session.flush()
    return webhook


def end(session: Session, caller: Caller, webhook_id: UUID) -> None:
    """Remove a webhook; what waits for it is cancelled. Raises Forbidden, NotFound."""
    webhook = shown(session, caller, webhook_id, lock=True)
    standing.cancel(session, webhook_id, ENDED)
    session.delete(webhook)


def secret(session: Session, caller: Caller, webhook_id: UUID, secret_key: SecretStr) -> str:
    """The secret that signs now; for owners only. Raises Forbidden, NotFound."""
    _own(caller)
    webhook = shown(session, caller, webhook_id)
    return secret_of(secret_key, webhook.id, webhook.generation)


def rotate(session: Session, caller: Caller, webhook_id: UUID) -> Webhook:
    """A new secret. The former one signs too for a day. Raises Forbidden, NotFound, Conflict while that day lasts."""
    _own(caller)
    webhook = shown(session, caller, webhook_id, lock=True)
    now = datetime.now(UTC)
    if webhook.rotated_at is not None and now < webhook.rotated_at + OVERLAP:
        raise Conflict("The secret was changed less than a day ago; the one before it still signs too")
    webhook.generation, webhook.rotated_at = webhook.generation + 1, now
    session.add(webhook)
    return webhook


def _own(caller: Caller) -> UUID:
    must_own(caller)
    if caller.organisation_id is None:
        raise Forbidden("Only an owner of your organisation can do this")
    return caller.organisation_id


def _must_be_fine(wanted: Wanted, reach: Reach) -> None:
    """Raises Invalid."""
    errors: list[FieldError] = []
    try:
        parts = checked(wanted.url, reach)
    except Refused as refused:
        errors.append(FieldError("/url", refused.reason, refused.values))
    else:
        if urlsplit(wanted.url).geturl() != wanted.url or not parts.netloc:
            errors.append(FieldError("/url", "This is no URL"))
    if not set(wanted.types) <= set(TYPES):
        errors.append(FieldError("/types", "Choose among these: {known}", {"known": ", ".join(TYPES)}))
    errors += text_errors("/description", wanted.description, DESCRIPTION_LIMIT)
    if errors:
        raise Invalid("Some entries need mending", errors=errors)
