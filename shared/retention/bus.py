"""Events that everybody has handled: the copies of what happened that travelled over the bus."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session

from shared.retention.purging import Kind, Purged
from shared.retention.table import days

# Identity has no worker of its own: the post, which alone hears of its events, purges them too.
_SOURCES = {"notify": "'notify', 'identity'"}
_DELETE = text("delete from bus.event where id = any(:ids)")


def events_of(service: str) -> Kind:
    """The events of a service. One that somebody has not handled stays, and so does a dead letter until it is discarded."""
    due = f"""
    select e.id, '' as procedure, 'deleted' as becomes, false as held from bus.event e
    where e.source in ({_SOURCES.get(service, f"'{service}'")})
      and e.time < cast(:now as timestamptz) - interval '{days("bus.event")} days'
      and not exists (select from bus.delivery d where d.event_id = e.id and d.state in ('waiting', 'dead'))
    """  # noqa: S608 - our own names
    return Kind(f"bus.event.{service}", due, _delete, piece=2000)


def _delete(session: Session, found: Sequence[Purged]) -> None:
    session.execute(_DELETE, {"ids": [one.id for one in found]})
