"""Who acts in a transaction, as the database is told: an official by his id, or the house itself. Row-level security goes by it.

It is the second wall behind `services.review.cases.rights.visible`: a query that forgot its condition shows what the official may
see, and a transaction of which nobody said who acts shows nothing (docs/adr/0016).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from shared.identity.callers import Caller
from shared.sealing.blind import whose

# Who the worker is, and whoever a link or an operator's command vouches for.
HOUSE = "house"
# How a connection that is the house's throughout says it (shared.database.connect).
AS_HOUSE = {"madoguchi.acts": HOUSE}

_ACTS = "review.acts"
_SAY = text("""
select set_config('madoguchi.acts', :who, true), set_config('madoguchi.acts_hash', :hash, true),
       set_config('madoguchi.acts_email', :email, true)
""")


def acts(session: Session, who: Caller | str) -> None:
    """From now on this session's transactions are this official's, the house's, or ("") nobody's.

    The database is told his own address too, and its hash: a case whose contact he is, he does not see.
    """
    if isinstance(who, str):
        said = {"who": who, "hash": "", "email": ""}
    else:
        said = {"who": str(who.account_id), "hash": whose(who.email).hex(), "email": who.email.lower()}
    session.info[_ACTS] = said
    if session.in_transaction():
        session.execute(_SAY, said)


@contextmanager
def acts_as_house(session: Session) -> Iterator[None]:
    """For what the house does on somebody's behalf, though he may not see it: the block has checked that it may be done."""
    before = session.info.get(_ACTS, {"who": "", "hash": "", "email": ""})
    acts(session, HOUSE)
    try:
        yield
        session.flush()
    except BaseException:
        session.info[_ACTS] = before  # the transaction is rolled back, and the next one says who acts
        raise
    session.info[_ACTS] = before
    session.execute(_SAY, before)


@event.listens_for(Session, "after_begin")
def _say_who(session: Session, _transaction: Any, connection: Connection) -> None:
    if (said := session.info.get(_ACTS)) is not None:
        connection.execute(_SAY, said)
