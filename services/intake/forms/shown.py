"""What the templates of forms draw: a field with its inputs, what was entered, what is wrong, where to go for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.intake.catalogue.procedures import Published
from services.intake.forms.reading import DATE_PARTS
from shared.i18n import LANGUAGES, Language, translate
from shared.japanese import PREFECTURES, wareki
from shared.problems import Problem
from shared.procedure.form_errors import Wrong, to_file, today
from shared.procedure.rules import computed


@dataclass(frozen=True)
class ShownFile:
    """A file that is attached. `reference` is what the page sends back for it; `state` is empty when it is gone."""

    id: str
    text: str
    reference: str
    state: str


@dataclass
class Shown:
    """One field of a page. `name` begins the names of its inputs, `id` their ids."""

    name: str
    widget: str
    type: str
    label: str
    help: str = ""
    required: bool = False
    value: Any = None
    options: list[tuple[str, str]] = field(default_factory=list)
    parts: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)
    rows: list[list[Shown]] = field(default_factory=list)
    error: str = ""
    warning: str = ""
    mend: str = ""
    mode: str = "text"
    fill: str = "off"
    most: int | None = None
    least: int = 0
    image: str = ""
    lookup: str = ""
    note: str = ""
    disabled: bool = False
    conditional: bool = False
    fixed: bool = False  # a group that keeps its rows
    across: bool = False  # a group whose rows lie side by side where there is room
    files: list[ShownFile] = field(default_factory=list)
    accept: str = ""
    takes: str = ""

    @property
    def id(self) -> str:
        """The id of the field; of its first input where it has several."""
        return self.name.replace(".", "-")

    @property
    def first(self) -> str:
        """The id of the input to go to."""
        return self.id + {
            "day": "-year",
            "days": "-from-year",
            "address": "-postal_code",
            "files": "-file",
            "parts": f"-{self._part}",
        }.get(self.widget, f"-{self.options[0][0]}" if self.widget in {"radios", "boxes", "yes_no"} else "")

    @property
    def _part(self) -> str:
        return self.parts[0][0] if self.parts else ""

    @property
    def described(self) -> str:
        """The ids of the texts that belong to it."""
        to_mend = self.mend != self.error and self.mend
        texts = (self.help, self.note, self.disabled, self.error, self.warning, to_mend)
        present = dict(zip(("help", "note", "idle", "error", "warning", "mend"), texts, strict=True))
        return " ".join(f"{self.id}-{name}" for name, text in present.items() if text)


def day_parts(value: Any) -> dict[str, str]:
    """A day as its three entries, whatever was entered."""
    return dict(zip(DATE_PARTS, [*str(value or "").split("-", 2), "", ""], strict=False))


def era_of(value: Any) -> str:
    """A day in the era calendar; empty for what is no day."""
    try:
        return wareki(date.fromisoformat(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


# What the macros of fields.html need.
WORDS: dict[str, Any] = {"day_parts": day_parts, "era_of": era_of, "prefectures": list(PREFECTURES.items())}


def as_shown(published: Published, entered: dict[str, Any], *, check: bool, on: date | None = None) -> dict[str, Any]:
    """What was entered, with what is computed from it. For a check without empty rows, as the errors count them."""
    filled = to_file(published, entered, on=on)
    if check:
        return {**entered, **filled}
    totals = {key: answer for key, answer in filled.items() if key not in entered}
    return {**computed(published.procedure, entered, today=on or today()), **totals}


def refusals(refused: Mapping[str, Problem]) -> list[Wrong]:
    """Why files were not taken, at their fields."""
    return [
        Wrong("/" + name.replace(".", "/"), "error", *(translate(one.detail, to, **one.values) for to in LANGUAGES))
        for name, one in refused.items()
    ]


def with_files(fields: Sequence[Shown]) -> bool:
    """Whether a page takes files."""
    return any(part.widget == "files" for one in fields for part in (one, *(part for row in one.rows for part in row)))


def entries(fields: Sequence[Shown], language: Language) -> list[tuple[str, str]]:
    """Where to go for each error: (id, text)."""
    every = [one for shown in fields for one in (shown, *(part for row in shown.rows for part in row))]
    colon = translate(": ", language)
    return [(one.first, one.error if one.label in one.error else f"{one.label}{colon}{one.error}") for one in every if one.error]
