"""Applications that came to their end: deleted, or left as what statistics need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_from
from sqlalchemy import text, update
from sqlmodel import Session, col

from services.intake.models import Application, Correction, Document, Fingerprint, Message, Notice, Step
from shared.operation.holds import held

# Whose an anonymous application is: nobody's (the nil UUID of RFC 9562, 5.9).
NOBODY = UUID(int=0)

_ENDED = "'returned', 'withdrawn', 'approved', 'partly_approved', 'refused', 'accepted'"
_DECIDED = "'approved', 'partly_approved', 'refused', 'accepted'"
# The last step of an application that came to its end says when; while anything about it is undone on the bus, it stays.
_AT_THE_END = f"""
intake.application a join intake.step s on s.application_id = a.id and s.version = a.version
  join rule r on r.procedure = a.procedure_id
where a.state in ({_ENDED}) and a.anonymised_at is null
  and not exists (select from bus.delivery d where d.subject = cast(a.id as text) and d.state in ('waiting', 'dead'))
"""
_IS_HELD = held(application="a.id", organisation="a.organisation_id", procedure="a.procedure_id")

DUE = f"""
select a.id, a.procedure_id as procedure, case r.ending when 'delete' then 'deleted' else 'anonymised' end as becomes,
  {_IS_HELD} as held
from {_AT_THE_END}
  and s.at < case s.state when 'returned' then r.returned when 'withdrawn' then r.withdrawn else r.decided end
"""  # noqa: S608 - our own names
# Files of decided applications that are kept for longer than their files. One that two applications have waits for both.
FILES_DUE = f"""
select e.attachment_id as id, a.procedure_id as procedure, 'deleted' as becomes, {_IS_HELD} as held
from {_AT_THE_END.replace("where", "join intake.enclosure e on e.application_id = a.id where", 1)}
  and s.state in ({_DECIDED}) and s.at < r.attachments and s.at >= r.decided
  and not exists (
    select from intake.enclosure o where o.attachment_id = e.attachment_id and o.application_id <> e.application_id)
"""  # noqa: S608 - our own names

# Files that nothing else has leave; one that a draft names too waits for it.
_LET_FILES_GO = text("""
with gone as (delete from intake.enclosure where application_id = any(:ids) returning attachment_id)
update intake.attachment a set state = 'leaving'
where a.id in (select attachment_id from gone) and a.expires_at <= now()
  and not exists (select from intake.enclosure e where e.attachment_id = a.id and e.application_id <> all(:ids))
""")
_FORGET_REVISIONS = text("select intake.forget_revisions(:ids)")


def delete(session: Session, ids: Sequence[UUID]) -> None:
    """Delete applications with all that belongs to them."""
    if ids:
        session.execute(_LET_FILES_GO, {"ids": list(ids)})
        session.execute(delete_from(Application).where(col(Application.id).in_(ids)))


def anonymise(session: Session, ids: Sequence[UUID]) -> None:
    """Leave of applications: procedure, numbers, dates and states."""
    if not ids:
        return
    session.execute(_LET_FILES_GO, {"ids": list(ids)})
    for table in (Fingerprint, Correction, Document, Message, Notice):
        session.execute(delete_from(table).where(col(table.application_id).in_(ids)))
    session.execute(update(Step).where(col(Step.application_id).in_(ids)).values(detail={}))
    nothing: dict[str, Any] = {
        "applicant": {},
        "contact": {},
        "answers": {},
        "digest": b"",
        "idempotency_key": None,
        "agent_id": None,
    }
    nothing |= {"organisation_id": NOBODY, "account_id": NOBODY, "revision": 1, "anonymised_at": text("now()")}
    session.execute(update(Application).where(col(Application.id).in_(ids)).values(nothing))
    session.execute(_FORGET_REVISIONS, {"ids": list(ids)})
