"""What rules can call besides CEL's own. None stands for an answer that was not given, and makes the result None.

Whole numbers are exact. Others are taken by their shortest decimal writing, with 15 digits: 0.29 × 100 is 29, as on paper.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import wraps
from typing import Any

_EXACT = Context(prec=60)
_AS_WRITTEN = Context(prec=15)
_LARGEST = 2**63 - 1
_MONTHS = 12
_DAYS_LIMIT = 400_000


def _decimal(number: Any) -> Decimal:
    return Decimal(number) if isinstance(number, int) else _AS_WRITTEN.plus(Decimal(repr(float(number))))


def _number(exact: Decimal) -> int | float | None:
    """For CEL again: whole numbers as integers; None for what it cannot hold."""
    if abs(exact) > _LARGEST:
        return None
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_numbers(function: Callable[..., Decimal | None]) -> Callable[..., int | float | None]:
    @wraps(function)
    def called(*numbers: Any) -> int | float | None:
        if not all(_is_number(number) for number in numbers):
            return None
        result = function(*map(_decimal, numbers))
        return None if result is None else _number(result)

    return called


def _to_places(mode: str) -> Callable[..., int | float | None]:
    def rounded(number: Decimal, places: Decimal = Decimal(0)) -> Decimal | None:
        if not 0 <= places <= 6:  # noqa: PLR2004 - as the fields' digits
            return None
        return number.quantize(Decimal(1).scaleb(-int(places)), rounding=mode, context=_EXACT)

    return _of_numbers(rounded)


@_of_numbers
def _times(*numbers: Decimal) -> Decimal:
    product = Decimal(1)
    for number in numbers:
        product = _EXACT.multiply(product, number)
    return product


@_of_numbers
def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    return _EXACT.divide(part, whole) if whole else None


def _list(values: tuple[Any, ...]) -> list[Any] | None:
    """Both `max(a, b)` and `max(list)`; None when a value is missing or is no number."""
    several = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
    return several if isinstance(several, list) and all(_is_number(value) for value in several) else None


def _sum(*values: Any) -> int | float | None:
    numbers = _list(values)
    return None if numbers is None else _number(sum(map(_decimal, numbers), Decimal(0)))


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def chosen(*values: Any) -> Any:
        numbers = _list(values)
        return choose(numbers) if numbers else None

    return chosen


def _days(number: Any) -> timedelta | None:
    return timedelta(days=number) if _is_number(number) and abs(number) <= _DAYS_LIMIT else None


def _add_months(day: Any, number: Any) -> datetime | None:
    """The same day some months later, or the month's last where there is no such day (民法143条2項)."""
    if not isinstance(day, datetime) or not _is_number(number):
        return None
    years, month = divmod(day.year * _MONTHS + day.month - 1 + int(number), _MONTHS)
    if not 1 <= years <= 9999:  # noqa: PLR2004 - the years a datetime has
        return None
    return day.replace(year=years, month=month + 1, day=min(day.day, calendar.monthrange(years, month + 1)[1]))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "days": _days,
    "add_months": _add_months,
    "sum": _sum,
    "min": _extreme(min),
    "max": _extreme(max),
    "floor": _to_places(ROUND_FLOOR),
    "ceil": _to_places(ROUND_CEILING),
    "round": _to_places(ROUND_HALF_UP),
    "times": _times,
    "ratio": _ratio,
}
