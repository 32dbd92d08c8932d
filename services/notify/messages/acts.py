"""Who did what with messages and channels, and why: noted in the transaction of the act itself, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import Session, col, select

from services.notify.models import Act, Suppression
from shared.identity.callers import Caller
from shared.problems import Invalid
from shared.validation import text_errors

REASON_LIMIT = 500

_NOTE = text("""
insert into notify.act (account_id, name, act, message_id, reason, details)
values (:account_id, :name, :act, :message_id, :reason, cast(:details as jsonb))
""")
# One who reloads a page, or comes back from another, has looked once.
_NOTE_LOOK = text("""
insert into notify.act (account_id, name, act, message_id)
select :account_id, :name, 'message.shown', :message_id
where not exists (
  select from notify.act where message_id = :message_id and act = 'message.shown' and name = :name
     and account_id is not distinct from :account_id and at > now() - interval '5 minutes')
""")


@dataclass(frozen=True)
class Who:
    """Who acts: an operator, or whoever types commands on the machine."""

    name: str
    account_id: UUID | None = None

    @classmethod
    def of(cls, caller: Caller) -> Who:
        """An operator who is signed in, or has a key."""
        return cls(caller.name, caller.account_id)


def note(session: Session, who: Who, act: str, *, reason: str = "", message_id: UUID | None = None, **details: Any) -> None:
    """Note an act, such as `channel.paused`."""
    values = {"act": act, "message_id": message_id, "reason": reason, "details": orjson.dumps(details).decode()}
    session.execute(_NOTE, {"account_id": who.account_id, "name": who.name, **values})


def note_suppression_released(session: Session, who: Who, was: Suppression, reason: str) -> None:
    """Note that somebody is written to again, and why he was not. Raises Invalid without a reason."""
    details = {"recipient": was.recipient_hash.hex(), "channel": was.channel, "was": was.reason}
    note(session, who, "suppression.released", reason=reason_of(reason), message_id=was.message_id, **details)


def note_look(session: Session, who: Who, message_id: UUID) -> None:
    """Note that somebody sees a message with its recipient and its text."""
    session.execute(_NOTE_LOOK, {"account_id": who.account_id, "name": who.name, "message_id": message_id})


def of_message(session: Session, message_id: UUID, limit: int = 100) -> Sequence[Act]:
    """What was done with a message, and who saw it, newest first."""
    query = select(Act).where(Act.message_id == message_id).order_by(col(Act.id).desc()).limit(limit)
    return session.exec(query).all()


def newest(session: Session, limit: int = 50) -> Sequence[Act]:
    """What was done last with any message or channel; who only looked is left out."""
    query = select(Act).where(Act.act != "message.shown").order_by(col(Act.id).desc()).limit(limit)
    return session.exec(query).all()


def reason_of(written: str) -> str:
    """Why somebody does what he does. Raises Invalid where it says nothing, or too much."""
    if errors := text_errors("/reason", written, REASON_LIMIT, needed=True):
        raise Invalid("Say why", errors=errors)
    return written.strip()
