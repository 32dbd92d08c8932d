"""Trying a rule with answers made for it, to learn what it can come to."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.i18n import Said
from shared.procedure import cel
from shared.procedure.expressions import Rule
from shared.procedure.fields import FieldOf, GroupField, SimpleField, SimpleType
from shared.procedure.functions import FUNCTIONS
from shared.procedure.kinds import KINDS
from shared.procedure.model import Procedure
from shared.procedure.scope import compiled, variables

# So many combinations at most; with more, nothing is said of what is constant.
MOST = 4000
TODAY = datetime(2026, 11, 23, tzinfo=UTC)
_NUMBER = re.compile(r"(?<![\w.\"'])\d+(?:\.\d+)?")
_TEXT = re.compile(r"""["']([^"']*)["']""")
_DAYS = {"date", "birth-date", "month"}
_NUMBERS = {"integer", "money", "fiscal-year", "decimal", "percent"}
_TEXTS = {"text", "long-text", "organisation-name"}
_A_FILE = {"name": "plan.pdf", "type": "application/pdf", "size": 1000}


@dataclass
class Outcomes:
    """What a rule came to. `complete` when every kind of answer was tried. `error` says why it can never be decided."""

    true: bool = False
    false: bool = False
    not_boolean: bool = False
    complete: bool = True
    error: Said | None = None


def outcomes(procedure: Procedure, rule: Rule) -> Outcomes:
    """What a rule comes to with the answers it may be given."""
    found = Outcomes()
    fields = {field.key: field for field in procedure.fields()}
    names = sorted(variables(rule.expression) - {"today"})
    samples: list[list[Any]] = []
    for name in names:
        field = rule.group if name == "row" else fields[name]
        values, complete = _samples(field, rule.expression) if field is not None else ([None], False)
        if isinstance(field, SimpleField) and field.required is True and field.show is True and field.enable is True:
            values = [value for value in values if value is not None]
        samples.append([row for rows in values for row in rows or ()] if name == "row" else values)
        found.complete &= complete and field is not rule.group
    combinations = list(itertools.islice(itertools.product(*samples), MOST + 1))
    found.complete &= len(combinations) <= MOST
    worked = 0
    failure = ""
    for combination in combinations[:MOST]:
        given = dict(zip(names, combination, strict=True))
        try:
            result = compiled(rule.expression).execute(cel.Context(variables={**given, "today": TODAY}, functions=FUNCTIONS))
        except Exception as error:  # noqa: BLE001 - whatever a rule does with these answers
            if not isinstance(error, ArithmeticError) and None not in combination:
                failure = str(error).splitlines()[0]
            continue
        worked += 1
        if result is True:
            found.true = True
        elif result is False:
            found.false = True
        elif result is not None:
            found.not_boolean = True
    boolean = rule.path[-1] not in {"value", "to-office-of"}
    if failure and (not worked or (boolean and not found.true)):
        found.error = Said("this can never be decided: {why}", why=failure.split(" CEL does")[0].rstrip("."))
    found.not_boolean &= not (found.true or found.false)
    return found


def _samples(field: FieldOf, expression: str) -> tuple[list[Any], bool]:
    """Answers of each kind that could make a difference, and whether these are all such."""
    kind: Any = getattr(field, "type", "")
    numbers = sorted({float(number) for number in _NUMBER.findall(expression)})
    if kind in {"choice", "yes-no", "consent"}:
        values: list[Any] = [option.value for option in field.options]
        return [None, *(values or [False, True])], True
    if kind in _NUMBERS:
        return _numbers(field, kind, numbers), "(" not in expression
    if kind in _DAYS:
        offsets = {0.0, *numbers, *(-number for number in numbers)}
        near = {offset + beside for offset in offsets if offset < 100_000 for beside in (-1, 0, 1)}  # noqa: PLR2004
        days = sorted(TODAY + timedelta(days=offset) for offset in near)
        return [None, *days], not re.search(r"\.|months|\"", expression)
    if kind in _TEXTS:
        texts = set(_TEXT.findall(expression)) | {"x"}
        return [None, *sorted(texts - {""})], not re.search(r"[(.]", expression)
    if isinstance(field, GroupField):
        return _rows(field, expression), False
    return [None, _an_answer(kind)], False


def _numbers(field: FieldOf, kind: SimpleType, numbers: list[float]) -> list[Any]:
    shape = KINDS[kind].schema(field)
    least, most = shape["minimum"], shape["maximum"]
    near = {value + beside for value in numbers for beside in (-1, -0.5, 0, 0.5, 1)} | {float(least), float(most)}
    inside = sorted(value for value in near if least <= value <= most)
    if kind in {"integer", "money", "fiscal-year"}:
        return [None, *sorted({int(value) for value in inside})]
    return [None, *inside]


def _rows(field: GroupField, expression: str) -> list[Any]:
    of_parts = [[value for value in _samples(part, expression)[0] if value is not None][:4] or ["x"] for part in field.fields]
    rows = [
        dict(zip((part.key for part in field.fields), values, strict=True)) for values in zip(*_filled(of_parts), strict=True)
    ]
    return [[], rows[:1], rows]


def _filled(columns: list[list[Any]]) -> list[list[Any]]:
    longest = max(map(len, columns))
    return [[column[number % len(column)] for number in range(longest)] for column in columns]


def _an_answer(kind: str) -> Any:
    """One answer of a type whose answers have parts, as rules see it."""
    texts = {
        "address": ("postal_code", "prefecture", "address"),
        "municipality": ("code", "name"),
        "person": ("family", "given", "family_kana", "given_kana"),
        "bank-account": ("bank_code", "bank", "branch_code", "branch", "kind", "number", "holder"),
        "industry": ("code", "title"),
        "signature": ("role", "name"),
    }
    if kind in texts:
        return dict.fromkeys(texts[kind], "13")
    whole: dict[str, Any] = {
        "date-range": {"from": TODAY, "to": TODAY + timedelta(days=1)},
        "rate": {"numerator": 2, "denominator": 3},
        "map-point": {"lat": 35.0, "lon": 139.0},
        "choices": ["x"],
        "attachment": _A_FILE,
        "attachments": [_A_FILE],
    }
    return whole.get(kind, "13")
