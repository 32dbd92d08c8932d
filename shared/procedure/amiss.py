"""What is wrong in a procedure's file, said in the language of who wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.i18n import Said, message
from shared.validation import field_error

# What a request's JSON and a file's YAML have other words for, and what no request has.
_TO_DO = {
    "dict_type": message("Write keys and values here"),
    "list_type": message("Write a list here"),
    "model_attributes_type": message("Write keys and values here"),
    "model_type": message("Write keys and values here"),
    "too_long": message("Write at most {max_length} entries here"),
    "too_short": message("Write at least {min_length} entries here"),
    "union_tag_invalid": message("There is no type {tag}; choose one of {expected_tags}"),
    "union_tag_not_found": message("Say which `type` it has"),
    **dict.fromkeys(
        ("datetime_from_date_parsing", "datetime_parsing", "datetime_type"), message("Write a day and a time: 2027-04-01T09:00")
    ),
}


class Amiss(ValueError):
    """A part of the file that does not fit; `said` is what people read. For pydantic it is an error like every other."""

    def __init__(self, text: str, /, **values: Any) -> None:
        self.said = Said(text, **values)
        super().__init__(str(self.said))


def said_of(error: Mapping[str, Any]) -> Said:
    """One of pydantic's errors."""
    values = dict(error.get("ctx", {}))
    if isinstance(cause := values.get("error"), Amiss):
        return cause.said
    if error["type"] in _TO_DO:
        return Said(_TO_DO[error["type"]], **values)
    found = field_error(error, "")
    return Said(found.detail, **found.values)
