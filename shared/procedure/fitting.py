"""What the form's schema finds in answers, said as what to do, place by place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

from shared.i18n import message
from shared.problems import FieldError, json_pointer

# Whoever gets this many errors reads the form first.
ERRORS_SHOWN = 100

# rule of JSON Schema → what to do; the placeholders are what the rule says
_TO_DO = {
    "enum": message("Choose one of the values that the form offers"),
    "format": message("Write this as a {format}"),
    "maxItems": message("The limit here is {limit}"),
    "maxLength": message("Use at most {limit} characters"),
    "maximum": message("The limit here is {limit}"),
    "minItems": message("The limit here is {limit}"),
    "minLength": message("Enter this; it is required"),
    "minimum": message("The limit here is {limit}"),
    "pattern": message("Write this in the form that is asked for: {pattern}"),
    "type": message("Write this as JSON of the type {types}"),
    "uniqueItems": message("Choose each value once"),
}


def schema_errors(validator: Draft202012Validator, answers: Any, *, above: str = "") -> list[FieldError]:
    """At most ERRORS_SHOWN errors. `above` is the JSON Pointer to the answers in what was sent."""
    found: list[FieldError] = []
    for error in validator.iter_errors(answers):
        found += _said(error, above + json_pointer(*error.instance_path))
        if len(found) >= ERRORS_SHOWN:
            break
    return found[:ERRORS_SHOWN]


def _said(error: ValidationError, pointer: str) -> Iterator[FieldError]:
    rule, details = error.kind.name, error.kind.as_dict()
    if rule == "required":
        yield FieldError(pointer + json_pointer(details["property"]), "Enter this; it is required")
    elif rule == "additionalProperties":
        for name in details["unexpected"]:
            yield FieldError(pointer + json_pointer(name), "Take this out; the form has no such field")
    elif rule == "type":
        types = details.get("types") or details.get("type") or ""
        yield FieldError(pointer, _TO_DO["type"], {"types": ", ".join(types) if isinstance(types, list) else str(types)})
    elif rule in _TO_DO:
        yield FieldError(pointer, _TO_DO[rule], details)
    else:
        yield FieldError(pointer, "This does not fit the form's rule `{rule}`", {"rule": rule})
