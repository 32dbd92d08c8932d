"""Judging the criteria of a stage (審査基準, 行政手続法5条): each is met, not met, or does not apply, on certain contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Session, select

from services.review.cases.cases import procedure_of
from services.review.cases.moves import acting
from services.review.models import Case, Judgement
from services.review.stages import persons
from services.review.stages.lawful import must_be_on
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid, json_pointer
from shared.procedure.reviewing import Criterion, Stage
from shared.validation import text_errors

VERDICTS = ("met", "not-met", "not-applicable")
NOTE_LIMIT = 2000


@dataclass(frozen=True)
class Judged:
    """A criterion as an official judged it. `evidence` is what shows that it is met."""

    criterion: str
    verdict: str
    note: str = ""
    evidence: str = ""


def of_case(session: Session, case: Case) -> dict[str, Judgement]:
    """The judgements of a case by criterion, also those on earlier contents."""
    return {one.criterion: one for one in session.exec(select(Judgement).where(Judgement.case_id == case.id))}


def judge(
    session: Session, caller: Caller, case_id: UUID, judged: Sequence[Judged], *, revision: int | None = None
) -> list[Judgement]:
    """Judge criteria of the present stage; a later judgement takes an earlier one's place.

    Raises NotFound, Forbidden, Conflict where there are newer contents than `revision`, Invalid.
    """
    case = acting(session, caller, case_id, "judge")
    must_be_on(case, revision)
    procedure = procedure_of(session, case)
    stage = procedure.review.stage(case.stage)
    if stage.scores:
        raise Conflict("The criteria of this stage are marked, not judged")
    persons.must_be_somebody_else(session, caller, case, procedure)
    known = {one.key: one for one in stage.criteria}
    errors = [error for number, one in enumerate(judged) for error in _errors(known, number, one)]
    if not judged:
        errors.append(FieldError("/judgements", "Judge at least one criterion"))
    if errors:
        raise Invalid("The criteria cannot be judged like this", errors=errors)
    made = [
        Judgement(
            case_id=case.id,
            criterion=one.criterion,
            stage=stage.key,
            verdict=one.verdict,
            note=one.note.strip(),
            evidence=one.evidence.strip(),
            revision=case.revision,
            by=caller.account_id,
            by_name=caller.name,
            at=datetime.now(UTC),
        )
        for one in judged
    ]
    return [session.merge(one) for one in made]


def _errors(known: dict[str, Criterion], number: int, one: Judged) -> list[FieldError]:
    def at(name: str) -> str:
        return json_pointer("judgements", number, name)

    if one.criterion not in known:
        return [FieldError(at("criterion"), "Choose one of {allowed}", {"allowed": ", ".join(known) or "-"})]
    errors = []
    if one.verdict not in VERDICTS:
        errors.append(FieldError(at("verdict"), "Choose one of {allowed}", {"allowed": ", ".join(VERDICTS)}))
    errors += text_errors(at("note"), one.note, NOTE_LIMIT, needed=one.verdict == "not-met")
    needs = known[one.criterion].evidence and one.verdict == "met"
    return errors + text_errors(at("evidence"), one.evidence, NOTE_LIMIT, needed=needs)


def lacking(session: Session, case: Case, stage: Stage) -> list[FieldError]:
    """The criteria of a stage that nobody judged on the present contents."""
    judged = {one.criterion for one in of_case(session, case).values() if one.revision == case.revision}
    return [
        FieldError(json_pointer("judgements", one.key), "Judge this criterion: {title}", {"title": one.title.ja})
        for one in stage.criteria
        if one.key not in judged
    ]
