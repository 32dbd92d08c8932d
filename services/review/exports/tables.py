"""Cases as rows: the same facts of every case, and the fields of the form where all are of one procedure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from services.review.cases.cases import ref_of
from services.review.cases.states import DECIDED, STATES
from services.review.models import Case
from services.review.models import Procedure as KeptProcedure
from services.review.procedures import version
from shared.events import ProcedureRef
from shared.i18n import JST, Language, message, translate
from shared.procedure.fields import GroupField, SimpleField
from shared.procedure.kinds import KINDS
from shared.procedure.model import Procedure

Cell = str | int | float | None
Field = SimpleField | GroupField
# Spreadsheets compute with doubles: a longer number is written as a text.
EXACT = 2**53
# Types whose answers are written as numbers.
NUMBERS = frozenset({"integer", "decimal", "money", "percent"})


@dataclass(frozen=True)
class Fact:
    """What every case has."""

    key: str
    label: str
    of: Callable[[Case, Procedure, Language], Cell | datetime | date]


FACTS: tuple[Fact, ...] = (
    Fact("arrival_number", message("Arrival number"), lambda case, *_: case.arrival_number),
    Fact("receipt_number", message("Receipt number"), lambda case, *_: case.receipt_number),
    Fact("arrived_at", message("Arrived on"), lambda case, *_: case.arrived_at),
    Fact("procedure", message("Procedure"), lambda _case, procedure, language: procedure.title.within(language)),
    Fact("group", message("Group"), lambda case, procedure, language: _office(procedure, case.group, language)),
    Fact("official", message("Official"), lambda case, *_: case.official_name),
    Fact("applicant", message("Applicant"), lambda case, *_: case.applicant["name"]),
    Fact("corporate_number", message("Corporate number"), lambda case, *_: case.applicant.get("corporate_number")),
    Fact("contact", message("Contact"), lambda case, *_: case.contact.get("name")),
    Fact("email", message("E-mail address"), lambda case, *_: case.contact.get("email")),
    Fact("state", message("State"), lambda case, _, language: translate(STATES[case.state][1], language)),
    Fact("stage", message("Stage"), lambda case, procedure, language: procedure.review.stage(case.stage).title.within(language)),
    Fact("due_on", message("Due"), lambda case, *_: case.due_on),
    Fact("decision", message("Decision"), lambda case, _, language: _decision(case, language)),
    Fact("decided_at", message("Decided on"), lambda case, *_: case.decided_at),
    Fact("amount", message("Amount granted (yen)"), lambda case, *_: case.amount),
    Fact("reasons", message("Reasons"), lambda case, *_: case.reasons),
)


def _office(procedure: Procedure, group: str, language: Language) -> str:
    return next((office.title.within(language) for office in procedure.offices if office.key == group), group)


def _decision(case: Case, language: Language) -> str:
    return translate(DECIDED[case.decision][1], language) if case.decision else ""


class Table:
    """Rows for cases, all with the same columns."""

    def __init__(self, session: Session, procedure_id: str | None, language: Language) -> None:
        self._language = language
        self._fields = fields_of(session, procedure_id) if procedure_id else []

    def header(self) -> list[str]:
        """The columns' titles."""
        labels = [translate(fact.label, self._language) for fact in FACTS]
        return labels + [one.label.within(self._language) for one in self._fields]

    def row(self, session: Session, case: Case) -> list[Cell]:
        """A case."""
        procedure = version(session, ref_of(case))
        facts = [_written(fact.of(case, procedure, self._language)) for fact in FACTS]
        return facts + [_answer(one, case.answers.get(one.key), self._language) for one in self._fields]

    def record(self, session: Session, case: Case) -> dict[str, Any]:
        """A case for programs: facts by name, and the answers as they were filed."""
        procedure = version(session, ref_of(case))
        facts = {fact.key: fact.of(case, procedure, self._language) for fact in FACTS}
        own = {"procedure": case.procedure_id, "group": case.group, "state": case.state, "stage": case.stage}
        ids = {"id": case.id, "application_id": case.application_id, "procedure_version": case.procedure_version}
        return {**ids, **facts, **own, "decision": case.decision, "answers": case.answers}


def fields_of(session: Session, procedure_id: str) -> list[Field]:
    """The fields of a procedure's forms: those of its newest version, then what only older ones had."""
    query = select(KeptProcedure.version).where(KeptProcedure.id == procedure_id).order_by(col(KeptProcedure.version).desc())
    found: dict[str, Field] = {}
    for number in session.exec(query):
        for one in version(session, ProcedureRef(id=procedure_id, version=number)).fields():
            found.setdefault(one.key, one)
    return list(found.values())


def _written(value: Any) -> Cell:
    if isinstance(value, datetime):
        return value.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    found: Cell = value
    return found


def _answer(one: Field, answer: Any, language: Language) -> Cell:
    """An answer as people read it; numbers stay numbers. A group is a text with a line for each of its rows."""
    if answer in (None, "", []):
        return None
    try:
        return _rows(one, answer, language) if isinstance(one, GroupField) else _one(one, answer, language)
    except (KeyError, TypeError, ValueError, AttributeError):  # a field of this key had another type in an older version
        return str(answer)


def _one(one: SimpleField, answer: Any, language: Language) -> Cell:
    if one.type in NUMBERS and isinstance(answer, int | float) and abs(answer) < EXACT:
        return answer
    return KINDS[one.type].shown(one, answer, language)


def _rows(group: GroupField, answers: Sequence[Mapping[str, Any]], language: Language) -> str:
    colon, comma = ("：", "、") if language == "ja" else (": ", ", ")
    return "\n".join(comma.join(_parts(group.fields, row, language, colon)) for row in answers)


def _parts(fields: Iterable[SimpleField], row: Mapping[str, Any], language: Language, colon: str) -> Iterable[str]:
    for one in fields:
        answer = row.get(one.key)
        if answer not in (None, "", []):
            yield f"{one.label.within(language)}{colon}{KINDS[one.type].shown(one, answer, language)}"
