"""What differs between two contents of one application, and what may be mended when only some places are asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.i18n import Language
from shared.problems import json_pointer
from shared.procedure.asking import asked
from shared.procedure.fields import FieldOf, GroupField, SimpleField
from shared.procedure.kinds import KINDS
from shared.procedure.model import Procedure
from shared.procedure.reading import label_at
from shared.procedure.scope import variables

_PART_OF_ROW = re.compile(r"\brow\.(\w+)")


@dataclass(frozen=True)
class Place:
    """A place of the answers that somebody can mend: a field, a row of a group, or a field of a row."""

    pointer: str
    label: str
    text: str
    level: int = 0


@dataclass(frozen=True)
class Change:
    """An entry that differs: what it was and what it is. An empty text means that nothing was entered."""

    pointer: str
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Opened:
    """What is open for mending (JSON Pointers), and the computed values that may change with it."""

    places: frozenset[str]
    computed: frozenset[str]

    def has(self, pointer: str) -> bool:
        """Whether a place is open, by itself or because what it lies in is."""
        return any(_within(pointer, place) for place in self.places)


def places(procedure: Procedure, answers: Mapping[str, Any], language: Language, *, today: date) -> list[Place]:
    """What can be picked of these answers, in the order of the form; not what is computed."""
    known = asked(procedure, answers, today=today)
    found: list[Place] = []
    for field in procedure.fields():
        if field.key not in known or field.value is not None:
            continue
        answer = answers.get(field.key)
        if isinstance(field, SimpleField):
            found.append(Place(f"/{field.key}", field.label.within(language), written(field, answer, language)))
            continue
        found.append(Place(f"/{field.key}", field.label.within(language), ""))
        for index, row in enumerate(_rows(answer)):
            above = f"/{field.key}/{index}"
            found.append(Place(above, label_at(procedure, above, language), "", 1))
            for part in field.fields:
                if part.value is None and f"{field.key}/{index}/{part.key}" in known:
                    text = written(part, row.get(part.key), language)
                    found.append(Place(f"{above}/{part.key}", part.label.within(language), text, 2))
    return found


def opened(procedure: Procedure, picked: Iterable[str], answers: Mapping[str, Any]) -> Opened:
    """What is open when these places are: they, what is asked for depending on them, and what is computed from them."""
    open_ = set(picked)
    computed: set[str] = set()
    nodes = list(_nodes(procedure, answers))
    while True:
        touched = open_ | computed
        more = {
            pointer: is_computed
            for pointer, is_computed, needs in nodes
            if pointer not in touched and any(_within(one, need) or _within(need, one) for one in touched for need in needs)
        }
        if not more:
            break
        open_ |= {pointer for pointer, is_computed in more.items() if not is_computed}
        computed |= {pointer for pointer, is_computed in more.items() if is_computed}
    return Opened(frozenset(open_), frozenset(computed))


def _nodes(procedure: Procedure, answers: Mapping[str, Any]) -> Iterator[tuple[str, bool, set[str]]]:
    """Every field and field of a row that depends on others: its place, whether it is computed, and on which places."""
    for field in procedure.fields():
        if needs := _needs(field):
            yield f"/{field.key}", field.value is not None, needs
        if isinstance(field, GroupField):
            for index in range(len(_rows(answers.get(field.key)))):
                for part in field.fields:
                    if needs := _needs(part, f"/{field.key}/{index}"):
                        yield f"/{field.key}/{index}/{part.key}", part.value is not None, needs


def _needs(field: FieldOf, row: str = "") -> set[str]:
    found: set[str] = set()
    for rule in (field.show, field.enable, field.required, field.value):
        if isinstance(rule, str):
            found |= {f"/{name}" for name in variables(rule) - {"row", "today"}}
            found |= {f"{row}/{name}" for name in _PART_OF_ROW.findall(rule) if row}
    return found


def _within(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def differences(procedure: Procedure, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The places where contents differ, computed values left out; a group whose number of rows changed is one place."""
    return [pointer for pointer, computed, _, _ in _differing(procedure, old, new) if not computed]


def changes(procedure: Procedure, old: Mapping[str, Any], new: Mapping[str, Any], language: Language) -> list[Change]:
    """The entries that differ, as people read them, in the order of the form."""
    found: list[Change] = []
    for pointer, _, before, after in _differing(procedure, old, new):
        field = _field_at(procedure, pointer)
        label = label_at(procedure, pointer, language)
        if isinstance(field, SimpleField):
            found.append(Change(pointer, label, written(field, before, language), written(field, after, language)))
        elif isinstance(field, GroupField):
            found += _of_rows(field, label, pointer, (_rows(before), _rows(after)), language)
    return found


def _differing(procedure: Procedure, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, bool, Any, Any]]:
    for field in procedure.fields():
        before, after = old.get(field.key), new.get(field.key)
        if before == after:
            continue
        rows, rows_after = _rows(before), _rows(after)
        if not isinstance(field, GroupField) or len(rows) != len(rows_after):
            yield f"/{field.key}", field.value is not None, before, after
            continue
        for index, (row, row_after) in enumerate(zip(rows, rows_after, strict=True)):
            for part in field.fields:
                if row.get(part.key) != row_after.get(part.key):
                    pointer = json_pointer(field.key, index, part.key)
                    yield pointer, part.value is not None, row.get(part.key), row_after.get(part.key)


def _of_rows(
    group: GroupField, label: str, pointer: str, rows: tuple[list[dict[str, Any]], list[dict[str, Any]]], language: Language
) -> Iterator[Change]:
    """Rows that came or went; those that stand in both are passed over, wherever they moved."""
    between = "、" if language == "ja" else ", "

    def line(row: Mapping[str, Any]) -> str:
        return between.join(text for part in group.fields if (text := written(part, row.get(part.key), language)))

    gone, come = ([row for row in one if row not in other] for one, other in (rows, rows[::-1]))
    for index in range(max(len(gone), len(come))):
        old, new = (line(one[index]) if index < len(one) else "" for one in (gone, come))
        yield Change(pointer, label, old, new)


def _field_at(procedure: Procedure, pointer: str) -> FieldOf | None:
    key, *inside = pointer.split("/")[1:]
    field = next((one for one in procedure.fields() if one.key == key), None)
    if isinstance(field, GroupField) and inside:
        return next((part for part in field.fields if part.key == inside[-1]), None)
    return field


def written(field: SimpleField, answer: Any, language: Language) -> str:
    """An answer as people read it; empty where nothing was entered."""
    return "" if answer in (None, "", []) else KINDS[field.type].shown(field, answer, language)


def _rows(answer: Any) -> list[dict[str, Any]]:
    return [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []


def merged(procedure: Procedure, old: Mapping[str, Any], new: Mapping[str, Any], open_: Collection[str]) -> dict[str, Any]:
    """The old contents with what `new` says at the open places, whatever it says elsewhere. None takes an answer out."""
    made = dict(old)
    for field in procedure.fields():
        pointer = f"/{field.key}"
        if pointer in open_:
            if field.key in new:
                made[field.key] = new[field.key]
        elif isinstance(field, GroupField) and isinstance(new.get(field.key), list):
            rows = [dict(row) for row in _rows(old.get(field.key))]
            for index, (row, given) in enumerate(zip(rows, _rows(new[field.key]), strict=False)):
                for part in field.fields:
                    if f"{pointer}/{index}" in open_ or f"{pointer}/{index}/{part.key}" in open_:
                        row[part.key] = given.get(part.key)
            if rows:
                made[field.key] = [{key: answer for key, answer in row.items() if answer is not None} for row in rows]
    return {key: answer for key, answer in made.items() if answer is not None}
