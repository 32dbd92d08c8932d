"""An official mends entries of an application himself, where its procedure allows it: with a reason, as a new revision.

The applicant is told what was changed and why (docs/adr/0014). Form, rules and computed values are those of the filing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from math import isfinite
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.review.cases import turns
from services.review.cases.cases import parties_of, ref_of
from services.review.cases.moves import acting
from services.review.corrections.corrections import tell
from services.review.models import Case, Revision
from services.review.procedures import compiled
from shared.events import CaseEdited, Contact
from shared.i18n import JST, Language
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid
from shared.procedure.changes import Change, changes, differences, written
from shared.procedure.fields import FILES, SimpleField
from shared.procedure.form import Compiled
from shared.procedure.form_errors import to_file, wrong
from shared.procedure.kinds import KINDS
from shared.procedure.model import Procedure
from shared.telemetry import current_traceparent
from shared.validation import text_errors

REASON_LIMIT = 2000

# Contents that the applicant sent in may be on their way: the counter has not heard yet that a correction was closed, or the
# desk has not heard yet of what came before that. One look at both is enough, as the counter answers one after the other.
_ON_ITS_WAY = text("""
select 1 from bus.delivery d join bus.event e on e.id = d.event_id
where e.subject = :application and d.state in ('waiting', 'dead') and (
  (d.service = 'intake' and e.source = 'review' and e.type like 'correction.%')
  or (d.service = 'review' and e.source = 'intake' and e.type = 'application.corrected.v1'))
limit 1
""")


@dataclass(frozen=True)
class Editable:
    """A field that an official may mend on a page: what stands there, and what can be chosen, if it is a choice."""

    key: str
    label: str
    value: str
    shown: str
    choices: list[tuple[str, str]]


def editable(procedure: Procedure, case: Case, language: Language) -> list[Editable]:
    """The fields that the procedure lets officials mend, as far as a page can offer them: those with one plain value."""
    found = []
    for field in procedure.fields():
        if field.key not in procedure.review.editable or not isinstance(field, SimpleField):
            continue
        schema, answer = KINDS[field.type].schema(field), case.answers.get(field.key)
        if field.value is not None or schema.get("type") not in {"string", "integer", "number", "boolean"}:
            continue
        choices = [(one.value, one.label.within(language)) for one in field.options]
        if schema["type"] == "boolean":
            choices = [(text_, written(field, value, language)) for text_, value in (("true", True), ("false", False))]
        value = str(answer).lower() if isinstance(answer, bool) else "" if answer is None else str(answer)
        found.append(Editable(field.key, field.label.within(language), value, written(field, answer, language), choices))
    return found


def of_case(session: Session, case: Case, language: Language) -> list[tuple[Revision, list[Change]]]:
    """What officials changed of a case themselves, in its order."""
    procedure = compiled(session, ref_of(case)).procedure
    query = select(Revision).where(Revision.case_id == case.id).order_by(col(Revision.number))
    every = session.exec(query).all()
    return [(one, changes(procedure, before.answers, one.answers, language)) for before, one in pairwise(every) if one.edited_by]


def typed(procedure: Procedure, posted: Mapping[str, str]) -> dict[str, Any]:
    """What a page's form sent, as answers: what cannot be read stays text, and the schema says so. Empty takes an answer out."""
    fields = {field.key: field for field in procedure.fields() if isinstance(field, SimpleField)}
    return {
        key: _typed(KINDS[fields[key].type].schema(fields[key]).get("type"), one) for key, one in posted.items() if key in fields
    }


def _typed(kind: Any, entered: str) -> Any:
    entered = entered.strip()
    if not entered:
        return None
    try:
        if kind == "integer":
            return int(entered.replace(",", ""))
        if kind == "number":
            number = float(entered.replace(",", ""))
            return number if isfinite(number) else entered
    except ValueError:
        return entered
    return {"true": True, "false": False}.get(entered, entered) if kind == "boolean" else entered


def edit(
    session: Session, caller: Caller, case_id: Any, changed: Mapping[str, Any], reason: str, *, revision: int | None = None
) -> Case:
    """Change answers by the keys of their fields; None takes one out. `revision`: the contents that were looked at.

    Raises NotFound, Forbidden, Conflict when newer contents came or are on their way, Invalid for what the procedure does not
    let officials change, and for what form and rules forbid.
    """
    case = acting(session, caller, case_id, "edit-entry")
    form = compiled(session, ref_of(case))
    if wrong_reason := text_errors("/reason", reason, REASON_LIMIT, needed=True):
        raise Invalid("The entries cannot be changed like this", errors=wrong_reason)
    if revision is not None and revision != case.revision:
        raise Conflict("The contents have changed in the meantime; look at them first")
    answers = _checked(form, case, changed)
    if session.execute(_ON_ITS_WAY, {"application": str(case.application_id)}).first():
        raise Conflict("Something of the applicant is on its way at this moment; try again shortly", retry_after=10)
    return _revise(session, caller, case, answers, reason.strip())


def _checked(form: Compiled, case: Case, changed: Mapping[str, Any]) -> dict[str, Any]:
    """The whole contents with what is changed in them. Raises Invalid."""
    procedure, on = form.procedure, _day_of(case)
    by_key = {field.key: field for field in procedure.fields()}
    allowed = {key for key in procedure.review.editable if key in by_key and by_key[key].type not in FILES}
    if shut := [key for key in changed if key not in allowed]:
        errors = [FieldError(f"/answers/{key}", "This procedure does not let officials change this") for key in shut]
        raise Invalid("The entries cannot be changed like this", errors=errors)
    merged = {key: answer for key, answer in {**case.answers, **changed}.items() if answer is not None}
    answers = to_file(form, merged, on=on)
    errors = [FieldError(f"/answers{one.pointer}", one.ja) for one in wrong(form, answers, on=on) if one.level == "error"]
    moved = differences(procedure, case.answers, answers)
    beside = [pointer for pointer in moved if pointer.split("/")[1] not in allowed]
    errors += [FieldError(f"/answers{one}", "This would change too, and officials may not change it") for one in beside]
    if errors:
        raise Invalid("The entries cannot be changed like this", errors=errors)
    if not moved:
        raise Invalid("Nothing is changed yet", errors=[])
    return answers


def _day_of(case: Case) -> date:
    return case.arrived_at.astimezone(JST).date()


def _revise(session: Session, caller: Caller, case: Case, answers: dict[str, Any], reason: str) -> Case:
    now = datetime.now(UTC)
    before = dict(case.answers)
    number = case.revision + 1
    first = {"case_id": case.id, "number": case.revision, "answers": before, "at": case.arrived_at}
    session.execute(insert(Revision).values(first).on_conflict_do_nothing())
    new = {"case_id": case.id, "number": number, "answers": answers, "at": now, "edited_by": caller.name, "reason": reason}
    session.execute(insert(Revision).values(new))
    case.answers, case.revision = answers, number
    turns.keep(session, case)
    keys = [key for key in {**before, **answers} if before.get(key) != answers.get(key)]
    tell(
        session,
        case,
        CaseEdited(
            subject=str(case.application_id),
            sequence=case.version + 1,
            traceparent=current_traceparent(),
            case_id=case.id,
            arrival_number=case.arrival_number,
            procedure=ref_of(case),
            group=case.group,
            parties=parties_of(case),
            contact=Contact(**case.contact),
            revision=number,
            before={key: before[key] for key in keys if key in before},
            after={key: answers[key] for key in keys if key in answers},
            reason=reason,
            author=caller.name,
            edited_at=now,
        ),
    )
    return case
