"""What there is to know of a type of field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.i18n import Language
from shared.procedure.fields import FieldOf

Schema = dict[str, Any]
# A fault's text may have the placeholders {label} and {digits}.
Fault = str | None


def no_fault(_field: FieldOf, _seen: Any, _around: Mapping[str, Any]) -> Fault:
    """What the schema says of this type is everything."""
    return None


def plain(_field: FieldOf, answer: Any, _language: Language) -> str:
    """The answer as it was entered."""
    return str(answer)


def as_text(answer: Any) -> str | None:
    """A text as rules see it; an empty one is none."""
    return answer if isinstance(answer, str) and answer else None


@dataclass(frozen=True)
class Kind:
    """A type of field.

    `seen` makes of an answer what rules compute with, and None of what does not have the type's shape (the schema has said so).
    `fault` is given that, and what the rules see of the other answers and `today`.
    """

    title: str
    schema: Callable[[FieldOf], Schema]
    seen: Callable[[Any], Any] = as_text
    shown: Callable[[FieldOf, Any, Language], str] = plain
    fault: Callable[[FieldOf, Any, Mapping[str, Any]], Fault] = no_fault


def closed(properties: dict[str, Schema], *required: str) -> Schema:
    """An object with these properties only."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def parts(*names: str) -> Callable[[Any], dict[str, str | None] | None]:
    """How rules see an object of texts: each part, None where it is missing."""

    def seen(answer: Any) -> dict[str, str | None] | None:
        return {name: as_text(answer.get(name)) for name in names} if isinstance(answer, dict) else None

    return seen


def line(title: str, most: int = 100, pattern: str | None = None) -> Schema:
    """A part that is one line of text."""
    shape: Schema = {"title": title, "type": "string", "minLength": 1, "maxLength": most}
    return shape | ({"pattern": pattern} if pattern else {})
