"""Who did what with messages and channels, and whose data he saw: noted in the act's transaction, in the trace of all acts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import Session

from services.notify.models import Suppression
from shared.operation.acts import Operator, reason_of

# The post's role adds acts of the post and no others (the schema `operation`, acts_at_the_post).
_NOTE = text("""
select operation.note_at_the_post(:account_id, :name, :act, subject, :reason, cast(detail as jsonb))
from unnest(cast(:subjects as text[]), cast(:details as text[])) as noted (subject, detail)
""")
# One who reloads a page, or comes back from another, has looked once.
_NOTE_LOOK = text("""
select operation.note_at_the_post(:account_id, :name, 'message.shown', :subject, '', '{}')
where not exists (
  select from operation.act_at_the_post where subject = :subject and act = 'message.shown' and name = :name
     and account_id is not distinct from :account_id and at > now() - interval '5 minutes')
""")
# With what was noted in a table of the post's own, before it was noted in the trace.
_NOTED = """
(select at, account_id, name, act, subject, reason, details
 from operation.act_at_the_post where {} order by id desc limit :most)
union all
(select at, account_id, name, act, coalesce(message_id::text, ''), reason, details
 from notify.act where {} order by id desc limit :most)
order by at desc limit :most
"""
_OF_MESSAGE = text(_NOTED.format("subject = :message_id", "message_id = cast(:message_id as uuid)"))
_NEWEST = text(_NOTED.format(*["act <> 'message.shown'"] * 2))


class Act(NamedTuple):
    """One act of an operator, or one look at a message with its recipient."""

    at: datetime
    account_id: UUID | None
    name: str
    act: str
    subject: str
    reason: str
    details: dict[str, Any]

    @property
    def message_id(self) -> UUID | None:
        """The message that it was done to, if it was one."""
        with suppress(ValueError):
            return UUID(self.subject)
        return None


def note(session: Session, who: Operator, act: str, subject: object, *, reason: str = "", **details: Any) -> None:
    """Note an act, such as `channel.paused`, and what it was done to. `details` hold no personal data and no secret."""
    note_all(session, who, act, [(subject, details)], reason=reason)


def note_all(
    session: Session, who: Operator, act: str, done: Sequence[tuple[object, dict[str, Any]]], *, reason: str = ""
) -> None:
    """Note the same act with many, each with its details."""
    values = {
        **who._asdict(),
        "act": act,
        "reason": reason,
        "subjects": [str(subject) for subject, _ in done],
        "details": [orjson.dumps(details).decode() for _, details in done],
    }
    session.execute(_NOTE, values)


def note_suppression_released(session: Session, who: Operator, was: Suppression, reason: str) -> None:
    """Note that somebody is written to again, and why he was not. Raises Invalid without a reason."""
    recipient = was.recipient_hash.hex()
    details = {"recipient": recipient, "channel": was.channel, "was": was.reason}
    note(session, who, "suppression.released", was.message_id or recipient, reason=reason_of(reason), **details)


def note_look(session: Session, who: Operator, message_id: UUID) -> None:
    """Note that somebody sees a message with its recipient and its text."""
    session.execute(_NOTE_LOOK, {**who._asdict(), "subject": str(message_id)})


def of_message(session: Session, message_id: UUID, limit: int = 100) -> Sequence[Act]:
    """What was done with a message, and who saw it, newest first."""
    return [Act(*row) for row in session.execute(_OF_MESSAGE, {"message_id": str(message_id), "most": limit})]


def newest(session: Session, limit: int = 50) -> Sequence[Act]:
    """What was done last with any message or channel; who only looked is left out."""
    return [Act(*row) for row in session.execute(_NEWEST, {"most": limit})]
