"""The language of templates: ((placeholder)) and ((flag??text)), as GOV.UK Notify has it. Nothing is computed, nothing nests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from shared.i18n import message
from shared.problems import Invalid

MOST_BODY = 20_000
MOST_SUBJECT = 500
MOST_PLACEHOLDERS = 100
MOST_NAME = 100
_IGNORED = str.maketrans("", "", " \u3000\t\n_-")
# What shows a condition to be met: a word for yes. Anything else is no.
_YES = {"yes", "y", "true", "t", "1", "include", "show"}
# They mark where a value goes while a template is compiled (services.notify.wording.markup).
MARKS = "\ue000\ue001"
_UNFIT = re.compile(f"[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f{MARKS}]")
_OPENING = re.compile(r"\(\((?!\()")
_INSIDE = re.compile(r"([^()]*)\)\)")


class TemplateError(Invalid):
    """A text is no template: what is wrong, and where (line and column from 1)."""

    def __init__(self, text: str, position: int, detail: str, **values: Any) -> None:
        self.line = text.count("\n", 0, position) + 1
        self.column = position - (text.rfind("\n", 0, position) + 1) + 1
        super().__init__(detail, line=self.line, column=self.column, **values)


@dataclass(frozen=True)
class Placeholder:
    """A place for a value."""

    name: str

    @property
    def key(self) -> str:
        """What its name is compared by."""
        return name_key(self.name)


@dataclass(frozen=True)
class Conditional:
    """A text that is there if the value of a name says yes."""

    name: str
    text: str

    @property
    def key(self) -> str:
        """What its name is compared by."""
        return name_key(self.name)


Part: TypeAlias = str | Placeholder | Conditional


@lru_cache(maxsize=4096)
def name_key(name: str) -> str:
    """A name without case, spaces, hyphens and underscores: `First name` and `first_name` are one."""
    return name.translate(_IGNORED).lower()


def says_yes(value: Any) -> bool:
    """Whether a value meets a condition: true, yes, y, t, 1, include or show, in any case."""
    return str(value).strip().lower() in _YES


def parse(text: str) -> tuple[Part, ...]:
    """The parts of a template. Raises TemplateError for what is not closed, has no name, or nests.

    Names and texts of conditions have no brackets, so that nothing nests; single brackets are brackets.
    """
    if found := _UNFIT.search(text):
        detail = message("Line {line}, column {column}: a character that cannot be shown stands here")
        raise TemplateError(text, found.start(), detail)
    parts: list[Part] = []
    bare, at = "", 0
    for opening in _OPENING.finditer(text):
        if opening.start() < at:
            continue
        inside = _INSIDE.match(text, opening.end())
        if inside is None:
            detail = message("Line {line}, column {column}: this “((” is not closed by “))”, or has brackets within")
            raise TemplateError(text, opening.start(), detail)
        literal = text[at : opening.start()]
        parts += [literal] if literal else []
        parts.append(_placeholder(text, opening.start(), inside[1]))
        at = inside.end()
        bare += literal + " " * (at - opening.start())
    parts += [text[at:]] if text[at:] else []
    _must_balance(bare + text[at:])
    if sum(not isinstance(part, str) for part in parts) > MOST_PLACEHOLDERS:
        raise TemplateError(text, 0, message("At most {most} placeholders"), most=MOST_PLACEHOLDERS)
    return tuple(parts)


def _must_balance(bare: str) -> None:
    """Raises TemplateError for a “))” that closes nothing. `bare` is the text with blanks for its placeholders."""
    open_ = 0
    for found in re.finditer(r"[()]", bare):
        if found[0] == ")" and not open_ and bare.startswith("))", found.start()):
            raise TemplateError(bare, found.start(), message("Line {line}, column {column}: this “))” closes nothing"))
        open_ = open_ + 1 if found[0] == "(" else max(0, open_ - 1)


def _placeholder(text: str, position: int, inside: str) -> Placeholder | Conditional:
    name, condition, shown = inside.partition("??")
    name = " ".join(name.split())
    if not name_key(name):
        raise TemplateError(text, position, message("Line {line}, column {column}: this placeholder has no name"))
    if len(name) > MOST_NAME:
        detail = message("Line {line}, column {column}: the name of a placeholder has at most {most} characters")
        raise TemplateError(text, position, detail, most=MOST_NAME)
    return Conditional(name, shown) if condition else Placeholder(name)


def names_of(*texts: tuple[Part, ...]) -> dict[str, str]:
    """The names by what they are compared by, in their order, each as it is first written."""
    found: dict[str, str] = {}
    for parts in texts:
        for part in parts:
            if not isinstance(part, str):
                found.setdefault(part.key, part.name)
    return found


def by_key(personalisation: Mapping[str, Any]) -> dict[str, Any]:
    """The values by what their names are compared by. A value of None is none."""
    return {name_key(name): value for name, value in personalisation.items() if value is not None}
