"""Who acts in a transaction, as the database is told: an official by his id, or the house itself. Row-level security goes by it.

It is the second wall behind `services.review.cases.rights.visible`: a query that forgot its condition shows what the official may
see, and a transaction of which nobody said who acts shows nothing (docs/adr/0016).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

# Who the worker is, and whoever a link or an operator's command vouches for.
HOUSE = "house"
# How a connection that is the house's throughout says it (shared.database.connect).
AS_HOUSE = {"madoguchi.acts": HOUSE}

_ACTS = "review.acts"
_SAY = text("select set_config('madoguchi.acts', :who, true)")


def acts(session: Session, who: UUID | str) -> None:
    """From now on this session's transactions are this official's, the house's, or ("") nobody's."""
    session.info[_ACTS] = str(who)
    if session.in_transaction():
        session.execute(_SAY, {"who": str(who)})


@contextmanager
def acts_as_house(session: Session) -> Iterator[None]:
    """For what the house does on somebody's behalf, though he may not see it: the block has checked that it may be done."""
    before = session.info.get(_ACTS, "")
    acts(session, HOUSE)
    try:
        yield
        session.flush()
    except BaseException:
        session.info[_ACTS] = before  # the transaction is rolled back, and the next one says who acts
        raise
    acts(session, before)


@event.listens_for(Session, "after_begin")
def _say_who(session: Session, _transaction: Any, connection: Connection) -> None:
    if (who := session.info.get(_ACTS)) is not None:
        connection.execute(_SAY, {"who": who})
