"""Rules in CEL (Common Expression Language): conditions, computed values, checks and routing, without loops or side effects.

Answers are seen by their field keys; days and months are timestamps at midnight, and so is `today`; in a group's fields `row` is
the row. Functions: see functions.py. A rule that needs an answer which was not given does not apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from shared.i18n import message, translate
from shared.procedure.fields import FieldOf, GroupField, SimpleField, Text
from shared.procedure.kinds import KINDS
from shared.procedure.kinds.numbers import digits_of
from shared.procedure.model import Procedure
from shared.procedure.scope import APPLICANT, RuleError, Scope, computed_fields, names_applicant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Finding", "RuleError", "computed", "deciding", "findings", "route"]


@dataclass(frozen=True)
class Finding:
    """What a rule says of the answers. `pointer` is a JSON Pointer into them."""

    pointer: str
    level: Literal["error", "warning"]
    says: Text


def findings(procedure: Procedure, answers: Mapping[str, Any], *, today: date) -> list[Finding]:
    """What the procedure's rules say of answers, which the schema has seen before. Raises RuleError for a mistake in a rule."""
    scope = Scope(procedure, answers, today)
    found = [
        finding
        for field in procedure.fields()
        for finding in _of_field(field, answers.get(field.key), scope.values[field.key], scope)
    ]
    found += [
        Finding(f"/{check.at}" if check.at else "", check.level, check.says)
        for check in procedure.checks
        if scope.holds(check.when)
    ]
    return found


def computed(procedure: Procedure, answers: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    """The answers with what the rules compute in its place, whatever was filed there. Raises RuleError."""
    filled = dict(answers)
    nodes = computed_fields(procedure)
    if not nodes:
        return filled
    values = Scope(procedure, answers, today).values
    for group in {node.group for node in nodes if node.group and isinstance(answers.get(node.group), list)}:
        keys = [node.key for node in nodes if node.group == group]
        rows = [dict(row) if isinstance(row, dict) else row for row in answers[group]]
        for row, seen in zip((row for row in rows if isinstance(row, dict)), values[group], strict=True):
            _fill(row, keys, seen)
        filled[group] = rows
    _fill(filled, [node.key for node in nodes if not node.group], values)
    return filled


def _fill(into: dict[str, Any], keys: list[str], values: Mapping[str, Any]) -> None:
    for key in keys:
        if values[key] is None:
            into.pop(key, None)
        else:
            into[key] = _written(values[key])


def _written(value: Any) -> Any:
    return value.date().isoformat() if isinstance(value, datetime) else value


def _of_field(field: FieldOf, answer: Any, seen: Any, scope: Scope, above: str = "") -> Iterator[Finding]:
    pointer = f"{above}/{field.key}"
    given = answer not in (None, "", [])
    if isinstance(field, SimpleField) and field.value is not None:
        if given and not _same(answer, seen):
            yield _differs(pointer, field, seen)
        return
    takes_answer = scope.asked(field)
    if not takes_answer and not field.keep:
        if given:
            yield _error(pointer, message("Leave “{label}” empty: it is not asked for here"), field)
        return
    if not given:
        if takes_answer and scope.holds(field.required):
            yield _error(pointer, message("Enter “{label}”"), field)
        return
    if isinstance(field, GroupField):
        yield from _of_rows(field, answer, seen, scope, pointer)
    elif isinstance(field, SimpleField) and seen is not None and (says := KINDS[field.type].fault(field, seen, scope.values)):
        yield _error(pointer, says, field)


def _of_rows(field: GroupField, answer: Any, seen: Any, scope: Scope, pointer: str) -> Iterator[Finding]:
    values = iter(seen or ())
    for index, row in enumerate(answer if isinstance(answer, list) else ()):
        if not isinstance(row, dict):
            continue
        row_seen = next(values)
        for part in field.fields:
            scope.enter_row(row_seen)
            yield from _of_field(part, row.get(part.key), row_seen[part.key], scope, f"{pointer}/{index}")
    scope.enter_row(None)


def _same(answer: Any, seen: Any) -> bool:
    """Whether a filed value is the computed one; yes and 1 are not the same."""
    value = _written(seen)
    return isinstance(answer, bool) == isinstance(value, bool) and bool(answer == value)


def _differs(pointer: str, field: SimpleField, seen: Any) -> Finding:
    if seen is None:
        return _error(pointer, message("Leave “{label}” empty: it cannot be computed from these answers"), field)
    says = message("“{label}” has to be {value}: it is computed from the other answers")
    texts = {
        language: translate(
            says, language, label=field.label.within(language), value=KINDS[field.type].shown(field, _written(seen), language)
        )
        for language in ("ja", "en")
    }
    return Finding(pointer, "error", Text(**texts))


def _error(pointer: str, says: str, field: FieldOf) -> Finding:
    texts = {
        language: translate(says, language, label=field.label.within(language), digits=digits_of(field))
        for language in ("ja", "en")
    }
    return Finding(pointer, "error", Text(**texts))


@dataclass(frozen=True)
class Routed:
    """Where a case goes: to a group, by a rule (counted from 0), to somebody who knows these things."""

    group: str
    rule: int
    skills: tuple[str, ...]


def routed(
    procedure: Procedure, answers: Mapping[str, Any], *, today: date, applicant: Mapping[str, Any] | None = None
) -> Routed:
    """The first route that fits. Rules about the applicant do not fit while nobody says who it is. Raises RuleError for none."""
    scope = Scope(procedure, answers, today, {APPLICANT: applicant} if names_applicant(procedure) else None)
    for number, rule in enumerate(procedure.review.route):
        if not scope.holds(rule.when):
            continue
        if rule.to is not None:
            return Routed(rule.to, number, tuple(rule.skills))
        prefecture = scope.evaluate(rule.to_office_of or "")
        for office in procedure.offices:
            if prefecture in office.prefectures:
                return Routed(office.key, number, tuple(rule.skills))
    raise RuleError(f"no office is responsible for this application of {procedure.procedure}")


def route(procedure: Procedure, answers: Mapping[str, Any], *, today: date) -> str:
    """The office a case goes to, as far as the answers say. Raises RuleError when no route fits."""
    return routed(procedure, answers, today=today).group


def deciding(
    procedure: Procedure, answers: Mapping[str, Any], *, amount: int | None, today: date, deputies: bool = False
) -> frozenset[str]:
    """The duties that may decide in the last stage: its own, those that 専決 names for this case, and `deputies` (代決)."""
    stage = procedure.review.stages[-1]
    scope = Scope(procedure, answers, today, {"amount": amount})
    roles = {stage.role} | {one.role for one in stage.delegation if scope.holds(one.when)}
    return frozenset(roles | ({stage.deputy} if deputies and stage.deputy else set()))
