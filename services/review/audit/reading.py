"""Reading the trace: of a case, of a person, since a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlmodel import Session

from services.review.audit.chain import ENTRY_COLUMNS

# A statement looks at so many entries; there is no index over the cases that a list showed.
WINDOW = 20_000
# A transaction that began so long before its neighbours would have been ended by the database.
LONGEST = timedelta(hours=1)

_OF_CASE = text(f"""
select {ENTRY_COLUMNS} from review.audit_entry e
where e.case_id = :case and (cast(:before as bigint) is null or e.id < :before) order by e.id desc limit :limit
""")  # noqa: S608 - our own names
_NEWEST = text("select max(id) from review.audit_entry")
_WINDOW = text(f"""
select {ENTRY_COLUMNS} from review.audit_entry e where e.id > :low and e.id <= :high
  and (cast(:case as uuid) is null or e.case_id = :case or e.details -> 'cases' ? cast(:case as text))
  and (cast(:account as uuid) is null or e.account_id = :account)
  and (cast(:since as timestamptz) is null or e.at >= :since)
order by e.id desc
""")  # noqa: S608 - our own names
_IS_OVER = text("select max(at) < :since from review.audit_entry where id > :low and id <= :high")


def of_case(session: Session, case_id: UUID, *, before: int | None = None, limit: int = 100) -> Sequence[RowMapping]:
    """A page of the views and acts about one case, newest first; `before` is the last id of the page before."""
    return session.execute(_OF_CASE, {"case": case_id, "before": before, "limit": limit}).mappings().all()


def every(
    session: Session, *, case_id: UUID | None = None, account_id: UUID | None = None, since: datetime | None = None
) -> Iterator[RowMapping]:
    """What a case, a person or a time left, newest first; of a case also the lists that showed it. In flat memory."""
    high = session.scalar(_NEWEST) or 0
    while high > 0:
        window = {"low": high - WINDOW, "high": high}
        yield from session.execute(_WINDOW, window | {"case": case_id, "account": account_id, "since": since}).mappings()
        if since is not None and session.scalar(_IS_OVER, window | {"since": since - LONGEST}):
            return
        high -= WINDOW
