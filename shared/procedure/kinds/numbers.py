"""Numbers. Whole ones are exact integers for rules; others are doubles, read and rounded by their shortest decimal writing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from shared.i18n import Language, message
from shared.procedure.fields import FieldOf, SimpleType
from shared.procedure.kinds.kind import Fault, Kind, Schema

# yen; more than a national budget is a slip of the finger
MONEY_LIMIT = 10**15
INTEGER_LIMIT = 10**9
PERCENT_LIMIT = 100
DIGITS = 2


def digits_of(field: FieldOf) -> int:
    """How many decimal places a field takes."""
    return DIGITS if field.digits is None else field.digits


def _between(kind: str, field: FieldOf, most: int) -> Schema:
    """Within the field's bounds. A computed value may be below zero, and large, unless the field says otherwise."""
    lower, upper = computed_bounds(field) if field.value is not None else (field.min or 0, field.max or most)
    return {"type": kind, "minimum": lower, "maximum": upper}


def computed_bounds(field: FieldOf) -> tuple[int, int]:
    """Between which numbers a computed value has to lie; otherwise there is none."""
    return (-MONEY_LIMIT if field.min is None else field.min, field.max or MONEY_LIMIT)


def whole(answer: Any) -> int | None:
    """An integer as rules see it. JSON knows no difference between 5 and 5.0."""
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not math.isfinite(answer):
        return None
    return int(answer) if answer == int(answer) else None


def _number(answer: Any) -> float | None:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return None
    try:
        return float(answer) if math.isfinite(answer) else None
    except OverflowError:
        return None


def _rate(answer: Any) -> dict[str, int] | None:
    numerator, _, denominator = answer.partition("/") if isinstance(answer, str) else ("", "", "")
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in (numerator, denominator)) or not int(denominator):  # noqa: PLR2004 - as the schema's pattern
        return None
    return {"numerator": int(numerator), "denominator": int(denominator)}


def _digits_fault(field: FieldOf, seen: float, _around: Mapping[str, Any]) -> Fault:
    exponent = Decimal(repr(seen)).normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > digits_of(field):
        return message("“{label}” has more than {digits} decimal places")
    return None


def _rate_fault(_field: FieldOf, seen: dict[str, int], _around: Mapping[str, Any]) -> Fault:
    if Fraction(seen["numerator"], seen["denominator"]) > 1:
        return message("“{label}” is more than 1; a rate is a part of the whole")
    return None


def _grouped(_field: FieldOf, answer: Any, _language: Language) -> str:
    return f"{answer:,}"


def _percent(_field: FieldOf, answer: Any, _language: Language) -> str:
    return f"{answer:,}%"


def _fiscal_year(_field: FieldOf, answer: Any, language: Language) -> str:
    return f"{answer}年度" if language == "ja" else f"FY {answer}"


KINDS: dict[SimpleType, Kind] = {
    "integer": Kind(message("Whole number"), lambda field: _between("integer", field, INTEGER_LIMIT), whole, _grouped),
    "decimal": Kind(message("Number"), lambda field: _between("number", field, INTEGER_LIMIT), _number, _grouped, _digits_fault),
    "money": Kind(message("Amount in yen"), lambda field: _between("integer", field, MONEY_LIMIT), whole, _grouped),
    "percent": Kind(
        message("Percentage"),
        lambda field: _between("number", field, PERCENT_LIMIT),
        _number,
        _percent,
        _digits_fault,
    ),
    "rate": Kind(
        message("Rate (a fraction such as 2/3)"),
        lambda _: {"type": "string", "pattern": "^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$"},
        _rate,
        fault=_rate_fault,
    ),
    "fiscal-year": Kind(
        message("Fiscal year"), lambda _: {"type": "integer", "minimum": 1900, "maximum": 2200}, whole, _fiscal_year
    ),
}
