"""Whose turn a case is, kept with it: lists ask it of many cases, and who may decide is a rule over the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from services.review.cases.cases import procedure_of
from services.review.cases.moves import at_stake
from services.review.models import Case
from shared.procedure.model import Procedure
from shared.procedure.rules import deciding
from shared.workdays import today


def keep(session: Session, case: Case) -> None:
    """Keep whose turn it is, for the stage and the contents that a locked case has now."""
    procedure = procedure_of(session, case)
    turn = turn_in(procedure, case.stage, case.answers, at_stake(session, case, procedure))
    case.stage_role, case.stage_deciders, case.stage_deputy = turn["stage_role"], turn["stage_deciders"], turn["stage_deputy"]
    session.add(case)


def turn_in(procedure: Procedure, key: str, answers: Mapping[str, Any], amount: int | None) -> dict[str, Any]:
    """The duty that a stage needs; in the last one also those that may decide (専決), and who does for the absent (代決)."""
    stage = procedure.review.stage(key)
    if not procedure.review.is_last(key):
        return {"stage_role": stage.role, "stage_deciders": [], "stage_deputy": None}
    may = deciding(procedure, answers, amount=amount, today=today()) if stage.delegation else {stage.role}
    return {"stage_role": stage.role, "stage_deciders": sorted(may), "stage_deputy": stage.deputy}
