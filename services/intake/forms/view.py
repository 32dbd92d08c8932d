"""A page of a form as the templates draw it: which fields it shows with these answers, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from services.intake.catalogue.procedures import Published
from services.intake.forms.reading import shape_of
from services.intake.forms.shown import Shown, ShownFile
from services.intake.lookups.lookups import Lookup, has_lookup
from shared.filetypes import FILE_TYPES
from shared.i18n import Language, message, translate
from shared.japanese import PREFECTURES
from shared.procedure.asking import asking
from shared.procedure.fields import FILES, GroupField, ShownField, SimpleField
from shared.procedure.form_errors import Wrong, today
from shared.procedure.kinds import KINDS
from shared.procedure.kinds.files import is_reference, largest_of, most_of, text_of, types_of

FEW = 7  # a choice of more is a list to unfold


# type of field → the macro that draws it; any other: `parts` for an object, `line` for the rest
WIDGETS: dict[str, str] = {
    "long-text": "area",
    "date": "day",
    "birth-date": "day",
    "date-range": "days",
    "address": "address",
    "choice": "radios",
    "choices": "boxes",
    "yes-no": "yes_no",
    "consent": "consent",
    "prefecture": "options",
}


_MODES = {"email": "email", "telephone": "tel", "url": "url"} | dict.fromkeys(
    ("integer", "money", "fiscal-year", "corporate-number", "postal-code"), "numeric"
)


_FILLS = {"email": "email", "telephone": "tel", "organisation-name": "organization", "postal-code": "postal-code"}


_LOOKUPS = {
    "address": message("Find the address by the postal code"),
    "postal-code": message("Find the address by the postal code"),
    "municipality": message("Find the name by the code"),
    "corporate-number": message("Find name and address in the register"),
}


# The parts of answers that are objects, and what may be chosen there.
_PARTS = {
    "family": message("Family name"),
    "given": message("Given name"),
    "family_kana": message("Family name in katakana"),
    "given_kana": message("Given name in katakana"),
    "bank_code": message("Bank's code (4 digits)"),
    "bank": message("Bank"),
    "branch_code": message("Branch's code (3 digits)"),
    "branch": message("Branch"),
    "kind": message("Kind of account"),
    "number": message("Account number (7 digits)"),
    "holder": message("Account holder in katakana"),
    "code": message("Code"),
    "title": message("Title"),
    "role": message("Position"),
    "name": message("Name"),
    "lat": message("Latitude"),
    "lon": message("Longitude"),
    "ordinary": message("Ordinary account"),
    "checking": message("Checking account"),
    "savings": message("Savings account"),
}


@dataclass(frozen=True)
class _Page:
    answers: Mapping[str, Any]
    known: Mapping[str, bool]
    wrong: Sequence[Wrong]
    mends: Sequence[Mapping[str, str]]
    language: Language
    states: Mapping[str, str]
    lookups: frozenset[Lookup]
    disabled: Collection[str]

    def shows(self, place: str) -> bool:
        return place in self.known or place in self.disabled

    def said(self, pointer: str, level: str) -> str:
        """What stands at a place and, unless it is a group, inside it."""
        return next(
            (
                one.within(self.language)
                for one in self.wrong
                if one.level == level and (one.pointer == pointer or one.pointer.startswith(f"{pointer}/"))
            ),
            "",
        )

    def to_mend(self, pointer: str) -> str:
        return next((one[self.language] for one in self.mends if f"{one['pointer']}/".startswith(f"{pointer}/")), "")


def shown_page(
    published: Published,
    number: int,
    answers: Mapping[str, Any],
    language: Language,
    *,
    wrong: Sequence[Wrong] = (),
    mends: Sequence[Mapping[str, str]] = (),
    states: Mapping[str, str] | None = None,
    lookups: frozenset[Lookup] = frozenset(),
    on: date | None = None,
) -> list[Shown]:
    """The fields of page `number` (from 1) that are shown with these answers, as they would be filed `on` a day.

    Those that take none at present are disabled. `states` are those of attached files, `lookups` those that can be offered.
    """
    found = asking(published.procedure, answers, today=on or today())
    page = _Page(answers, found.required, wrong, mends, language, states or {}, lookups, found.disabled)
    return [
        _only_shown(one, language)
        if isinstance(one, ShownField)
        else _group(one, page)
        if isinstance(one, GroupField)
        else _simple(one, one.key, answers.get(one.key), page)
        for one in published.procedure.form[number - 1].fields
        if isinstance(one, ShownField) or page.shows(one.key)
    ]


def _only_shown(one: ShownField, language: Language) -> Shown:
    return Shown("", one.type, one.type, one.label.within(language), image=one.image)


def _simple(one: SimpleField, name: str, value: Any, page: _Page) -> Shown:
    place = name.replace(".", "/")
    pointer = f"/{place}"
    disabled = place in page.disabled
    made = Shown(
        name,
        WIDGETS.get(one.type, "line"),
        one.type,
        one.label.within(page.language),
        one.help.within(page.language) if one.help else "",
        page.known.get(place, False),
        value if one.keep or not disabled else None,
        disabled=disabled,
        conditional=one.show is not True or one.enable is not True,
        error=page.said(pointer, "error"),
        warning=page.said(pointer, "warning"),
        mend=page.to_mend(pointer),
        mode=_MODES.get(one.type, "text"),
        fill=_FILLS.get(one.type, "off"),
    )
    if has_lookup(one, one.type, page.lookups) and ("." not in name or one.fills is None):
        made.lookup = translate(_LOOKUPS[one.type], page.language)
    if one.value is not None:
        made.widget, made.value = "computed", _written(one, value, page.language)
    elif one.type in {"choice", "choices"}:
        made.options = [(option.value, option.label.within(page.language)) for option in one.options]
        if one.type == "choice" and (len(one.options) > FEW or one.look in {"select", "search"}):
            made.widget = "options"
    elif one.type == "prefecture":
        made.options = list(PREFECTURES.items())
    elif one.type in FILES:
        made.widget, made.most = "files", most_of(one)
        made.files = _shown_files(value, page)
        made.accept = ",".join(f".{extension}" for name in types_of(one) for extension in FILE_TYPES[name].extensions)
        made.takes = _takes(one, page.language)
    elif one.type == "yes-no":
        made.options = [("true", ""), ("false", "")]
    elif one.type not in WIDGETS and shape_of(one).get("type") == "object":
        made.widget = "parts"
        made.parts = [_part(key, part, page.language) for key, part in shape_of(one)["properties"].items()]
    made.most = made.most or shape_of(one).get("maxLength")
    return made


def _shown_files(value: Any, page: _Page) -> list[ShownFile]:
    references = [one for one in (value if isinstance(value, list) else [value]) if is_reference(one)]
    return [
        ShownFile(one["id"], text_of(one, page.language), orjson.dumps(one).decode(), page.states.get(one["id"], ""))
        for one in references
    ]


def _takes(one: SimpleField, language: Language) -> str:
    """What files a field takes."""
    types = ("、" if language == "ja" else ", ").join(name.upper() for name in types_of(one))
    limits = {"types": types, "megabytes": largest_of(one) // 1_000_000, "most": most_of(one)}
    says = message("{types}; at most {most} files, each of at most {megabytes} MB")
    return translate(says if one.type == "attachments" else message("{types}; at most {megabytes} MB"), language, **limits)


def _part(key: str, shape: Mapping[str, Any], language: Language) -> tuple[str, str, list[tuple[str, str]]]:
    label = translate(_PARTS[key], language) if key in _PARTS else shape.get("title", key)
    return key, label, [(code, translate(_PARTS.get(code, code), language)) for code in shape.get("enum", [])]


def _written(one: SimpleField, value: Any, language: Language) -> str:
    return "" if value is None else KINDS[one.type].shown(one, value, language)


def _group(one: GroupField, page: _Page) -> Shown:
    rows = [row for row in page.answers.get(one.key) or [] if isinstance(row, dict)]
    disabled, required = one.key in page.disabled, page.known.get(one.key, False)
    if not rows and (one.repeat.least or required):
        rows = [{}]
    made = Shown(one.key, "group", "group", one.label.within(page.language), one.help.within(page.language) if one.help else "")
    made.required, made.most, made.least, made.disabled = required, one.repeat.most, one.repeat.least, disabled
    made.across = one.look == "table"
    pointer = f"/{one.key}"
    made.error = next((w.within(page.language) for w in page.wrong if w.pointer == pointer and w.level == "error"), "")
    made.warning = next((w.within(page.language) for w in page.wrong if w.pointer == pointer and w.level == "warning"), "")
    made.mend = next((m[page.language] for m in page.mends if m["pointer"] == pointer), "")
    made.rows = [
        [
            _simple(part, f"{one.key}.{index}.{part.key}", row.get(part.key), page)
            for part in one.fields
            if page.shows(f"{one.key}/{index}/{part.key}")
        ]
        for index, row in enumerate(rows)
    ]
    return made
