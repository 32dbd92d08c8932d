"""The kinds of things that the post purges, and what belongs to no service: sign-ins, and reports of scheduled work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from services.notify.channels.letters.carrier import letter_key
from services.notify.models import Message
from shared.retention.bus import events_of
from shared.retention.leaving import leave
from shared.retention.periods import Rules, rules
from shared.retention.purging import Kind, Purged, Service
from shared.retention.table import days

_RULES = text("select id, retention from notify.procedure")
_NOW = "cast(:now as timestamptz)"
_ENDED = "m.state not in ('created', 'deferred', 'sending')"
_LAST = "coalesce(m.completed_at, m.sent_at, m.created_at)"
# Of older messages it is not known whose application they are about: they stay as long as any such hold lasts.
_HELD = """exists (
  select from operation.hold h where h.released_at is null and (
    (h.kind = 'procedure' and h.subject = m.procedure_id)
    or (h.kind = 'application' and (m.application_id is null or h.subject = m.application_id))
    or (h.kind = 'organisation' and (m.organisation_id is null or h.subject = cast(m.organisation_id as text)))))
"""
_ABOUT = f"""
select m.id, m.procedure_id as procedure, 'deleted' as becomes, {_HELD} as held
from notify.message m join rule r on r.procedure = m.procedure_id
where m.client_id is null and m.channel <> 'inbox' and {_ENDED} and {_LAST} < r.mails and m.created_at < r.mails
"""  # noqa: S608 - our own names


def _after(count: int, which: str, held: str = "false") -> str:
    before = f"{_NOW} - interval '{count} days'"
    return f"""
    select m.id, coalesce(m.procedure_id, '') as procedure, 'deleted' as becomes, {held} as held from notify.message m
    where {which} and {_ENDED} and {_LAST} < {before} and m.created_at < {before}
    """  # noqa: S608 - our own names


def _rules(session: Session, now: datetime) -> Rules:
    return rules(((row.id, row.retention) for row in session.execute(_RULES)), now)


def _messages(session: Session, found: Sequence[Purged]) -> None:
    """With every try, receipt and PDF; a letter lies in the storage."""
    ids = [one.id for one in found]
    letters = session.exec(select(Message.id).where(col(Message.id).in_(ids), col(Message.channel) == "letter"))
    leave(session, "notify", map(letter_key, letters))
    session.execute(delete(Message).where(col(Message.id).in_(ids)))


def service(inbox_days: int = days("notify.inbox")) -> Service:
    """What the post purges; officials say for how many days their inbox is kept (MADOGUCHI_NOTIFY_INBOX_DAYS)."""
    other = "m.client_id is null and m.channel <> 'inbox' and m.procedure_id is null"
    kinds = (
        Kind("notify.message", _ABOUT, _messages, "notify.message", piece=1000),
        Kind("notify.message.other", _after(days("notify.message.other"), other), _messages, "notify.message", piece=1000),
        Kind(
            "notify.message.client",
            _after(days("notify.message.client"), "m.client_id is not null"),
            _messages,
            "notify.message",
            piece=1000,
        ),
        Kind("notify.inbox", _after(inbox_days, "m.channel = 'inbox'", _HELD), _messages, "notify.message", piece=1000),
        events_of("notify"),
    )
    return Service("notify", kinds, _rules)


# The schema `identity` lets nobody but itself delete: its function says what is over, and another one deletes it.
_IDENTITY = """
select o.id, '' as procedure, 'deleted' as becomes, false as held from identity.over('{0}', {1} - interval '{2} days') o
"""
_FORGET = text("select identity.forget(:kind, :ids)")
_RUNS = f"""
select r.id, '' as procedure, 'deleted' as becomes, false as held from operation.run r
where r.ended_at < {_NOW} - interval '{days("operation.run")} days'
"""  # noqa: S608 - our own names
_FORGET_RUNS = text("select operation.forget_runs(:ids)")


def _forget(kind: str) -> Callable[[Session, Sequence[Purged]], None]:
    def forget(session: Session, found: Sequence[Purged]) -> None:
        session.execute(_FORGET, {"kind": kind, "ids": [one.id for one in found]})

    return forget


def _forget_runs(session: Session, found: Sequence[Purged]) -> None:
    session.execute(_FORGET_RUNS, {"ids": [one.id for one in found]})


def _of_identity(kind: str) -> Kind:
    due = _IDENTITY.format(kind, _NOW, days(f"identity.{kind}"))
    return Kind(f"identity.{kind}", due, _forget(kind), piece=1000)


def _no_rules(_session: Session, _now: datetime) -> Rules:
    return {}


_OF_IDENTITY: tuple[Any, ...] = ("session", "sign_in_link", "registration", "invitation", "used_state")
HOUSE = Service("house", (*map(_of_identity, _OF_IDENTITY), Kind("operation.run", _RUNS, _forget_runs)), _no_rules)
