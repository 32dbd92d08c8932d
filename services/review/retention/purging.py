"""The kinds of things that the desk purges, each with the query that says what is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text, update
from sqlmodel import Session, col, select

from services.review.bulk.exporting import file_key
from services.review.models import Absence, Case, CaseFile, Conflict, Job, JobFile, Purged
from services.review.retention import cases
from shared.database import insert_many
from shared.operation.holds import held
from shared.retention.bus import events_of
from shared.retention.leaving import leave
from shared.retention.periods import Rules, rules
from shared.retention.purging import Kind, Service
from shared.retention.purging import Purged as Due
from shared.retention.table import days

_RULES = text("""
select distinct on (id) id, definition -> 'retention' as retention from review.procedure order by id, version desc
""")


def _over(kind: str) -> str:
    """Before which moment things of a kind are over their time."""
    return f"cast(:now as timestamptz) - interval '{days(kind)} days'"


_FILES = f"""
select f.id, c.procedure_id as procedure, 'deleted' as becomes,
  {held(application="c.application_id", organisation="c.applicant ->> 'organisation_id'", procedure="c.procedure_id")} as held
from review.file f join review."case" c on c.id = f.case_id
where f.owner_id is null and f.created_at < {_over("review.file")} and f.state in ('waiting', 'clean', 'infected', 'failed')
"""  # noqa: S608 - our own names
_JOB_FILES = """
select cast(f.job_id as text) || '/' || f.number as id, '' as procedure, 'deleted' as becomes, false as held
from review.job_file f where f.kept_until < cast(:now as timestamptz)
"""
# Of a held case what was done with it in bulk stays too.
_JOBS = f"""
select j.id, '' as procedure, 'deleted' as becomes, exists (
    select from review.job_item i join review."case" c on c.id = i.case_id where i.job_id = j.id and
      {held(application="c.application_id", organisation="c.applicant ->> 'organisation_id'", procedure="c.procedure_id")}
  ) as held
from review.job j where j.made_at < {_over("review.job")} and not exists (
  select from review.job_file f where f.job_id = j.id and f.kept_until >= cast(:now as timestamptz))
"""  # noqa: S608 - our own names
_CONFLICTS = f"""
select k.id, '' as procedure, 'deleted' as becomes, exists (
    select from operation.hold h where h.released_at is null and h.kind = 'organisation' and h.subject = k.party) as held
from review.conflict k where k.ended_at < {_over("review.conflict")}
"""  # noqa: S608 - our own names
_ABSENCES = f"""
select a.id, '' as procedure, 'deleted' as becomes, false as held from review.absence a
where a.ends_on < {_over("review.absence")}
"""  # noqa: S608 - our own names
_AUDIT = f"""
select l.seq as id, '' as procedure, 'deleted' as becomes, false as held
from review.audit_entry e join review.audit_link l on l.entry_id = e.id where e.at < {_over("review.audit")}
"""  # noqa: S608 - our own names


def _rules(session: Session, now: datetime) -> Rules:
    return rules(((row.id, row.retention) for row in session.execute(_RULES)), now)


def _ids(found: Sequence[Due]) -> list[Any]:
    return [one.id for one in found]


def _cases(session: Session, found: Sequence[Due]) -> None:
    due = {UUID(str(one.id)): one for one in found}
    known = session.exec(select(Case.id, Case.application_id).where(col(Case.id).in_(due)))
    rows = [
        {
            "case_id": str(case_id),
            "application_id": str(application_id),
            "procedure_id": due[case_id].procedure,
            "became": due[case_id].becomes,
        }
        for case_id, application_id in known
    ]
    insert_many(session, Purged, rows)
    cases.delete(session, [one for one, said in due.items() if said.becomes == "deleted"])
    cases.anonymise(session, [one for one, said in due.items() if said.becomes == "anonymised"])


def _files(session: Session, found: Sequence[Due]) -> None:
    """The row goes last: the errand that looks after files takes the content away first."""
    session.execute(update(CaseFile).where(col(CaseFile.id).in_(_ids(found))).values(state="leaving"))


def _job_files(session: Session, found: Sequence[Due]) -> None:
    for one in found:
        job_id, _, number = str(one.id).partition("/")
        leave(session, "review", [file_key(UUID(job_id), int(number))])
        session.execute(delete(JobFile).where(col(JobFile.job_id) == UUID(job_id), col(JobFile.number) == int(number)))


def _jobs(session: Session, found: Sequence[Due]) -> None:
    session.execute(delete(Job).where(col(Job.id).in_(_ids(found))))


def _conflicts(session: Session, found: Sequence[Due]) -> None:
    session.execute(delete(Conflict).where(col(Conflict.id).in_(_ids(found))))


def _absences(session: Session, found: Sequence[Due]) -> None:
    session.execute(delete(Absence).where(col(Absence.id).in_(_ids(found))))


def _no_key(_session: Session, _found: Sequence[Due]) -> None:
    raise PermissionError("entries of the trace are purged by the desk's worker, which has the key that signs it")


def service(forget_entries: Callable[[Session, Sequence[Due]], None] = _no_key) -> Service:
    """What the desk purges. `forget_entries` purges entries of the trace (services.review.audit.purging)."""
    kinds = (
        Kind("review.case", cases.DUE, _cases, 'review."case"', piece=100),
        Kind("review.file", _FILES, _files, "review.file"),
        Kind("review.job_file", _JOB_FILES, _job_files),
        Kind("review.job", _JOBS, _jobs, "review.job"),
        Kind("review.conflict", _CONFLICTS, _conflicts, "review.conflict"),
        Kind("review.absence", _ABSENCES, _absences, "review.absence"),
        Kind("review.audit", _AUDIT, forget_entries, piece=2000),
        events_of("review"),
    )
    return Service("review", kinds, _rules)
