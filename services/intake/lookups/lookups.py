"""Looking up what a form can fill in by itself: an address by its postal code, a municipality, a corporation by its number.

What is found is a proposal: it is written where the applicant sees it, and he changes it as he likes.
"""

from __future__ import annotations

import os.path
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from services.intake.models import Corporation, Municipality, Place
from shared.procedure.fields import FieldOf, GroupField
from shared.procedure.kinds.places import is_municipality_code, municipality_code
from shared.procedure.model import Procedure

Lookup = Literal["places", "corporations"]
# type of field → what it is looked up in; a corporate number only where the procedure says what it fills
BY_TYPE: dict[str, Lookup] = {
    "address": "places",
    "postal-code": "places",
    "municipality": "places",
    "corporate-number": "corporations",
}
MOST_PLACES = 100
# Seconds for which is remembered what has been imported.
REMEMBER = 60.0
_IMPORTED = text("""
select exists (select from intake.place) as places, exists (select from intake.corporation) as corporations
""")


class Known:
    """Which lookups this office has imported."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: frozenset[Lookup] = frozenset()
        self._good_until = 0.0

    def available(self) -> frozenset[Lookup]:
        """The lookups that there are, asked of the database at most every REMEMBER seconds."""
        if time.monotonic() >= self._good_until:
            with Session(self._engine) as session:
                row = session.execute(_IMPORTED).one()
            every: tuple[Lookup, ...] = ("places", "corporations")
            self._found = frozenset(name for name in every if getattr(row, name))
            self._good_until = time.monotonic() + REMEMBER
        return self._found


@dataclass(frozen=True)
class Address:
    """What a postal code stands for. `address` follows the prefecture."""

    prefecture: str
    municipality: str
    city: str
    address: str


@dataclass
class Filled:
    """What a lookup came to: how many were found, and the answers as they are then, by key."""

    found: Literal["none", "one", "several"]
    answers: dict[str, Any] = field(default_factory=dict)


def has_lookup(one: FieldOf, kind: str, available: frozenset[Lookup]) -> bool:
    """Whether a field of a form can be looked up here."""
    return BY_TYPE.get(kind) in available and (kind in {"address", "municipality"} or one.fills is not None)


def addresses(session: Session, postal_code: str) -> list[Address]:
    """What a postal code of seven digits stands for; most stand for one town, some for several."""
    query = (
        select(Place.town, Municipality)
        .where(Place.postal_code == postal_code, Place.municipality == Municipality.code)
        .order_by(col(Municipality.code), col(Place.town))
        .limit(MOST_PLACES)
    )
    return [Address(city.prefecture, city.code, city.name, city.name + town) for town, city in session.exec(query)]


def municipality(session: Session, code: str) -> Municipality | None:
    """A municipality by its code of six digits, or of five without the check digit."""
    whole = municipality_code(code) if len(code) == 5 and code.isascii() and code.isdigit() else code  # noqa: PLR2004 - JIS X 0402
    return session.get(Municipality, whole) if is_municipality_code(whole) else None


def municipalities(session: Session, prefecture: str) -> list[Municipality]:
    """The municipalities of a prefecture (JIS X 0401), by their codes."""
    query = select(Municipality).where(Municipality.prefecture == prefecture).order_by(col(Municipality.code))
    return list(session.exec(query).all())


def corporation(session: Session, number: str) -> Corporation | None:
    """A corporation of the register by its number."""
    return session.get(Corporation, number)


def fill(session: Session, procedure: Procedure, answers: Mapping[str, Any], name: str) -> Filled:
    """Look a field up, by the name of its inputs (`address`, or `makers.0.address` in a row), with what was entered there."""
    key, _, rest = name.partition(".")
    found = next((one for one in procedure.fields() if one.key == key), None)
    if found is None:
        return Filled("none")
    if not isinstance(found, GroupField):
        return _fill(session, procedure, found, answers)
    row, _, part_key = rest.partition(".")
    rows = [dict(one) for one in answers.get(key) or [] if isinstance(one, dict)]
    part = next((one for one in found.fields if one.key == part_key), None)
    at = next((number for number in range(len(rows)) if str(number) == row), None)
    if part is None or at is None or part.fills is not None:
        return Filled("none")
    filled = _fill(session, procedure, part, rows[at])
    rows[at] |= filled.answers
    return Filled(filled.found, {key: rows} if filled.answers else {})


def _fill(session: Session, procedure: Procedure, one: FieldOf, answers: Mapping[str, Any]) -> Filled:
    entered, kind = answers.get(one.key), getattr(one, "type", "")
    if kind == "address" and isinstance(entered, dict):
        places = addresses(session, str(entered.get("postal_code", "")))
        return _several(places, {one.key: _address(places, entered)})
    if kind == "municipality" and isinstance(entered, dict):
        city = municipality(session, str(entered.get("code", "")))
        return Filled("one", {one.key: {"code": city.code, "name": city.name}}) if city else Filled("none")
    if kind == "postal-code" and isinstance(entered, str):
        places = addresses(session, entered)
        return _several(places, _targets(procedure, one, answers, _address(places, {"postal_code": entered})))
    if kind == "corporate-number" and isinstance(entered, str) and (known := corporation(session, entered)):
        where = {"postal_code": known.postal_code, "prefecture": known.prefecture, "address": known.address}
        return Filled("one", _targets(procedure, one, answers, where, known.name))
    return Filled("none")


def _several(places: list[Address], answers: dict[str, Any]) -> Filled:
    return Filled("none" if not places else "one" if len(places) == 1 else "several", answers if places else {})


def _address(places: list[Address], entered: Mapping[str, Any]) -> dict[str, Any]:
    """What all places have in common. What was entered is kept where it goes on from there, as with a number of a house."""
    common = os.path.commonprefix([place.address for place in places])  # noqa: RUF071 - letter by letter is what is meant
    prefectures = {place.prefecture for place in places}
    before = str(entered.get("address") or "")
    made = {
        "postal_code": entered.get("postal_code"),
        "prefecture": prefectures.pop() if len(prefectures) == 1 else entered.get("prefecture"),
        "address": before if before.startswith(common) else common,
    }
    return {part: answer for part, answer in made.items() if answer}


def _targets(
    procedure: Procedure, one: FieldOf, answers: Mapping[str, Any], where: Mapping[str, Any], name: str = ""
) -> dict[str, Any]:
    """The answers of the fields that a field fills."""
    fields = {each.key: each for each in procedure.fields()}
    filled: dict[str, Any] = {}
    if one.fills is None:
        return filled
    if one.fills.name and name:
        filled[one.fills.name] = name
    if one.fills.prefecture and where.get("prefecture"):
        filled[one.fills.prefecture] = where["prefecture"]
    if one.fills.address and where.get("address"):
        whole = fields[one.fills.address].type == "address"
        filled[one.fills.address] = {part: text for part, text in where.items() if text} if whole else where["address"]
    return {key: answer for key, answer in filled.items() if answers.get(key) != answer}
