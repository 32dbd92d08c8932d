"""The form that narrows a list of cases: what was entered, what may be chosen, and what the list is narrowed by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError
from sqlalchemy import text
from sqlmodel import Session

from services.review.cases import states
from services.review.cases.rights import groups_of
from services.review.finding.finding import Filter
from services.review.models import SavedView
from services.review.procedures import newest
from shared.i18n import Language, message, show_date, translate
from shared.identity.callers import Caller
from shared.identity.personal import NAME
from shared.problems import FieldError
from shared.validation import body_errors

WHOSE = {
    "mine": message("Given to me"),
    "turn": message("My turn"),
    "groups": message("Of my groups"),
    "nobody": message("Given to nobody"),
}
OVERDUE, ALL = "overdue", "all"
STATES = {**{state: text for state, (_, text) in states.STATES.items()}, OVERDUE: message("Overdue"), ALL: message("All")}
# The filters of the form, in its order; `whose` and `state` are chosen above it.
LABELS = {
    "q": message("Search"),
    "procedure": message("Procedure"),
    "stage": message("Stage"),
    "group": message("Group"),
    "official": message("Official"),
    "decision": message("Decision"),
    "due_to": message("Last day until"),
    "arrived_from": message("Arrived from"),
    "arrived_to": message("Arrived until"),
    "amount_from": message("Amount from (yen)"),
    "amount_to": message("Amount up to (yen)"),
}
MOST_COLLEAGUES = 200
_COLLEAGUES = text("""
select distinct account_id, name from identity.official where "group" = any(:groups) limit 1000
""").columns(name=NAME)


@dataclass(frozen=True)
class Entered:
    """What somebody asked a list for; what could not be understood is left out and said in `errors`."""

    whose: str
    state: str
    entries: dict[str, str]
    filter: Filter
    errors: list[FieldError]


def read(query: Mapping[str, str]) -> Entered:
    """What the address of a list says. Without anything: one's own open cases."""
    whose = query.get("whose", "mine")
    state = query.get("state", "open")
    whose, state = whose if whose in WHOSE else "mine", state if state in STATES else "open"
    entries = {name: query[name].strip() for name in LABELS if query.get(name, "").strip()}
    given: dict[str, Any] = {**entries, "mine": whose == "mine", "turn": whose == "turn", "unassigned": whose == "nobody"}
    given |= {"state": state} if state in states.STATES else {"overdue": state == OVERDUE}
    try:
        return Entered(whose, state, entries, Filter.model_validate(given), [])
    except ValidationError as error:
        errors = body_errors(error.errors())
        wrong = {one.pointer.split("/")[1] for one in errors}
        kept = {name: value for name, value in given.items() if name not in wrong}
        return Entered(whose, state, entries, Filter.model_validate(kept), errors)


def choices(session: Session, caller: Caller, language: Language) -> dict[str, dict[str, str]]:
    """What may be chosen: for each filter with a choice, value → text."""
    procedures = newest(session)
    groups = groups_of(session, caller)
    colleagues = sorted(session.execute(_COLLEAGUES, {"groups": groups}), key=lambda row: row.name)[:MOST_COLLEAGUES]
    titles = {office.key: office.title.within(language) for one in procedures for office in one.offices}
    return {
        "stage": {stage.key: stage.title.within(language) for one in procedures for stage in one.review.stages},
        "procedure": {one.procedure: one.title.within(language) for one in procedures},
        "group": {group: titles.get(group, group) for group in groups},
        "official": {str(row.account_id): row.name for row in colleagues},
        "decision": {value: translate(says, language) for value, (_, says) in states.DECIDED.items()},
    }


def chips(
    entered: Entered, chosen: Mapping[str, Mapping[str, str]], language: Language, without: Callable[[str], str]
) -> list[tuple[str, str, str]]:
    """What a list is narrowed by: label, value as people read it, and the address of the list without it."""
    found = []
    for name, label in LABELS.items():
        value = getattr(entered.filter, name)
        if value in (None, ""):
            continue
        if name in chosen:
            shown = chosen[name].get(str(value), str(value))
        elif isinstance(value, date):
            shown = show_date(value, language)
        else:
            shown = f"{value:,}" if isinstance(value, int) else str(value)
        found.append((translate(label, language), shown, without(name)))
    return found


def address(view: SavedView) -> str:
    """The list as a saved view shows it."""
    wanted = Filter.model_validate(view.filter)
    whose = "mine" if wanted.mine else "turn" if wanted.turn else "nobody" if wanted.unassigned else "groups"
    state = OVERDUE if wanted.overdue else wanted.state or ALL
    entries = {name: str(view.filter[name]) for name in LABELS if name in view.filter}
    return "/desk?" + urlencode({"whose": whose, "state": state, **entries, "sort": view.sort})
