"""What a decision needs before it stands up in law and by its procedure, whether it is proposed or made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.review.documents.documents import Written
from services.review.models import Case, Judgement
from shared.i18n import message
from shared.problems import Conflict, FieldError, json_pointer
from shared.procedure.model import Procedure
from shared.validation import text_errors

REASONS_LIMIT = 10_000
CONDITION_LIMIT, MOST_CONDITIONS = 1000, 30
# An application that is granted in part is refused for the rest: it takes reasons too.
ADVERSE = frozenset({"refuse", "approve-in-part"})
APPROVING = frozenset({"approve", "approve-in-part"})


@dataclass(frozen=True)
class Proposed:
    """A decision as it is written. `amount` in yen, where the procedure grants one; `criteria` are the keys of those it cites."""

    decision: str
    reasons: str = ""
    amount: int | None = None
    conditions: Sequence[str] = ()
    criteria: Sequence[str] = ()
    document: Written | None = field(default=None)


def must_be_on(case: Case, revision: int | None) -> None:
    """Raises Conflict when somebody acts on contents that are not the present ones."""
    if revision is not None and revision != case.revision:
        raise Conflict("The applicant has sent in mended contents in the meantime; look at them first")


def errors(procedure: Procedure, case: Case, proposed: Proposed, judged: Mapping[str, Judgement]) -> list[FieldError]:
    """What keeps this decision from being made."""
    allowed = procedure.review.decisions
    if proposed.decision not in allowed:
        return [FieldError("/decision", "Choose one of {allowed}", {"allowed": ", ".join(allowed)})]
    found = [
        *_reasons(proposed),
        *_cited(procedure, proposed, judged),
        *_amount(procedure, case, proposed),
        *_conditions(proposed),
    ]
    if proposed.document:
        found += proposed.document.errors()
    if proposed.decision == "approve":
        titles = {one.key: one.title.ja for one in procedure.review.criteria()}
        unmet = [key for key, one in judged.items() if one.verdict == "not-met" and key in titles]
        says = message("This cannot be approved in full: a criterion is not met ({title})")
        found += [FieldError("/decision", says, {"title": titles[key]}) for key in unmet]
    return found


def _reasons(proposed: Proposed) -> list[FieldError]:
    found = text_errors("/reasons", proposed.reasons, REASONS_LIMIT)
    if proposed.decision in ADVERSE and not proposed.reasons.strip():
        found.append(FieldError("/reasons", "Give the reasons: a refusal has to state them (行政手続法8条)"))
    return found


def _cited(procedure: Procedure, proposed: Proposed, judged: Mapping[str, Judgement]) -> list[FieldError]:
    known = [one.key for one in procedure.review.criteria()]
    if proposed.decision == "refuse" and known and not proposed.criteria:
        return [FieldError("/criteria", "Choose the criteria that are not met (行政手続法8条)")]
    found = []
    for number, key in enumerate(proposed.criteria):
        at = json_pointer("criteria", number)
        if key not in known:
            found.append(FieldError(at, "Choose one of {allowed}", {"allowed": ", ".join(known) or "-"}))
        elif key in judged and judged[key].verdict == "met":
            found.append(FieldError(at, "This criterion was judged as met; judge it anew, or cite others"))
    return found


def _amount(procedure: Procedure, case: Case, proposed: Proposed) -> list[FieldError]:
    key = procedure.review.amount
    applied = case.answers.get(key) if key else None
    if key is None or proposed.decision not in APPROVING:
        return [] if proposed.amount is None else [FieldError("/amount", "Leave the amount out: nothing is granted here")]
    if not isinstance(applied, int):
        return []
    if proposed.decision == "approve":
        whole = proposed.amount in {None, applied}
        return [] if whole else [FieldError("/amount", "Another amount than applied for is an approval in part")]
    if proposed.amount is None or not 0 < proposed.amount < applied:
        return [
            FieldError("/amount", "Write an amount above 0 and below {applied}, what is applied for", {"applied": f"{applied:,}"})
        ]
    return []


def _conditions(proposed: Proposed) -> list[FieldError]:
    if proposed.conditions and proposed.decision not in APPROVING:
        return [FieldError("/conditions", "Leave the conditions out: only an approval has conditions")]
    if len(proposed.conditions) > MOST_CONDITIONS:
        return [FieldError("/conditions", "Write at most {most} conditions", {"most": MOST_CONDITIONS})]
    return [
        error
        for number, one in enumerate(proposed.conditions)
        for error in text_errors(json_pointer("conditions", number), one, CONDITION_LIMIT, needed=True)
    ]
