"""Texts, and the numbers and addresses that are texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.i18n import message
from shared.japanese import is_corporate_number
from shared.procedure.fields import FieldOf, SimpleType
from shared.procedure.kinds.kind import Fault, Kind, Schema

TEXT_LIMIT = 200
LONG_TEXT_LIMIT = 10_000


def _text(most: int) -> Any:
    def schema(field: FieldOf) -> Schema:
        return {"type": "string", "minLength": 1 if field.required is True else 0, "maxLength": field.max or most}

    return schema


def _corporate_number(_field: FieldOf, seen: str, _around: Mapping[str, Any]) -> Fault:
    if is_corporate_number(seen):
        return None
    return message("“{label}” is not a corporate number: its check digit is wrong")


KINDS: dict[SimpleType, Kind] = {
    "text": Kind(message("Text"), _text(TEXT_LIMIT)),
    "long-text": Kind(message("Long text"), _text(LONG_TEXT_LIMIT)),
    "organisation-name": Kind(message("Name of an organisation"), _text(TEXT_LIMIT)),
    "email": Kind(message("E-mail address"), lambda _: {"type": "string", "format": "email", "maxLength": 254}),
    "telephone": Kind(
        message("Telephone number"),
        lambda _: {"type": "string", "pattern": "^(0[0-9]{1,4}|[+][1-9][0-9]{0,2})-?[0-9]{1,4}-?[0-9]{3,4}(-[0-9]{1,4})?$"},
    ),
    "url": Kind(
        message("Web address"),
        lambda _: {"type": "string", "format": "uri", "pattern": "^https?://[^/]", "maxLength": 2000},
    ),
    "corporate-number": Kind(
        message("Corporate number (13 digits)"),
        lambda _: {"type": "string", "pattern": "^[0-9]{13}$"},
        fault=_corporate_number,
    ),
    # what it refers to, only the counter knows: see services/intake
    "reference": Kind(message("Earlier application"), lambda _: {"type": "string", "format": "uuid"}),
}
