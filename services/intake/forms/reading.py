"""From the fields of a web form to answers. What cannot be understood is kept as it was entered; the form's schema judges it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from shared.problems import NotFound
from shared.procedure.fields import FieldOf, GroupField, ShownField, SimpleField
from shared.procedure.kinds import KINDS
from shared.procedure.model import Page, Procedure

DATE_PARTS = ("year", "month", "day")
_REFERENCE_LIMIT = 2000  # characters
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")
_MARKS = str.maketrans("", "", ", 円%\u3000")
# types whose answers are digits or signs, which people also write in full width
_NARROW = {"corporate-number", "email", "telephone", "url", "postal-code", "rate", "time", "month", "reference"}


# What a form sent: names, each with one or more texts.
Posted = Mapping[str, Sequence[str]]


def read_page(page: Page, posted: Posted, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The answers of a page, by key; None for what is empty.

    Fields that were not on the page, or disabled there, are left out; such parts of rows stay as they were `before`.
    """
    there, earlier = posted.get("there", ()), before or {}
    fields = [one for one in page.fields if not isinstance(one, ShownField) and f"{one.key}.there" in there]
    return {
        one.key: _rows(one, posted, earlier.get(one.key)) if isinstance(one, GroupField) else read_field(one, one.key, posted)
        for one in fields
    }


def read_field(field: SimpleField, name: str, posted: Posted) -> Any:
    """The answer to one field, whose inputs begin with `name`."""
    return None if field.value is not None else READERS.get(field.type, _by_shape)(field, name, posted)


def _rows(field: GroupField, posted: Posted, before: Any) -> list[dict[str, Any]] | None:
    rows = []
    earlier = [row for row in before if isinstance(row, dict)] if isinstance(before, list) else []
    for index in range(min(count_of(posted, f"{field.key}.rows"), field.repeat.most)):
        row = earlier[index] if index < len(earlier) else {}
        read = {part.key: _part_of_row(part, f"{field.key}.{index}.{part.key}", posted, row) for part in field.fields}
        rows.append({key: answer for key, answer in read.items() if answer is not None})
    return rows or None


def _part_of_row(part: SimpleField, name: str, posted: Posted, before: Mapping[str, Any]) -> Any:
    """A part with a condition may not have been there, or disabled: then it says so by not being named in `there`."""
    if (part.show is not True or part.enable is not True) and f"{name}.there" not in posted.get("there", ()):
        return before.get(part.key)
    return read_field(part, name, posted)


def with_rows(procedure: Procedure, answers: Mapping[str, Any], key: str, row: str) -> list[dict[str, Any]]:
    """The rows of a group with one more, or without row number `row` (from 0). Raises NotFound."""
    field = next((one for one in procedure.fields() if isinstance(one, GroupField) and one.key == key), None)
    if field is None:
        raise NotFound
    rows = [*(answers.get(key) or [])]
    if not row:
        return [*(rows or ([{}] if field.required is not False else [])), {}][: field.repeat.most]
    return [one for at, one in enumerate(rows) if str(at) != row]


def text_of(posted: Posted, name: str, *, narrow: bool = False) -> str:
    """An entry as a text, without blanks around it and signs that no database takes."""
    text = (posted.get(name) or [""])[-1].replace("\0", "").replace("\r\n", "\n").strip()
    return unicodedata.normalize("NFKC", text) if narrow else text


def count_of(posted: Posted, name: str) -> int:
    """An entry as a number from 0 on; 0 for what is none."""
    text = text_of(posted, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - longer ones are no count


def _text(field: FieldOf, name: str, posted: Posted) -> str | None:
    return text_of(posted, name, narrow=getattr(field, "type", "") in _NARROW) or None


def _digits(field: FieldOf, name: str, posted: Posted) -> str | None:
    return (_text(field, name, posted) or "").replace("-", "").replace(" ", "") or None


def number_of(entered: str) -> float | str | None:
    """A number as people write it, with separators and in any width; what is none stays a text."""
    plain = unicodedata.normalize("NFKC", entered).translate(_MARKS)
    if not _NUMBER.fullmatch(plain):
        return entered or None
    return float(plain) if "." in plain else int(plain)


def _number(_field: FieldOf, name: str, posted: Posted) -> float | str | None:
    return number_of(text_of(posted, name))


def _day(_field: FieldOf, name: str, posted: Posted) -> str | None:
    entered = [text_of(posted, f"{name}.{part}", narrow=True) for part in DATE_PARTS]
    if not any(entered):
        return None
    year, month, day = (part.zfill(width) if part.isdigit() else part for part, width in zip(entered, (4, 2, 2), strict=True))
    return f"{year}-{month}-{day}"[:40]


def _range(field: FieldOf, name: str, posted: Posted) -> dict[str, str] | None:
    days = {end: _day(field, f"{name}.{end}", posted) for end in ("from", "to")}
    return {end: day for end, day in days.items() if day is not None} or None


def _choices(_field: FieldOf, name: str, posted: Posted) -> list[str] | None:
    return list(dict.fromkeys(one for one in posted.get(name, ()) if one)) or None


def _yes_no(_field: FieldOf, name: str, posted: Posted) -> bool | None:
    return {"true": True, "false": False}.get(text_of(posted, name))


def _files(field: SimpleField, name: str, posted: Posted) -> Any:
    """References to files: those that were on the page and are not to go, and those that came with it."""
    gone = posted.get("drop", ())
    found = {one["id"]: one for one in map(_reference, posted.get(name, ())) if one and f"{name}:{one['id']}" not in gone}
    kept = list(found.values())
    return (kept or None) if field.type == "attachments" else (kept[-1] if kept else None)


def _reference(written: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(written[:_REFERENCE_LIMIT])
    except orjson.JSONDecodeError:
        return None
    shaped = isinstance(found, dict) and found.keys() == {"id", "name", "size", "type", "sha256"}
    return found if shaped and isinstance(found["id"], str) else None


def _by_shape(field: SimpleField, name: str, posted: Posted) -> Any:
    """Any other type: an entry for each part of an object, or one entry."""
    shape = shape_of(field)
    if shape.get("type") == "object":
        read = {part: _part(inner, f"{name}.{part}", posted) for part, inner in shape["properties"].items()}
        return {part: answer for part, answer in read.items() if answer is not None} or None
    return _part(shape, name, posted) if shape.get("type") in {"number", "integer"} else _text(field, name, posted)


def _part(shape: Mapping[str, Any], name: str, posted: Posted) -> Any:
    if shape.get("type") in {"number", "integer"}:
        return number_of(text_of(posted, name))
    entered = text_of(posted, name, narrow="[0-9]" in shape.get("pattern", ""))
    return (entered.replace("-", "") if "{7}" in shape.get("pattern", "") else entered) or None


def shape_of(field: SimpleField) -> dict[str, Any]:
    """What a field's answer looks like in JSON."""
    return KINDS[field.type].schema(field)


# type of field → how its answer is read; any other type by its shape
READERS: dict[str, Callable[[SimpleField, str, Posted], Any]] = {
    "text": _text,
    "long-text": _text,
    "corporate-number": _digits,
    "postal-code": _digits,
    "integer": _number,
    "decimal": _number,
    "money": _number,
    "percent": _number,
    "fiscal-year": _number,
    "date": _day,
    "birth-date": _day,
    "date-range": _range,
    "choices": _choices,
    "yes-no": _yes_no,
    "consent": _yes_no,
    "attachment": _files,
    "attachments": _files,
}
