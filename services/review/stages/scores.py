"""Marks: in a stage with `scores`, several officials mark each criterion, and none sees the others' before all are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean
from uuid import UUID

from sqlmodel import Session, col, select

from services.review.cases.cases import procedure_of
from services.review.cases.moves import acting
from services.review.models import Case, ScoreSheet
from services.review.stages import persons
from services.review.stages.lawful import must_be_on
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid, json_pointer
from shared.procedure.reviewing import Stage
from shared.validation import text_errors

NOTE_LIMIT = 2000


def mark(
    session: Session,
    caller: Caller,
    case_id: UUID,
    marks: Mapping[str, int],
    notes: Mapping[str, str],
    *,
    revision: int | None = None,
) -> ScoreSheet:
    """Give one's marks for every criterion of the stage; they can be changed until all are given, and after a sending back.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    case = acting(session, caller, case_id, "score")
    must_be_on(case, revision)
    procedure = procedure_of(session, case)
    stage = procedure.review.stage(case.stage)
    if not stage.scores:
        raise Conflict("The criteria of this stage are judged, not marked")
    if errors := _errors(stage, marks, notes):
        raise Invalid("The marks cannot be taken like this", errors=errors)
    persons.must_be_somebody_else(session, caller, case, procedure)
    if complete(session, case, stage) and not _anew(session, caller, case, stage):
        raise Conflict("All marks of this stage are given; they cannot be changed any more")
    sheet = ScoreSheet(
        case_id=case.id,
        stage=stage.key,
        account_id=caller.account_id,
        name=caller.name,
        marks=dict(marks),
        notes={key: text.strip() for key, text in notes.items() if text.strip()},
        revision=case.revision,
        at=datetime.now(UTC),
    )
    return session.merge(sheet)


def _errors(stage: Stage, marks: Mapping[str, int], notes: Mapping[str, str]) -> list[FieldError]:
    best = stage.scores.to if stage.scores else 0
    keys = [one.key for one in stage.criteria]
    errors = [
        FieldError(json_pointer("marks", key), "Write a whole number from 0 to {best}", {"best": best})
        for key in keys
        if not isinstance(marks.get(key), int) or isinstance(marks[key], bool) or not 0 <= marks[key] <= best
    ]
    for name, given in (("marks", marks), ("notes", notes)):
        errors += [
            FieldError(json_pointer(name, key), "There is no such criterion in this stage") for key in given if key not in keys
        ]
    for key in keys:
        errors += text_errors(json_pointer("notes", key), notes.get(key, ""), NOTE_LIMIT)
    return errors


def sheets(session: Session, case: Case, stage: Stage) -> Sequence[ScoreSheet]:
    """The marks given in a stage on the present contents, in their order. Not for showing: see `seen_by`."""
    query = select(ScoreSheet).where(
        ScoreSheet.case_id == case.id, ScoreSheet.stage == stage.key, ScoreSheet.revision == case.revision
    )
    return session.exec(query.order_by(col(ScoreSheet.at), col(ScoreSheet.account_id))).all()


def complete(session: Session, case: Case, stage: Stage) -> bool:
    """Whether as many officials as the procedure asks for gave their marks."""
    return stage.scores is None or len(sheets(session, case, stage)) >= stage.scores.reviewers


def _anew(session: Session, caller: Caller, case: Case, stage: Stage) -> bool:
    """Whether the caller looks at his marks once more, because the case was sent back to this stage."""
    given = sheets(session, case, stage)
    mine = any(one.account_id == caller.account_id for one in given)
    return mine and any(one.at < case.stage_since for one in given)


def seen_by(session: Session, caller: Caller, case: Case, stage: Stage) -> list[ScoreSheet]:
    """The marks that the caller may see: his own, and everybody's once all are given."""
    given = sheets(session, case, stage)
    done = complete(session, case, stage)
    return [one for one in given if done or one.account_id == caller.account_id]


def averages(given: Sequence[ScoreSheet]) -> dict[str, float]:
    """The average mark of each criterion, with two digits."""
    keys = given[0].marks if given else {}
    return {key: round(fmean(sheet.marks[key] for sheet in given), 2) for key in keys}


def lacking(session: Session, case: Case, stage: Stage) -> list[FieldError]:
    """Whose marks are still missing, as a number."""
    missing = (stage.scores.reviewers if stage.scores else 0) - len(sheets(session, case, stage))
    return [FieldError("/marks", "{count} more officials have to give their marks", {"count": missing})] if missing > 0 else []
