"""What is still wrong with answers, in the words of the form: each place once, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from shared.i18n import JST, Language, message, translate
from shared.procedure.asking import asking
from shared.procedure.fields import FILES, FieldOf, GroupField
from shared.procedure.fitting import schema_errors
from shared.procedure.form import Form
from shared.procedure.kinds.files import MEGABYTE, largest_of, types_of
from shared.procedure.rules import computed, findings

_REQUIRED = message("Enter this; it is required")
# type of field → what to write there, instead of the schema's pattern
_TO_DO = {
    "corporate-number": message("Write the 13 digits of the corporate number"),
    "date": message("Write a day that exists, with year, month and day, such as 2026, 4 and 1"),
    "date-range": message("Write two days that exist, each with year, month and day"),
    "email": message("Write an e-mail address, such as name@example.jp"),
    "fiscal-year": message("Write the year with four digits, such as 2026"),
    "integer": message("Write a whole number"),
    "money": message("Write the amount in yen as a whole number"),
}
_PARTS = {
    "postal_code": message("Write the postal code with 7 digits"),
    "prefecture": message("Choose the prefecture"),
    "address": message("Write the address after the prefecture"),
}


_FILE = message("Attach a file of one of these types: {types}, with at most {megabytes} MB")


@dataclass(frozen=True)
class Wrong:
    """What to do at a place of the answers (a JSON Pointer)."""

    pointer: str
    level: Literal["error", "warning"]
    ja: str
    en: str

    def within(self, language: Language) -> str:
        """The text in the reader's language."""
        return self.en if language == "en" else self.ja

    @property
    def key(self) -> str:
        """The key of the field; empty for the whole."""
        return self.pointer.split("/")[1] if self.pointer else ""


def today() -> date:
    """The day in Japan."""
    return datetime.now(JST).date()


def to_file(published: Form, answers: Mapping[str, Any], *, on: date | None = None) -> dict[str, Any]:
    """The answers as they would be filed `on` a day: without what is not asked for and empty rows, with what is computed."""
    counting = asking(published.procedure, answers, today=on or today()).answers
    filed: dict[str, Any] = {}
    for field in published.procedure.fields():
        answer = counting.get(field.key)
        if isinstance(field, GroupField) and isinstance(answer, list):
            parts = {part.key for part in field.fields}
            rows = [{key: row[key] for key in row if key in parts} for row in answer if isinstance(row, dict)]
            answer = [row for row in rows if row]
        if answer not in (None, "", []):
            filed[field.key] = answer
    return computed(published.procedure, filed, today=on or today())


def wrong(published: Form, answers: Mapping[str, Any], *, on: date | None = None) -> list[Wrong]:
    """What the form and the rules find in answers; the first thing at each place, in the order of the form."""
    fields: dict[str, FieldOf] = {field.key: field for field in published.procedure.fields()}
    found: dict[tuple[str, str], Wrong] = {}
    for finding in findings(published.procedure, answers, today=on or today()):
        one = Wrong(finding.pointer, finding.level, finding.says.within("ja"), finding.says.within("en"))
        found.setdefault((one.pointer, one.level), one)
    for error in schema_errors(published.validator, answers):
        text, values = _said(error.pointer, error.detail, error.values, answers, fields)
        one = Wrong(error.pointer, "error", translate(text, "ja", **values), translate(text, "en", **values))
        found.setdefault((error.pointer, "error"), one)
    order = {key: place for place, key in enumerate(["", *fields])}
    return sorted(found.values(), key=lambda one: order.get(one.key, 0))


def _said(
    pointer: str, detail: str, values: dict[str, Any], answers: Mapping[str, Any], fields: Mapping[str, FieldOf]
) -> tuple[str, dict[str, Any]]:
    """What people can do about an error of the schema, which speaks of JSON."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    field = fields.get(steps[0]) if steps else None
    if field is None:
        return detail, values
    inside = steps[1:]
    if isinstance(field, GroupField):
        field = next((part for part in field.fields if inside[1:2] == [part.key]), field)
        inside = inside[2:]
    kind = getattr(field, "type", "")
    if kind == "address" and inside and inside[0] in _PARTS:
        return _PARTS[inside[0]], {}
    if kind in FILES and inside and detail != _REQUIRED:
        return (_FILE, {"types": ", ".join(types_of(field)).upper(), "megabytes": largest_of(field) // MEGABYTE})
    if kind == "group" or (detail == _REQUIRED and not _stands(answers, steps)):
        return detail, values
    if detail.startswith(("Write this", "Enter this")) and kind in _TO_DO:
        return _TO_DO[kind], {}
    return detail, values


def _stands(answers: Any, steps: list[str]) -> bool:
    """Whether anything was entered at a place."""
    for step in steps:
        if isinstance(answers, dict) and step in answers:
            answers = answers[step]
        elif isinstance(answers, list) and step.isdigit() and int(step) < len(answers):
            answers = answers[int(step)]
        else:
            return False
    return answers not in (None, "", [], {})


def pages_of(published: Form) -> dict[str, int]:
    """The page of each field, from 1."""
    return {field.key: number for number, page in enumerate(published.procedure.form, 1) for field in page.fields}
