"""Which fields a form asks for, given the answers so far, and which answers count.

What a condition hides or disables does not count, unless the field says `keep`; and what only an answer that does not count
asked for is not asked for either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.procedure.fields import FieldOf, GroupField
from shared.procedure.model import Procedure
from shared.procedure.scope import Scope


@dataclass
class Asking:
    """Places are “key”, or “group/row/key” within a group's rows.

    `required` has the fields that take answers, each with whether it is required; `disabled` those that are shown and take none
    at present; `answers` what counts of the answers.
    """

    required: dict[str, bool] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    answers: dict[str, Any] = field(default_factory=dict)


def asked(procedure: Procedure, answers: Mapping[str, Any], *, today: date) -> dict[str, bool]:
    """The fields that take answers, each with whether it is required."""
    return asking(procedure, answers, today=today).required


def asking(procedure: Procedure, answers: Mapping[str, Any], *, today: date) -> Asking:
    """What a form asks for with these answers."""
    counting = dict(answers)
    while True:
        found = _look(procedure, counting, today)
        left = _left(procedure, counting, found)
        if left == counting:
            found.answers = counting
            return found
        counting = left  # smaller each time


def _look(procedure: Procedure, answers: Mapping[str, Any], today: date) -> Asking:
    scope = Scope(procedure, answers, today)
    found = Asking()
    for one in procedure.fields():
        if not _enter(found, scope, one, one.key) or not isinstance(one, GroupField):
            continue
        for index, row in enumerate(scope.values[one.key] or [_nothing(one)]):
            scope.enter_row(row)
            for part in one.fields:
                _enter(found, scope, part, f"{one.key}/{index}/{part.key}")
        scope.enter_row(None)
    return found


def _enter(found: Asking, scope: Scope, one: FieldOf, place: str) -> bool:
    """Note a field; whether it is shown."""
    if not scope.holds(one.show):
        return False
    if scope.holds(one.enable):
        found.required[place] = scope.holds(one.required)
    else:
        found.disabled.add(place)
    return True


def _left(procedure: Procedure, answers: Mapping[str, Any], found: Asking) -> dict[str, Any]:
    """The answers without those that do not count. Rows stay, so that their numbers mean the same."""
    left = dict(answers)
    for one in procedure.fields():
        if one.key not in found.required and not one.keep:
            left.pop(one.key, None)
        elif isinstance(one, GroupField) and isinstance(left.get(one.key), list):
            rows, number = [], 0
            for row in left[one.key]:
                if isinstance(row, dict):
                    rows.append({key: answer for key, answer in row.items() if _counts(one, key, number, found)})
                    number += 1
                else:
                    rows.append(row)
            left[one.key] = rows
    return left


def _counts(group: GroupField, key: str, number: int, found: Asking) -> bool:
    """Whether a row's answer counts. In a group that is kept though it is hidden, no conditions of parts are decided."""
    part = next((part for part in group.fields if part.key == key), None)
    return part is None or part.keep or group.key not in found.required or f"{group.key}/{number}/{key}" in found.required


def _nothing(group: GroupField) -> dict[str, Any]:
    parts: list[FieldOf] = list(group.fields)
    return {part.key: None for part in parts}
