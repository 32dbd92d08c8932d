"""From stage to stage. `leave` is the one function that moves a case; every time in a stage is kept as a step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.review.cases import turns
from services.review.cases.cases import procedure_of, ref_of
from services.review.cases.moves import acting
from services.review.cases.rights import awaited
from services.review.models import Case, Step
from services.review.stages import criteria, persons, proposals, scores
from services.review.stages.lawful import must_be_on
from shared.bus.publish import publish
from shared.events import CaseAwaiting
from shared.i18n import message
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid
from shared.procedure.model import Procedure
from shared.procedure.reviewing import Stage
from shared.telemetry import current_traceparent
from shared.validation import text_errors
from shared.workdays import today

NOTE_LIMIT = 2000
_MENDED_SINCE = message("The contents were mended after the stage {stage}: send the case back to it, to look at them")
Left = Literal["pass", "send-back", "decide", "withdraw"]
_CLOSE = text("""
update review.step set left_at = greatest(entered_at, cast(:at as timestamptz)), move = :move
where case_id = any(:ids) and left_at is null
""")


def of_case(session: Session, case: Case) -> Sequence[Step]:
    """The times in stages of a case, in their order."""
    return session.exec(select(Step).where(Step.case_id == case.id).order_by(col(Step.number))).all()


def leave(
    session: Session, case: Case, move: Left, by: Caller, *, to: str | None = None, note: str = "", at: datetime | None = None
) -> None:
    """A locked case leaves its stage, for the stage `to` or, without one, for good."""
    at = at or datetime.now(UTC)
    step = _running(session, case)
    step.left_at, step.move, step.note = max(at, step.entered_at), move, note
    step.left_by, step.left_by_name = by.account_id, by.name
    session.add(step)
    session.flush()  # there is never more than one that runs
    if to is not None:
        session.add(Step(case_id=case.id, number=step.number + 1, stage=to, entered_at=at))
        case.stage, case.stage_since = to, at
        turns.keep(session, case)
        _tell(session, case, by)


def _tell(session: Session, case: Case, by: Caller) -> None:
    """Tell whom the case waits for now: its official, if he can do it, else all who can, but not who moved it."""
    stage = procedure_of(session, case).review.stage(case.stage)
    not_they = persons.before(session, case) if stage.two_person else set()
    people = [one for one in awaited(session, case, today()) if one.id not in not_they]
    people = [one for one in people if one.id == case.official_id] or people
    people = [one for one in people if one.id != by.account_id]
    if not people:
        return
    case.version += 1
    awaiting = CaseAwaiting(
        subject=str(case.application_id),
        sequence=case.version,
        traceparent=current_traceparent(),
        case_id=case.id,
        arrival_number=case.arrival_number,
        procedure=ref_of(case),
        group=case.group,
        group_title=procedure_of(session, case).office(case.group).title.ja,
        stage=stage.title.ja,
        people=people,
        by=by.name,
    )
    publish(session, awaiting)


def close(session: Session, cases: Sequence[Case], at: datetime) -> None:
    """These locked cases are withdrawn: their time in a stage ends, and what was proposed is not wanted any more."""
    ids = [case.id for case in cases]
    session.execute(_CLOSE, {"ids": ids, "at": at, "move": "withdraw"})
    proposals.close(session, ids, at)


def _running(session: Session, case: Case) -> Step:
    """The step of today; a case that was opened before steps were kept gets it now."""
    steps = of_case(session, case)
    if steps and steps[-1].left_at is None:
        return steps[-1]
    return Step(case_id=case.id, number=len(steps) + 1, stage=case.stage, entered_at=case.stage_since)


def pass_on(session: Session, caller: Caller, case_id: UUID, *, note: str = "", revision: int | None = None) -> Case:
    """The work of a stage is done: the case goes to the next one. Raises NotFound, Forbidden, Conflict, Invalid."""
    case = acting(session, caller, case_id, "pass")
    must_be_on(case, revision)
    if wrong := text_errors("/note", note, NOTE_LIMIT):
        raise Invalid("The case cannot be passed on like this", errors=wrong)
    procedure = procedure_of(session, case)
    review = procedure.review
    if review.is_last(case.stage):
        raise Conflict("This is the last stage: it is decided here")
    persons.must_be_somebody_else(session, caller, case, procedure)
    must_be_done(session, case, procedure)
    following = review.stages[review.position(case.stage) + 1]
    if review.is_last(following.key):
        proposals.must_be_there(session, case)
    leave(session, case, "pass", caller, to=following.key, note=note.strip())
    return case


def send_back(session: Session, caller: Caller, case_id: UUID, to: str, note: str) -> Case:
    """An earlier stage has to look again, for the reason `note`. Raises NotFound, Forbidden, Conflict, Invalid."""
    case = acting(session, caller, case_id, "send-back")
    review = procedure_of(session, case).review
    earlier = [stage.key for stage in review.stages[: review.position(case.stage)]]
    if not earlier:
        raise Conflict("This is the first stage: there is none to send it back to")
    errors = text_errors("/note", note, NOTE_LIMIT, needed=True)
    if to not in earlier:
        errors.append(FieldError("/to", "Choose one of {allowed}", {"allowed": ", ".join(earlier)}))
    if errors:
        raise Invalid("The case cannot be sent back like this", errors=errors)
    proposals.send_back(session, case)
    leave(session, case, "send-back", caller, to=to, note=note.strip())
    return case


def must_be_done(session: Session, case: Case, procedure: Procedure) -> None:
    """The work of this stage and of those before it is done on the present contents. Raises Conflict."""
    if missing := lacking(session, case, procedure):
        raise Conflict("The work of this stage is not finished", errors=missing)
    review = procedure.review
    for stage in review.stages[: review.position(case.stage)]:
        if missing := _lacking_in(session, case, stage):
            raise Conflict(_MENDED_SINCE, errors=missing, stage=stage.title.ja)


def lacking(session: Session, case: Case, procedure: Procedure) -> list[FieldError]:
    """What the present stage still lacks: criteria nobody judged on these contents, marks that are not given."""
    return _lacking_in(session, case, procedure.review.stage(case.stage))


def _lacking_in(session: Session, case: Case, stage: Stage) -> list[FieldError]:
    return scores.lacking(session, case, stage) if stage.scores else criteria.lacking(session, case, stage)
