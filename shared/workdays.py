"""The days on which offices of the state work, and counting by them. Every day is one of Japan's calendar.

Closed are Saturdays, Sundays, the national holidays (国民の祝日に関する法律) with their substitutes, and 29 December to 3 January
(行政機関の休日に関する法律1条). The holidays of later years are as the law is today: a release of `holidays` brings what changes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache, lru_cache

import holidays
from holidays.version import __version__

from shared.i18n import JST, Language, message, translate

# Which calendar counts: what was counted by another one is counted again.
CALENDAR = f"holidays {__version__}"
_SATURDAY = 5
_YEARS_END = message("Closed over the turn of the year")
_A_DAY = timedelta(days=1)


def today() -> date:
    """The day in Japan."""
    return day_of(datetime.now(JST))


def day_of(moment: datetime) -> date:
    """The day of a moment in Japan."""
    return moment.astimezone(JST).date()


def holiday(day: date, language: Language) -> str:
    """The name of the holiday, empty on a day that is none."""
    if name := _holidays(day.year, language).get(day):
        return name
    return translate(_YEARS_END, language) if _years_end(day) else ""


def holidays_of(year: int) -> dict[date, str]:
    """The national holidays that the calendar knows of a year."""
    return dict(_holidays(year, "ja"))


@lru_cache(maxsize=20_000)
def is_working(day: date) -> bool:
    """Whether the offices of the state work on a day."""
    return day.weekday() < _SATURDAY and not _years_end(day) and day not in _holidays(day.year, "ja")


def after(day: date, number: int, *, working: bool = True) -> date:
    """The `number`-th working day (or day) after a day; the day itself is not counted (初日不算入, 民法140条)."""
    if not working:
        return day + timedelta(days=number)
    left = number
    while left > 0:
        day += _A_DAY
        left -= is_working(day)
    return day


def between(start: date, end: date, *, working: bool = True) -> int:
    """How many working days (or days) come after `start` until `end`, `end` with them; below zero where `end` is earlier."""
    if end < start:
        return -between(end, start, working=working)
    length = (end - start).days
    return sum(is_working(start + timedelta(days=n)) for n in range(1, length + 1)) if working else length


def on_or_after(day: date) -> date:
    """The day, or the next working day where it is none (民法142条)."""
    while not is_working(day):
        day += _A_DAY
    return day


def _years_end(day: date) -> bool:
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


@cache
def _holidays(year: int, language: Language) -> dict[date, str]:
    found = holidays.country_holidays("JP", years=year, language="ja" if language == "ja" else "en_US")
    return {day: name for day, name in found.items() if day.year == year}
