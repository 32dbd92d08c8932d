"""What may be done with a case: in which states, with which duties. One table, and one door through which every act goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Session, select

from services.review.audit.audit import note
from services.review.cases.cases import procedure_of, shown
from services.review.cases.rights import duties, stands_in, vacant
from services.review.models import Case, Correction, Proposal
from shared.i18n import message
from shared.identity.callers import Caller
from shared.problems import Conflict, Forbidden
from shared.procedure.model import Procedure
from shared.procedure.reviewing import MANAGER
from shared.procedure.rules import deciding
from shared.workdays import today

# `lapsed`: a correction was asked for, and nothing came by its last day: it is the office's turn again.
Standing = Literal["open", "correcting", "lapsed", "decided", "withdrawn"]
STANDINGS: tuple[Standing, ...] = ("open", "correcting", "lapsed", "decided", "withdrawn")
# Who: `anybody` with a duty in the case's group, who works on its `stage`, who may `decide` in the last one, or a `manager`.
Who = Literal["anybody", "stage", "decider", "manager"]


@dataclass(frozen=True)
class Move:
    """Where and by whom something may be done."""

    states: frozenset[Standing]
    who: Who


def _in(*states: Standing, who: Who) -> Move:
    return Move(frozenset(states), who)


MOVES: dict[str, Move] = {
    "judge": _in("open", "lapsed", who="stage"),
    "score": _in("open", "lapsed", who="stage"),
    "propose": _in("open", "lapsed", who="stage"),
    "comment": _in("open", "correcting", "lapsed", who="anybody"),
    "pass": _in("open", "lapsed", who="stage"),
    "send-back": _in("open", "lapsed", who="decider"),
    "decide": _in("open", "lapsed", who="decider"),
    "ask-correction": _in("open", who="stage"),
    "extend-correction": _in("correcting", "lapsed", who="stage"),
    "close-correction": _in("correcting", "lapsed", who="stage"),
    "write-message": _in("open", "correcting", "lapsed", "decided", who="anybody"),
    "ask-opinion": _in("open", "correcting", "lapsed", who="stage"),
    "withdraw-opinion": _in("open", "correcting", "lapsed", who="anybody"),
    "edit-entry": _in("open", who="stage"),
    "write-note": _in(*STANDINGS, who="anybody"),
    "edit-note": _in(*STANDINGS, who="anybody"),
    "delete-note": _in(*STANDINGS, who="anybody"),
    "take": _in("open", "correcting", "lapsed", who="anybody"),
    "release": _in("open", "correcting", "lapsed", who="anybody"),
    "reassign": _in("open", "correcting", "lapsed", who="manager"),
    "declare-conflict": _in("open", "correcting", "lapsed", who="manager"),
    "preview-document": _in("open", "correcting", "lapsed", "decided", who="anybody"),
    "reissue-document": _in("decided", who="decider"),
    "revoke-document": _in("decided", who="decider"),
    "send-document": _in("decided", who="anybody"),
}
_CLOSED = {
    "withdrawn": message("The applicant has withdrawn this application"),
    "decided": message("This case is decided already"),
    "correcting": message("The applicant is mending this: wait for it, or close the correction first"),
    "lapsed": message("A correction is asked for already: extend it, or close it first"),
    "open": message("No correction is asked for at present"),
}


# With which duty an official decides whom an absent one named as his deputy.
DEPUTY = "deputy"


def standing(session: Session, case: Case) -> Standing:
    """The state of a case as far as it decides what may be done."""
    if case.state != "correcting":
        return case.state  # type: ignore[return-value] # the table's check knows the others
    lapsed = select(Correction.id).where(Correction.case_id == case.id, Correction.state == "expired")
    return "lapsed" if session.exec(lapsed).first() else "correcting"


def may(session: Session, caller: Caller, case: Case, action: str) -> bool:
    """Whether the caller may do this now: for pages, which offer nothing else."""
    move = MOVES[action]
    return standing(session, case) in move.states and bool(_wanted(session, case, move, caller))


def using(session: Session, caller: Caller, case: Case, action: str) -> frozenset[str]:
    """The duties with which the caller may do this with a case, whatever its state."""
    return _wanted(session, case, MOVES[action], caller)


def acting(session: Session, caller: Caller, case_id: UUID, action: str) -> Case:
    """The locked case for somebody who may do this with it; it is noted that he does. Raises NotFound, Forbidden, Conflict."""
    move = MOVES[action]
    case = shown(session, caller, case_id, lock=True)
    with_duties = _wanted(session, case, move, caller)
    if not with_duties:
        held = ", ".join(sorted(duties(session, caller, case.group, case.procedure_id)))
        needed = ", ".join(sorted(roles(session, case, move))) or "-"
        raise Forbidden("This needs the duty {needed}; you have {held}", needed=needed, held=held or "-")
    state = standing(session, case)
    if state not in move.states:
        raise Conflict(_CLOSED[state])
    note(
        session, caller, f"case.{action}", case.id, duty=", ".join(sorted(with_duties)), stage=case.stage, revision=case.revision
    )
    return case


def _wanted(session: Session, case: Case, move: Move, caller: Caller) -> frozenset[str]:
    """The duties of the caller with which he may do it; DEPUTY for who stands in for an absent official (代決)."""
    held = duties(session, caller, case.group, case.procedure_id)
    if move.who == "anybody":
        return held
    if using := held & roles(session, case, move):
        return using
    review = procedure_of(session, case).review
    if held and move.who == "decider" and review.is_last(case.stage):
        role = review.stages[-1].role
        if stands_in(session, caller, case.group, case.procedure_id, role=role, day=today()):
            return frozenset({DEPUTY})
    return frozenset()


def roles(session: Session, case: Case, move: Move) -> frozenset[str]:
    """The duties that may do this with a case where it stands."""
    procedure = procedure_of(session, case)
    review = procedure.review
    if move.who == "manager":
        return frozenset({MANAGER})
    if review.is_last(case.stage) and move.who in {"decider", "stage"}:
        stage, day = review.stages[-1], today()
        deputies = stage.deputy is not None and vacant(session, case.group, case.procedure_id, role=stage.role, day=day)
        amount = at_stake(session, case, procedure)
        return deciding(procedure, case.answers, amount=amount, today=day, deputies=deputies)
    return frozenset({review.stage(case.stage).role})


def at_stake(session: Session, case: Case, procedure: Procedure) -> int | None:
    """What was granted, or would be: the proposed amount, else what is applied for."""
    if procedure.review.amount is None or case.amount is not None:
        return case.amount
    proposed = session.exec(select(Proposal.amount).where(Proposal.case_id == case.id, Proposal.state == "open")).first()
    return proposed if proposed is not None else applied(procedure, case.answers)


def applied(procedure: Procedure, answers: Mapping[str, Any]) -> int | None:
    """The amount that is applied for, where the procedure says which field has it."""
    amount = answers.get(procedure.review.amount) if procedure.review.amount else None
    return amount if isinstance(amount, int) else None
