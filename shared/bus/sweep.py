"""Sweeping: ring again for what is due and was not answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from shared.bus.deliver import Post

# A delivery younger than this is left to its own bell.
GRACE = timedelta(seconds=3)
# A delivery that is overdue for longer, in seconds, means that the service's workers do not keep up, or are gone.
LATE = 60.0
# How much one turn of the sweeper rings for, and the longest line of messages it still adds to.
A_TURN = 4096
LONG_LINE = 64

_DUE = text("""
with silent as (
  select d.event_id, d.subscriber
  from bus.delivery d
  where d.service = :service and d.state = 'waiting' and d.due <= now() - make_interval(secs => :grace)
    and (not d.ordered or not exists (
      select from bus.delivery p
      where p.subscriber = d.subscriber and p.source = d.source and p.subject = d.subject
        and p.sequence < d.sequence and p.state in ('waiting', 'dead')))
  order by d.due
  limit :most
  for update of d skip locked
)
update bus.delivery d set unanswered = d.unanswered + :count
from silent where silent.event_id = d.event_id and silent.subscriber = d.subscriber
returning d.event_id
""")


def unanswered(post: Post, *, line: int) -> list[UUID]:
    """The events to ring for again. `line` is the number of messages that wait in the service's queue.

    While messages wait, the workers are merely busy: only an empty line counts as a ring that nobody answered.
    """
    if line > LONG_LINE:
        return []
    with post.session() as session:
        found = session.scalars(
            _DUE,
            {"service": post.service, "grace": GRACE.total_seconds(), "most": A_TURN, "count": 0 if line else 1},
        ).all()
        session.commit()
    return list(dict.fromkeys(found))


def oldest_waiting(session: Session, service: str) -> float:
    """Age in seconds of the oldest delivery that is due and waits for `service`; 0 when nothing waits."""
    age = session.execute(
        text("""
            select extract(epoch from now() - min(due)) from bus.delivery
            where service = :service and state = 'waiting' and due <= now()
        """),
        {"service": service},
    ).scalar()
    return float(age or 0)


def in_rings(ids: list[UUID], size: int) -> Iterator[list[str]]:
    """`ids` in pieces of one ring each."""
    for start in range(0, len(ids), size):
        yield [str(one) for one in ids[start : start + size]]
