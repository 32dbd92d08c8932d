"""Days, months and times. Days and months are timestamps at midnight for rules, times are texts such as 09:30."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from shared.i18n import Language, message, show_date, show_month
from shared.procedure.fields import FieldOf, SimpleType
from shared.procedure.kinds.kind import Fault, Kind, Schema, closed

# RFC 3339 knows a year 0000, the calendars of Python and of people do not
_DAY: Schema = {"type": "string", "format": "date", "minLength": 10, "maxLength": 10, "pattern": "^[12][0-9]{3}-"}
_RANGE = closed({"from": _DAY, "to": _DAY}, "from", "to")


def midnight(day: date) -> datetime:
    """A day as rules see it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(answer: Any) -> datetime | None:
    try:
        return midnight(date.fromisoformat(answer))
    except (TypeError, ValueError):
        return None


def _month(answer: Any) -> datetime | None:
    return _day(f"{answer}-01") if isinstance(answer, str) else None


def _range(answer: Any) -> dict[str, datetime | None] | None:
    return {end: _day(answer.get(end)) for end in ("from", "to")} if isinstance(answer, dict) else None


def _show_day(_field: FieldOf, answer: Any, language: Language) -> str:
    return show_date(date.fromisoformat(answer), language)


def _show_month(_field: FieldOf, answer: Any, language: Language) -> str:
    return show_month(date.fromisoformat(f"{answer}-01"), language)


def _show_range(field: FieldOf, answer: Any, language: Language) -> str:
    between = "から" if language == "ja" else " to "
    return f"{_show_day(field, answer['from'], language)}{between}{_show_day(field, answer['to'], language)}"


def _born(_field: FieldOf, seen: datetime, around: Mapping[str, Any]) -> Fault:
    return message("“{label}” lies in the future") if seen > around["today"] else None


KINDS: dict[SimpleType, Kind] = {
    "date": Kind(message("Date"), lambda _: _DAY, _day, _show_day),
    "birth-date": Kind(message("Date of birth"), lambda _: _DAY, _day, _show_day, _born),
    "month": Kind(
        message("Month"), lambda _: {"type": "string", "pattern": "^[12][0-9]{3}-(0[1-9]|1[0-2])$"}, _month, _show_month
    ),
    "time": Kind(message("Time"), lambda _: {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}),
    "date-range": Kind(message("Period"), lambda _: _RANGE, _range, _show_range),
}
