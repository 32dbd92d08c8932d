"""Notices (お知らせ): what happened to an organisation's applications, and what each of its people has read of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, exists, literal, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, or_, select

from services.intake.models import Application, Notice, NoticeRead
from services.intake.rights.reach import within
from shared.events import Event
from shared.identity.callers import Caller
from shared.identity.mandates import held

MANY = 100  # unread ones that are counted; beyond, it is “99+”

_TELL = text("""
insert into intake.notice (id, organisation_id, application_id, kind, at)
select n.id, a.organisation_id, a.id, n.kind, n.at
from json_to_recordset(cast(:notices as json)) as n(id uuid, application_id uuid, kind text, at timestamptz)
join intake.application a on a.id = n.application_id
on conflict do nothing
""")


@dataclass(frozen=True)
class Shown:
    """A notice, the application it is about, and whether the reader has read it."""

    notice: Notice
    application: Application
    is_read: bool


def tell(session: Session, kind: str, news: Iterable[tuple[Event, UUID | str]]) -> None:
    """Tell organisations of events that are no steps, each with the application's id; told again, it is one notice."""
    rows = [{"id": event.id, "application_id": about, "kind": kind, "at": event.time} for event, about in news]
    if rows:
        session.execute(_TELL, {"notices": orjson.dumps(rows).decode()})


def listed(
    session: Session, caller: Caller, *, unread: bool = False, limit: int = 50, before: UUID | None = None
) -> Sequence[Shown]:
    """The notices about applications that the caller reaches, newest first; `before` is the last id of the page before."""
    seen = _seen(caller)
    query = select(Notice, Application, seen).join(Application, col(Application.id) == Notice.application_id)
    query = query.where(_mine(session, caller))
    if unread:
        query = query.where(~seen)
    if before is not None:
        query = query.where(Notice.id < before)
    rows = session.exec(query.order_by(col(Notice.id).desc()).limit(limit))
    return [Shown(notice, application, is_read) for notice, application, is_read in rows]


def unread(session: Session, caller: Caller) -> int:
    """How many the caller has not read, up to MANY."""
    mine = select(Notice.id).where(_mine(session, caller), ~_seen(caller)).limit(MANY)
    return session.exec(select(func.count()).select_from(mine.subquery())).one()


def _mine(session: Session, caller: Caller) -> ColumnElement[bool]:
    """What is about applications that the caller reaches; without mandates, an index answers it."""
    own = col(Notice.organisation_id) == caller.organisation_id
    if not any(mandate.in_force for mandate in held(session, caller)):
        return own
    return or_(own, col(Notice.application_id).in_(select(Application.id).where(within(session, caller, Application))))


def _seen(caller: Caller) -> ColumnElement[bool]:
    return exists().where(col(NoticeRead.account_id) == caller.account_id, col(NoticeRead.notice_id) == col(Notice.id))


def read(session: Session, caller: Caller, ids: Sequence[UUID]) -> None:
    """The caller has read these, as far as they are his to read; his colleagues have not."""
    _note_read(session, caller, col(Notice.id).in_(ids))


def read_of(session: Session, caller: Caller, application: Application) -> None:
    """The caller has looked at an application that he reaches: its notices are no news to him any more."""
    _note_read(session, caller, col(Notice.application_id) == application.id)


def _note_read(session: Session, caller: Caller, which: ColumnElement[bool]) -> None:
    looked_at = select(literal(caller.account_id), Notice.id).where(_mine(session, caller), which)
    session.execute(insert(NoticeRead).from_select(["account_id", "notice_id"], looked_at).on_conflict_do_nothing())
