"""The stages of a case as its page shows them: the way so far, the criteria, the proposal, and what the reader may do."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from services.review.cases.cases import procedure_of
from services.review.cases.moves import may
from services.review.desk.decision_form import CHOICES
from services.review.models import Case, Proposal
from services.review.stages import criteria, persons, proposals, scores, steps
from shared.i18n import Language, message, translate
from shared.identity.callers import Caller
from shared.problems import Conflict
from shared.procedure.reviewing import Criterion, Stage

VERDICTS: dict[str, tuple[str, str]] = {
    "met": ("good", message("Met")),
    "not-met": ("bad", message("Not met")),
    "not-applicable": ("going", message("Does not apply")),
}
MOVES: dict[str, str] = {
    "": message("In this stage now"),
    "pass": message("Passed on"),
    "send-back": message("Sent back"),
    "decide": message("Decided"),
    "withdraw": message("Withdrawn"),
}
_ACTIONS = ("judge", "score", "propose", "pass", "send-back", "decide", "comment")


def stages_of(session: Session, caller: Caller, case: Case, language: Language) -> dict[str, Any]:
    """What the template of the stages needs."""
    procedure = procedure_of(session, case)
    review = procedure.review
    stage = review.stage(case.stage)
    position = review.position(case.stage)
    over = case.state in {"decided", "withdrawn"}
    titles = {one.key: one.title.within(language) for one in review.stages}
    return {
        "shown": len(review.stages) > 1 or bool(stage.criteria),
        "several": len(review.stages) > 1,
        "last": review.is_last(case.stage),
        "list": [
            (one.title.within(language), "done" if number < position or over else "now" if number == position else "ahead")
            for number, one in enumerate(review.stages)
        ],
        "steps": [(titles.get(one.stage, one.stage), MOVES[one.move], one) for one in steps.of_case(session, case)],
        "present": stage.title.within(language),
        "criteria": [_criteria(session, caller, case, one, language) for one in review.stages if one.criteria],
        "version": review.criteria_version,
        "scored": bool(stage.scores),
        "has_criteria": bool(stage.criteria),
        "lacking": [
            translate(one.detail, language, **one.values) for one in ([] if over else steps.lacking(session, case, procedure))
        ],
        "proposals": [_proposal(one, review.criteria(), language) for one in proposals.of_case(session, case)],
        "open": proposals.open_one(session, case),
        "comments": proposals.comments(session, case),
        "earlier": [(one.key, one.title.within(language)) for one in review.stages[:position]],
        "may": {action: may(session, caller, case, action) for action in _ACTIONS},
        "for_somebody_else": _for_somebody_else(session, caller, case, language),
    }


def _criteria(session: Session, caller: Caller, case: Case, stage: Stage, language: Language) -> dict[str, Any]:
    judged = criteria.of_case(session, case)
    sheets = scores.seen_by(session, caller, case, stage) if stage.scores else []
    return {
        "stage": stage.title.within(language),
        "scores": stage.scores,
        "complete": bool(stage.scores) and scores.complete(session, case, stage),
        "rows": [
            {
                "criterion": one,
                "title": one.title.within(language),
                "law": one.law.within(language) if one.law else "",
                "judgement": judged.get(one.key),
                "verdict": VERDICTS[judged[one.key].verdict] if one.key in judged else None,
                "stale": one.key in judged and judged[one.key].revision != case.revision,
                "marks": [(sheet.name, sheet.marks[one.key], sheet.notes.get(one.key, "")) for sheet in sheets],
                "average": scores.averages(sheets).get(one.key) if sheets else None,
            }
            for one in stage.criteria
        ],
    }


def _proposal(one: Proposal, known: list[Criterion], language: Language) -> dict[str, Any]:
    titles = {each.key: each.title.within(language) for each in known}
    return {
        "proposal": one,
        "decision": next(text for value, text in CHOICES.items() if value == one.decision),
        "criteria": [titles.get(key, key) for key in one.criteria],
    }


def _for_somebody_else(session: Session, caller: Caller, case: Case, language: Language) -> str:
    try:
        persons.must_be_somebody_else(session, caller, case, procedure_of(session, case))
    except Conflict as problem:
        return translate(problem.detail, language)
    return ""
