"""What operators did: noted in the transaction of the act itself, on the pages and by the command line alike."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from shared.operation.tables import Act
from shared.problems import Invalid
from shared.validation import text_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlmodel import Session

    from shared.identity.callers import Caller


REASON_LIMIT = 500
COMMAND_LINE = "command-line"


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


@dataclass(frozen=True)
class Wanted:
    """Which acts are looked for: by who did it (an account's id, or COMMAND_LINE), by how the act's name begins, by what it was
    done to, from a time on and before another.
    """

    by: UUID | str = ""
    act: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def found(session: Session, wanted: Wanted, *, before: int | None = None, most: int = 50) -> Sequence[Act]:
    """Acts, newest first; those before the id `before`."""
    query = select(Act).order_by(col(Act.id).desc()).limit(most)
    if wanted.by:
        query = query.where(col(Act.account_id).is_(None) if wanted.by == COMMAND_LINE else Act.account_id == wanted.by)
    if wanted.act:
        query = query.where(func.starts_with(Act.act, wanted.act))
    if wanted.subject:
        query = query.where(Act.subject == wanted.subject)
    if wanted.since:
        query = query.where(Act.at >= wanted.since)
    if wanted.until:
        query = query.where(Act.at < wanted.until)
    if before:
        query = query.where(col(Act.id) < before)
    return session.exec(query).all()


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
