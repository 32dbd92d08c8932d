"""Whether a contract only grew: both an old reader of new events and a new reader of old events must be able to read.

What is allowed: a new field that has a default, and other words in titles and descriptions. Everything else needs a new version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.events import Event

FOLDER = Path(__file__).parent
COMMAND = "python -m tests.contracts"
_WORDS = frozenset({"title", "description", "examples", "$defs"})


def contract(event: type[Event]) -> dict[str, Any]:
    """What a reader of this event demands, as JSON Schema."""
    return event.model_json_schema(mode="validation")


def breaks(stored: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """What about `current` an old or a new reader would stumble over; empty when the contract only grew."""
    return list(dict.fromkeys(_breaks(_Part(stored, stored, "event"), _Part(current, current, "event"))))


class _Part:
    """A part of a schema, with the whole it refers into and its place for people."""

    def __init__(self, schema: dict[str, Any], whole: dict[str, Any], place: str) -> None:
        while "$ref" in schema:
            schema = {**whole["$defs"][schema["$ref"].rpartition("/")[2]], **{k: v for k, v in schema.items() if k != "$ref"}}
        self.schema = schema
        self.whole = whole
        self.place = place

    def under(self, schema: dict[str, Any], step: str) -> _Part:
        return _Part(schema, self.whole, f"{self.place}.{step}")


def _breaks(old: _Part, new: _Part) -> list[str]:
    found: list[str] = []
    before, after = old.schema.get("properties", {}), new.schema.get("properties", {})
    must_before, must_after = set(old.schema.get("required", ())), set(new.schema.get("required", ()))
    for name in before:
        where = f"{old.place}.{name}"
        if name not in after:
            found.append(f"{where} is gone (or has a new name): those who read it would miss it")
            continue
        if (name in must_before) != (name in must_after):
            found.append(f"{where} is {'no longer' if name in must_before else 'now'} required")
        found += _breaks(old.under(before[name], name), new.under(after[name], name))
    found += [
        f"{old.place}.{name} is new and required: events already published do not have it; give it a default"
        for name in sorted(must_after - before.keys())
    ]
    for rule in sorted((old.schema.keys() | new.schema.keys()) - _WORDS - {"properties", "required"}):
        found += _rule_breaks(rule, old, new)
    return found


def _rule_breaks(rule: str, old: _Part, new: _Part) -> list[str]:
    was, now = old.schema.get(rule), new.schema.get(rule)
    if isinstance(was, dict) and isinstance(now, dict):
        return _breaks(old.under(was, rule), new.under(now, rule))
    if rule in {"anyOf", "oneOf", "allOf"} and isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        pairs = enumerate(zip(was, now, strict=True))
        return [
            said for n, (one, other) in pairs for said in _breaks(old.under(one, f"{rule}.{n}"), new.under(other, f"{rule}.{n}"))
        ]
    if rule == "enum" and isinstance(was, list) and isinstance(now, list) and sorted(map(str, was)) == sorted(map(str, now)):
        return []
    return [] if was == now else [f"{old.place}: `{rule}` was {was!r} and is {now!r}"]
