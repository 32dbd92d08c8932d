"""What a document takes from the answers, as texts in Japanese: the language of the office."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shared.japanese import wareki
from shared.procedure.model import Procedure
from shared.procedure.papers import DocumentRule
from shared.procedure.reading import entries
from shared.procedure.scope import Scope


def filled(procedure: Procedure, rule: DocumentRule, answers: Mapping[str, Any], *, today: date) -> dict[str, str]:
    """The values of a document's `data`: a field as people read it, anything else as CEL gives it. Raises RuleError.

    `answers` have the computed ones in their place.
    """
    scope = Scope(procedure, answers, today)
    keys = {field.key for field in procedure.fields()}
    found = {}
    for name, expression in rule.data.items():
        if expression in keys:
            read = entries(procedure, answers, [expression], "ja")
            found[name] = read[0].text if read else ""
        else:
            found[name] = _text(scope.evaluate(expression))
    return found


def _text(value: Any) -> str:
    """A value of CEL as a text; what needs an answer that was not given is empty."""
    match value:
        case None:
            text = ""
        case bool():
            text = "はい" if value else "いいえ"
        case int():
            text = f"{value:,}"
        case float():
            text = f"{value:,g}"
        case datetime():
            text = wareki(value.date())
        case list():
            text = "、".join(_text(one) for one in value)
        case _:
            text = str(value)
    return text
