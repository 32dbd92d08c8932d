"""Which fields a form asks for, given the answers so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.procedure.fields import FieldOf, GroupField
from shared.procedure.model import Procedure
from shared.procedure.scope import Scope


def asked(procedure: Procedure, answers: Mapping[str, Any], *, today: date) -> dict[str, bool]:
    """The fields that take answers, each with whether it is required: “key”, or “group/row/key” within a group's rows."""
    scope = Scope(procedure, answers, today)
    found: dict[str, bool] = {}
    for field in procedure.fields():
        if not scope.asked(field):
            continue
        found[field.key] = scope.holds(field.required)
        if isinstance(field, GroupField):
            for index, row in enumerate(scope.values[field.key] or [_nothing(field)]):
                scope.enter_row(row)
                asks = [part for part in field.fields if scope.asked(part)]
                found |= {f"{field.key}/{index}/{part.key}": scope.holds(part.required) for part in asks}
            scope.enter_row(None)
    return found


def _nothing(field: GroupField) -> dict[str, Any]:
    parts: list[FieldOf] = list(field.fields)
    return {part.key: None for part in parts}
