"""Answers as people read them: with the procedure's own labels, dates and numbers written out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.i18n import Language
from shared.procedure.fields import FILES, FieldOf, GroupField, ShownField, SimpleField
from shared.procedure.kinds import KINDS
from shared.procedure.kinds.files import attached, is_reference, text_of
from shared.procedure.model import Procedure


@dataclass(frozen=True)
class Entry:
    """A field with its answer: one text, or the rows of a group. An empty text means that nothing was entered."""

    label: str
    text: str = ""
    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """A page of the form."""

    title: str
    entries: list[Entry]


def sections(
    procedure: Procedure, answers: Mapping[str, Any], language: Language, *, only: Collection[str] | None = None
) -> list[Section]:
    """All answers, page after page. A field that is asked for only sometimes appears when it was answered.

    With `only`, nothing but the fields with these keys, and nothing of files.
    """
    found = []
    for page in procedure.form:
        asked = [one for one in page.fields if not isinstance(one, ShownField)]
        if only is not None:
            asked = [one for one in asked if one.key in only and one.type not in FILES]
        shown = [one for one in asked if one.show is True or one.key in answers]
        if shown:
            told = [_entry(one, answers.get(one.key), language, files=only is None) for one in shown]
            found.append(Section(page.page.within(language), told))
    return found


def entries(procedure: Procedure, answers: Mapping[str, Any], keys: Sequence[str], language: Language) -> list[Entry]:
    """Those of these fields that were answered, in the order of `keys`."""
    fields = {one.key: one for one in procedure.fields()}
    return [_entry(fields[key], answers[key], language, files=True) for key in keys if answers.get(key) not in (None, "", [])]


def files_in(procedure: Procedure, answers: Mapping[str, Any], language: Language) -> list[tuple[str, str, str]]:
    """The attached files: where each is attached, its id, and its name with type and size."""
    return [
        (label_at(procedure, pointer, language), one["id"], text_of(one, language))
        for pointer, one in attached(procedure.fields(), answers)
        if is_reference(one)
    ]


def label_at(procedure: Procedure, pointer: str, language: Language) -> str:
    """The label of the place that a JSON Pointer into the answers names, as in “Types 2, Class”; empty for the whole."""
    names: list[str] = []
    fields: Mapping[str, FieldOf] = {one.key: one for one in procedure.fields()}
    for step in pointer.split("/")[1:]:
        if step.isdigit() and names:
            names[-1] += f" {int(step) + 1}"
        elif step in fields:
            names.append(fields[step].label.within(language))
            inner = fields[step]
            fields = {one.key: one for one in inner.fields} if isinstance(inner, GroupField) else {}
    return ("、" if language == "ja" else ", ").join(names)


def _entry(one: SimpleField | GroupField, answer: Any, language: Language, *, files: bool) -> Entry:
    label = one.label.within(language)
    if not isinstance(one, GroupField):
        return Entry(label, shown(one, answer, language))
    parts = [part for part in one.fields if files or part.type not in FILES]
    headers = [part.label.within(language) for part in parts]
    rows = [[shown(part, row.get(part.key), language) for part in parts] for row in answer or []]
    return Entry(label, headers=headers, rows=rows)


def shown(one: SimpleField, answer: Any, language: Language) -> str:
    """An answer as a text; empty where nothing was entered."""
    if answer is None or answer in ("", []):
        return ""
    return KINDS[one.type].shown(one, answer, language)
