"""What operators did: noted in the transaction of the act itself, on the pages and by the command line alike."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.operation.tables import Act

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.identity.callers import Caller


class Operator(NamedTuple):
    """Who acts."""

    account_id: UUID | None
    name: str

    @classmethod
    def at_the_pages(cls, caller: Caller) -> Operator:
        """Whoever is signed in."""
        return cls(caller.account_id, caller.name)

    @classmethod
    def at_the_command_line(cls) -> Operator:
        """Whoever is logged in at the machine."""
        return cls(None, f"{getpass.getuser()} (command line)")


def note(session: Session, by: Operator, act: str, subject: object, *, reason: str = "", **details: Any) -> None:
    """Add an act to the trace. `details` hold no personal data and no secret."""
    session.add(Act(account_id=by.account_id, name=by.name, act=act, subject=str(subject), reason=reason, details=details))
    session.flush()


def broken(session: Session) -> list[int]:
    """The ids of acts that do not seal the one before them: something was changed or taken away there."""
    rows = session.execute(
        text("""
            select id from (select a.id, a.seal, operation.seal_of(coalesce(lag(a.seal) over (order by a.id), ''), a) as expected
                            from operation.act a) as sealed
            where seal <> expected order by id
        """)
    )
    return [row.id for row in rows]
