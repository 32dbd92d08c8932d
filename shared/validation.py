"""What pydantic finds in a request, said as what to do, in words that the catalogues translate; and what many requests have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.i18n import message
from shared.problems import FieldError, json_pointer

# dot-atoms of RFC 5322 in ASCII: what every mail server takes
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
EMAIL = rf"^{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
ONE_LINE = r"^[^\x00-\x1f\x7f\u2028\u2029]+$"

# type of pydantic's error → what to do; the placeholders are what pydantic's context says
_TO_DO = {
    "bool_parsing": message("Write true or false"),
    "bool_type": message("Write true or false"),
    "dict_type": message("Write a JSON object here"),
    "extra_forbidden": message("Take this out; it is not known here"),
    "greater_than_equal": message("Write a number of {ge} or more"),
    "int_from_float": message("Write a whole number"),
    "int_parsing": message("Write a whole number"),
    "int_type": message("Write a whole number"),
    "less_than_equal": message("Write a number of {le} or less"),
    "list_type": message("Write a JSON array here"),
    "literal_error": message("Choose one of {expected}"),
    "missing": message("Enter this; it is required"),
    "model_attributes_type": message("Write a JSON object here"),
    "model_type": message("Write a JSON object here"),
    "string_pattern_mismatch": message("Write this in the form that is asked for: {pattern}"),
    "string_too_long": message("Use at most {max_length} characters"),
    "string_too_short": message("Use at least {min_length} characters"),
    "string_type": message("Write a text here"),
    "string_unicode": message("Write a text here"),
    "uuid_parsing": message("Write an id of the form 01234567-89ab-7cde-8f01-23456789abcd"),
    "uuid_type": message("Write an id of the form 01234567-89ab-7cde-8f01-23456789abcd"),
}
_OTHER = message("This value does not fit here ({rule})")


def field_error(error: Mapping[str, Any], pointer: str) -> FieldError:
    """One of pydantic's errors at a place that is known already."""
    detail = _TO_DO.get(error["type"])
    if detail is None:
        return FieldError(pointer, _OTHER, {"rule": error["type"]})
    return FieldError(pointer, detail, dict(error.get("ctx", {})))


def body_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors of a body that it read itself."""
    return [field_error(error, json_pointer(*error["loc"])) for error in errors]


def request_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """FastAPI's errors of a request: the first step of each place says where (body, query, path, header)."""
    found = []
    for error in errors:
        where, *path = error["loc"]
        pointer = json_pointer(*path)
        found.append(field_error(error, pointer if where == "body" else f"{where}:{pointer}"))
    return found


def text_errors(pointer: str, written: str, limit: int, *, needed: bool = False) -> list[FieldError]:
    """What is wrong with a plain text that somebody wrote; `limit` in characters."""
    if needed and not written.strip():
        return [FieldError(pointer, "Enter this; it is required")]
    if len(written) > limit:
        return [FieldError(pointer, "Use at most {limit} characters", {"limit": limit})]
    # PostgreSQL keeps no null character
    return [FieldError(pointer, "Take out the null character (U+0000)")] if "\0" in written else []


class WrittenContact(BaseModel):
    """Whom to write to about this application."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=ONE_LINE)
    email: str = Field(max_length=254, pattern=EMAIL)
    language: Literal["ja", "en"] = "ja"
