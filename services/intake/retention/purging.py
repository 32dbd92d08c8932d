"""The kinds of things that the counter purges, each with the query that says what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text, update
from sqlmodel import Session, col, select

from services.intake.drafts import trials
from services.intake.files import enclosures
from services.intake.models import Attachment, Draft, Enclosure, Purged, Trial, TrialFiling
from services.intake.retention import applications
from shared.database import insert_many
from shared.operation.holds import held
from shared.retention.bus import events_of
from shared.retention.periods import Rules, rules
from shared.retention.purging import Kind, Service
from shared.retention.purging import Purged as Due

_RULES = text("""
select distinct on (id) id, definition -> 'retention' as retention from intake.procedure where version > 0
order by id, version desc
""")

_DRAFTS = f"""
select d.id, d.procedure_id as procedure, 'deleted' as becomes,
  {held(organisation="d.organisation_id", procedure="d.procedure_id")} as held
from intake.draft d join rule r on r.procedure = d.procedure_id
where d.procedure_version > 0 and d.updated_at < r.drafts
"""  # noqa: S608 - our own names
_ON_TRIAL = (
    "exists (select from intake.trial t where t.procedure_id = {0}.procedure_id and t.ends_at > cast(:now as timestamptz))"
)
_OVER = "cast(:now as timestamptz)"
_TRIALS = f"""
select t.procedure_id as id, t.procedure_id as procedure, 'deleted' as becomes, false as held
from intake.trial t where t.ends_at <= {_OVER}
"""  # noqa: S608 - our own names
_TRIAL_FILINGS = f"""
select f.id, f.procedure_id as procedure, 'deleted' as becomes, false as held from intake.trial_filing f
where f.filed_at <= {_OVER} - interval '{trials.KEEP.days} days' or not {_ON_TRIAL.format("f")}
"""  # noqa: S608 - our own names
_TRIAL_DRAFTS = f"""
select d.id, d.procedure_id as procedure, 'deleted' as becomes, false as held from intake.draft d
where d.procedure_version < 0 and not {_ON_TRIAL.format("d")}
"""  # noqa: S608 - our own names
# Whose procedure it will be for is not known: it may be in a draft of a procedure that is held.
_UNFILED = f"""
select a.id, '' as procedure, 'deleted' as becomes, {held(organisation="a.organisation_id")} or exists (
    select from intake.draft d join operation.hold h on h.kind = 'procedure' and h.subject = d.procedure_id
    where d.organisation_id = a.organisation_id and h.released_at is null) as held
from intake.attachment a
where a.expires_at <= {_OVER} and a.state in ('waiting', 'clean', 'infected', 'failed')
  and not exists (select from intake.enclosure e where e.attachment_id = a.id)
"""  # noqa: S608 - our own names


def _rules(session: Session, now: datetime) -> Rules:
    return rules(((row.id, row.retention) for row in session.execute(_RULES)), now)


def _ids(found: Sequence[Due]) -> list[Any]:
    return [one.id for one in found]


def _drafts(session: Session, found: Sequence[Due]) -> None:
    """Their files go a day later, unless something else has them."""
    for draft in session.exec(select(Draft).where(col(Draft.id).in_(_ids(found)))):
        enclosures.hold(session, draft.organisation_id, draft.answers, enclosures.KEEP_WITHOUT)
    session.execute(delete(Draft).where(col(Draft.id).in_(_ids(found))))


def _trials(session: Session, found: Sequence[Due]) -> None:
    session.execute(delete(Trial).where(col(Trial.procedure_id).in_(_ids(found))))
    trials.forget_versions(session)


def _trial_filings(session: Session, found: Sequence[Due]) -> None:
    session.execute(delete(TrialFiling).where(col(TrialFiling.id).in_(_ids(found))))


def _files(session: Session, found: Sequence[Due]) -> None:
    """The row goes last: the errand that looks after files takes the content away first (docs/adr/0011)."""
    session.execute(delete(Enclosure).where(col(Enclosure.attachment_id).in_(_ids(found))))
    leaving = update(Attachment).where(col(Attachment.id).in_(_ids(found)))
    session.execute(leaving.values(state="leaving", expires_at=text("now()")))


def _applications(session: Session, found: Sequence[Due]) -> None:
    rows = [{"application_id": str(one.id), "procedure_id": one.procedure, "became": one.becomes} for one in found]
    insert_many(session, Purged, rows)
    applications.delete(session, [UUID(str(one.id)) for one in found if one.becomes == "deleted"])
    applications.anonymise(session, [UUID(str(one.id)) for one in found if one.becomes == "anonymised"])


SERVICE = Service(
    "intake",
    (
        Kind("intake.application", applications.DUE, _applications, "intake.application"),
        Kind("intake.attachment.filed", applications.FILES_DUE, _files, "intake.attachment"),
        Kind("intake.draft", _DRAFTS, _drafts, "intake.draft"),
        Kind("intake.trial_filing", _TRIAL_FILINGS, _trial_filings, "intake.trial_filing"),
        Kind("intake.trial_draft", _TRIAL_DRAFTS, _drafts, "intake.draft"),
        Kind("intake.trial", _TRIALS, _trials, "intake.trial", key="procedure_id"),
        Kind("intake.attachment.unfiled", _UNFILED, _files, "intake.attachment"),
        events_of("intake"),
    ),
    _rules,
)
