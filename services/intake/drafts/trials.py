"""Trials: a procedure's version that is not in force, tried with test filings that reach nobody.

A trial's versions count down from -1. The catalogue does not have them, and nobody hears of them. A draft of one becomes a test
filing: a row of its own table, never an application, so that no event tells of it and nothing is routed, mailed or counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, text
from sqlmodel import Session, col, func, select

from services.intake.catalogue.procedures import Catalogue, Published, digest_of
from services.intake.checking.verdict import judged
from services.intake.models import TRIAL_VERSIONS, Draft, Trial, TrialFiling
from services.intake.models import Procedure as PublishedProcedure
from shared.database import insert_many
from shared.events import ProcedureRef
from shared.i18n import JST
from shared.identity.callers import Caller
from shared.problems import Conflict, NotFound
from shared.procedure.form_errors import to_file, today
from shared.procedure.model import Procedure
from shared.procedure.rules import RuleError, route
from shared.retention.table import days

KEEP = timedelta(days=days("intake.trial_filing"))
MOST_FILINGS = 100  # of one organisation


def publish(session: Session, procedure: Procedure, *, days: int) -> Trial:
    """Put a procedure on trial for `days`; who has the trial's id may try it. Put on trial again, it keeps its id."""
    definition, digest = procedure.definition(), digest_of(procedure)
    trial = session.get(Trial, procedure.procedure, with_for_update=True)
    tried = session.get(PublishedProcedure, (procedure.procedure, trial.version)) if trial else None
    if tried is None or tried.digest != digest:
        version = -session.execute(TRIAL_VERSIONS.next_value()).scalar_one()
        session.add(PublishedProcedure(id=procedure.procedure, version=version, definition=definition, digest=digest))
        session.flush()
        trial = trial or Trial(procedure_id=procedure.procedure, id=uuid4(), version=version, ends_at=datetime.now(UTC))
        trial.version = version
    assert trial is not None  # noqa: S101 - a version is tried only in a trial
    trial.ends_at = datetime.now(UTC) + timedelta(days=days)
    session.add(trial)
    session.flush()
    return trial


def end(session: Session, procedure_id: str) -> None:
    """End a trial now; its drafts and test filings are deleted. Raises NotFound."""
    trial = session.get(Trial, procedure_id, with_for_update=True)
    if trial is None:
        raise NotFound("There is no trial of {id}", id=procedure_id[:80])
    _end_now(session, procedure_id)


def opened(session: Session, catalogue: Catalogue, trial_id: UUID) -> tuple[Trial, Published]:
    """A trial that goes on, and what is tried. Raises NotFound."""
    trial = session.exec(select(Trial).where(Trial.id == trial_id, Trial.ends_at > datetime.now(UTC))).first()
    if trial is None:
        raise NotFound("There is no such trial, or it has ended; ask the division for its address")
    return trial, catalogue.version(session, ProcedureRef(id=trial.procedure_id, version=trial.version))


def going_on(session: Session, procedure_id: str) -> Trial | None:
    """The trial of a procedure, unless it has ended."""
    trial = session.get(Trial, procedure_id)
    return trial if trial is not None and trial.ends_at > datetime.now(UTC) else None


def current(session: Session, catalogue: Catalogue, procedure_id: str) -> Published:
    """The version that is on trial at present. Raises Conflict."""
    trial = going_on(session, procedure_id)
    if trial is None:
        raise Conflict("This trial has ended; its drafts and test filings are deleted")
    return catalogue.version(session, ProcedureRef(id=trial.procedure_id, version=trial.version))


def file(session: Session, caller: Caller, draft: Draft, published: Published) -> TrialFiling:
    """Make a test filing of a draft without errors, judged and routed as a real one would be. Made twice, it is one."""
    mine = select(func.count()).select_from(TrialFiling).where(TrialFiling.organisation_id == caller.organisation_id)
    if session.exec(mine).one() >= MOST_FILINGS:
        raise Conflict("Your organisation has {limit} test filings already; each is deleted after a month", limit=MOST_FILINGS)
    answers = to_file(published, draft.answers)
    now = datetime.now(UTC)
    row = {
        "id": draft.id,
        "organisation_id": draft.organisation_id,
        "account_id": caller.account_id,
        "procedure_id": published.ref.id,
        "procedure_version": published.ref.version,
        "number": f"TEST-{now.astimezone(JST):%Y%m%d}-{draft.id.hex[-7:]}",
        "answers": answers,
        "warnings": [one.model_dump() for one in judged(published, answers, today=today()).warnings],
        "office": _office(published, answers),
        "filed_at": now,
    }
    insert_many(session, TrialFiling, [row])
    return session.exec(select(TrialFiling).where(TrialFiling.id == draft.id)).one()


def _office(published: Published, answers: dict[str, object]) -> str:
    try:
        return route(published.procedure, answers, today=today())
    except RuleError:  # what a trial is for
        return ""


def filed(session: Session, caller: Caller, filing_id: UUID) -> TrialFiling | None:
    """A test filing of the caller's organisation; its id is its draft's."""
    return session.exec(
        select(TrialFiling).where(TrialFiling.id == filing_id, TrialFiling.organisation_id == caller.organisation_id)
    ).first()


def listed(session: Session, caller: Caller, procedure_id: str) -> Sequence[TrialFiling]:
    """The test filings that the caller's organisation made of a procedure, newest first."""
    return session.exec(
        select(TrialFiling)
        .where(TrialFiling.organisation_id == caller.organisation_id, TrialFiling.procedure_id == procedure_id)
        .order_by(col(TrialFiling.id).desc())
    ).all()


_VERSIONS = text("""
delete from intake.procedure p where p.version < 0
  and not exists (select from intake.trial t where t.procedure_id = p.id and t.version = p.version)
  and not exists (select from intake.draft d where d.procedure_id = p.id and d.procedure_version = p.version)
  and not exists (select from intake.trial_filing f where f.procedure_id = p.id and f.procedure_version = p.version)
""")


def forget_versions(session: Session) -> None:
    """Delete tried versions that no trial, draft or test filing has any more."""
    session.execute(_VERSIONS)


def _end_now(session: Session, procedure_id: str) -> None:
    session.execute(delete(Trial).where(col(Trial.procedure_id) == procedure_id))
    session.execute(delete(TrialFiling).where(col(TrialFiling.procedure_id) == procedure_id))
    session.execute(delete(Draft).where(and_(col(Draft.procedure_id) == procedure_id, col(Draft.procedure_version) < 0)))
    forget_versions(session)
