"""What stands in a message for each name of the table (table.py): the event's own value as people read it, or one made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from shared.events import CaseDecided
from shared.i18n import Language, message, show_date, show_time, translate

_IN_PART = message("Approved in part")
_DECISIONS = {"approve": message("Approved"), "refuse": message("Refused"), "accept": message("Accepted")}
_LATE = message("The case was decided before this came; the decision stands on the contents before.")
_NOBODY = message("Nobody yet")


def filled(event: Any, names: Iterable[str], language: Language) -> dict[str, Any]:
    """The values of these names in a language. A link that an event does not have is left out."""
    made = ((name, _MADE[name](event, language) if name in _MADE else _shown(getattr(event, name), language)) for name in names)
    return {name: value for name, value in made if value is not None}


def _shown(value: Any, language: Language) -> str | list[str] | None:
    match value:
        case None | list():
            return value
        case datetime():
            return show_time(value, language)
        case date():
            return show_date(value, language)
    return str(value)


def _official(event: Any, language: Language) -> str:
    return event.official.name if event.official else translate(_NOBODY, language)


def _mends(event: Any, language: Language) -> list[str]:
    return [mend.ja if language == "ja" else mend.en for mend in event.mends]


def _decision(event: CaseDecided, language: Language) -> str:
    return translate(_IN_PART if event.partly else _DECISIONS[event.decision], language)


def _amount(event: CaseDecided, language: Language) -> str:
    if event.amount is None:
        return ""
    return translate(message("Amount granted: {amount} yen"), language, amount=f"{event.amount:,}")


_MADE: Mapping[str, Callable[[Any, Language], str | list[str]]] = {
    "group": lambda event, _: event.group_title,
    "official": _official,
    "asked": lambda event, _: event.name,
    "late": lambda event, language: translate(_LATE, language) if event.late else "",
    "mends": _mends,
    "decision": _decision,
    "decided_at": lambda event, language: show_date(event.decided_at, language),
    "amount": _amount,
    "has_conditions": lambda event, _: "yes" if event.conditions else "no",
    "has_criteria": lambda event, _: "yes" if event.criteria else "no",
}
