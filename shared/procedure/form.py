"""The form as JSON Schema 2020-12, which integrators validate with before they file, and the counter when they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from jsonschema_rs import Draft202012Validator

from shared.procedure.fields import GroupField, SimpleField
from shared.procedure.kinds import KINDS
from shared.procedure.model import Procedure


class Form(Protocol):
    """A version of a procedure with its form, compiled."""

    @property
    def procedure(self) -> Procedure:
        """The procedure."""

    @property
    def validator(self) -> Draft202012Validator:
        """The form, compiled."""


@dataclass(frozen=True)
class Compiled:
    """A version of a procedure with its form, compiled once."""

    procedure: Procedure
    version: int

    @cached_property
    def validator(self) -> Draft202012Validator:
        """The form, compiled."""
        return Draft202012Validator(schema(self.procedure, self.version), validate_formats=True)


def schema(procedure: Procedure, version: int) -> dict[str, Any]:
    """The schema of the answers. What depends on other answers (conditions, checks) is decided by the rules after it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:madoguchi:procedure:{procedure.procedure}:{version}",
        "title": procedure.title.ja,
        **_object(procedure.fields()),
    }


def _object(fields: Sequence[SimpleField | GroupField]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.key: _field(field) for field in fields},
        "required": [field.key for field in fields if field.required is True and field.show is True and field.enable is True],
        "additionalProperties": False,
    }


def _field(field: SimpleField | GroupField) -> dict[str, Any]:
    described: dict[str, Any] = {"title": field.label.ja}
    if field.help:
        described["description"] = field.help.ja
    # a part of a type may have a title of its own; the field's goes before it
    return _shape(field) | described


def _shape(field: SimpleField | GroupField) -> dict[str, Any]:
    if isinstance(field, GroupField):
        return {"type": "array", "minItems": field.repeat.least, "maxItems": field.repeat.most, "items": _object(field.fields)}
    shape = KINDS[field.type].schema(field)
    return shape if field.value is None else {**shape, "readOnly": True}
