"""What makes two applications the same, or nearly so: what the procedure's `duplicates` names, as texts to compare.

Exact: the keys' answers as they were given. Near: the same after what people write differently is made the same
(shared.japanese.same_text): full and half width, hiragana and katakana, blanks, marks, where the legal form stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from shared.japanese import same_text
from shared.procedure.fields import FieldOf, GroupField
from shared.procedure.model import Procedure

Kind = Literal["exact", "near"]
# Says nothing of what the application is about.
_PASSED_OVER = frozenset({"consent"})


@dataclass(frozen=True)
class Likeness:
    """A text that two applications of one corporation have in common when they are duplicates."""

    kind: Kind
    content: str


def likenesses(procedure: Procedure, answers: Mapping[str, Any]) -> list[Likeness]:
    """What duplicates of these answers would have in common with them. A key that was not answered makes nothing the same."""
    duplicates = procedure.duplicates
    if duplicates is None:
        return []
    fields = {field.key: field for field in procedure.fields()}
    found: list[Likeness] = []
    if duplicates.keys:
        found += [Likeness("exact", content) for content in _exact(fields, duplicates.keys, answers)]
    if duplicates.near == "all":
        near = [key for key, field in fields.items() if field.value is None and _kind(field) not in _PASSED_OVER]
        if content := {key: _plain(answers[key]) for key in near if answers.get(key) not in (None, "", [])}:
            found.append(Likeness("near", _text(content)))
    elif duplicates.near and all(answers.get(key) not in (None, "", []) for key in duplicates.near):
        found.append(Likeness("near", _text([_plain(answers[key]) for key in duplicates.near])))
    return found


def _exact(fields: Mapping[str, FieldOf], keys: list[str], answers: Mapping[str, Any]) -> list[str]:
    """One text; where a key has several choices, one for each of them."""
    if any(answers.get(key) in (None, "", []) for key in keys):
        return []
    several = next((key for key in keys if _kind(fields[key]) == "choices"), None)
    if several is None:
        return [_text([answers[key] for key in keys])]
    return [_text([one if key == several else answers[key] for key in keys]) for one in sorted(answers[several])]


def _plain(answer: Any) -> Any:
    """An answer without what people write differently. The order of rows and choices means nothing."""
    if isinstance(answer, str):
        return same_text(answer)
    if isinstance(answer, dict):
        return {key: _plain(part) for key, part in answer.items() if part not in (None, "", [])}
    if isinstance(answer, list):
        return sorted((_plain(part) for part in answer), key=_text)
    return answer


def _text(value: Any) -> str:
    """The same text for the same value: 5 and 5.0 are the same number in JSON."""
    return orjson.dumps(_whole(value), option=orjson.OPT_SORT_KEYS).decode()


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list) else value


def _kind(field: FieldOf) -> str:
    return "group" if isinstance(field, GroupField) else getattr(field, "type", "")
