"""Choosing, agreeing, saying yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.i18n import Language, message, translate
from shared.procedure.fields import FieldOf, SimpleType
from shared.procedure.kinds.kind import Fault, Kind, Schema


def _values(field: FieldOf) -> Schema:
    return {"type": "string", "enum": [option.value for option in field.options]}


def _several(field: FieldOf) -> Schema:
    return {"type": "array", "minItems": 1 if field.required is True else 0, "uniqueItems": True, "items": _values(field)}


def _texts(answer: Any) -> list[str] | None:
    return [one for one in answer if isinstance(one, str)] if isinstance(answer, list) else None


def _boolean(answer: Any) -> bool | None:
    return answer if isinstance(answer, bool) else None


def _label(field: FieldOf, answer: Any, language: Language) -> str:
    return next(option.label.within(language) for option in field.options if option.value == answer)


def _labels(field: FieldOf, answer: Any, language: Language) -> str:
    return ("、" if language == "ja" else ", ").join(_label(field, value, language) for value in answer)


def _yes_no(_field: FieldOf, answer: Any, language: Language) -> str:
    return translate("Yes" if answer else "No", language)


def _agreed(_field: FieldOf, answer: Any, language: Language) -> str:
    return translate("Agreed" if answer else "Not agreed", language)


def _consent(field: FieldOf, seen: Any, _around: Mapping[str, Any]) -> Fault:
    return (
        message("“{label}”: agree to this, or the application cannot be taken") if field.required is True and not seen else None
    )


KINDS: dict[SimpleType, Kind] = {
    "choice": Kind(message("One choice"), _values, shown=_label),
    "choices": Kind(message("One or more choices"), _several, _texts, _labels),
    "yes-no": Kind(message("Yes or no"), lambda _: {"type": "boolean"}, _boolean, _yes_no),
    "consent": Kind(message("Consent"), lambda _: {"type": "boolean"}, _boolean, _agreed, _consent),
}
