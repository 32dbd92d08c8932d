"""What operators did: noted in the transaction of the act itself, on the pages and by the command line alike."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.operation.tables import Act
from shared.problems import Invalid
from shared.validation import text_errors

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.identity.callers import Caller


REASON_LIMIT = 500


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


def note_look(session: Session, by: Operator, act: str, subject: object) -> None:
    """Note that somebody saw something that may be personal. Who reloads a page has looked once."""
    seen = text("""
        select from operation.act where subject = :subject and act = :act and name = :name
          and account_id is not distinct from :account_id and at > now() - interval '5 minutes'
    """)
    values = {"subject": str(subject), "act": act, "name": by.name, "account_id": by.account_id}
    if session.execute(seen, values).first() is None:
        note(session, by, act, subject)


def reason_of(written: str) -> str:
    """Why somebody does what he does, in his words. Raises Invalid where it says nothing, or too much."""
    if errors := text_errors("/reason", written, REASON_LIMIT, needed=True):
        raise Invalid("Say why", errors=errors)
    return written.strip()


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
