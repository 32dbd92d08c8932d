"""`python -m shared.bus.asyncapi`: the events, who publishes and who hears them, as an AsyncAPI 3 document.

An office that couples another system to the bus reads docs/asyncapi.yaml; a test keeps it up to date.
"""

from __future__ import annotations

import inspect
import io
import sys
from typing import Any

from ruamel.yaml import YAML

from shared.events import ENVELOPE, EVENTS, SUBSCRIBERS, Event

_DESCRIPTION = """\
What happens in Madoguchi, said by the services to each other. Events are CloudEvents 1.0; they are kept in PostgreSQL
(schema bus) and delivered at least once, with their effects once. Events with the same source and subject come in the order
of their sequence, except to subscribers marked `x-ordered: false`. A contract only grows: readers pass over fields they do
not know, and a changed meaning gets a new type.
"""


def document() -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Madoguchi events", "version": "1", "description": " ".join(_DESCRIPTION.split())},
        "defaultContentType": "application/cloudevents+json",
        "channels": {name: _channel(event) for name, event in EVENTS.items()},
        "operations": {key: operation for name, event in EVENTS.items() for key, operation in _operations(name, event)},
        "components": {"messages": {name: _message(event, schemas) for name, event in EVENTS.items()}, "schemas": schemas},
    }


def _channel(event: type[Event]) -> dict[str, Any]:
    return {
        "address": event.type,
        "description": _said_of(event),
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.type}"}},
    }


def _said_of(event: type[Event]) -> str:
    return " ".join((inspect.getdoc(event) or "").split())


def _operations(name: str, event: type[Event]) -> list[tuple[str, dict[str, Any]]]:
    target = {
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{event.__name__}"}],
    }
    sends = {"action": "send", "summary": f"{event.source} publishes it.", **target}
    hears = [
        (
            f"{subscriber.name}-{name}",
            {"action": "receive", "summary": f"{subscriber.service} hears it.", "x-ordered": subscriber.ordered, **target},
        )
        for subscriber in SUBSCRIBERS[name]
    ]
    return [(f"{event.source}.publish-{name}", sends), *hears]


def _message(event: type[Event], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = event.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schema.pop("$defs", {})
    envelope = {key: schema["properties"].pop(key) for key in sorted(ENVELOPE)}
    schemas[event.__name__] = {
        **{key: value for key, value in schema.items() if key != "description"},
        "required": [name for name in schema.get("required", ()) if name not in ENVELOPE],
    }
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": _said_of(event).partition(". ")[0].rstrip(".") + ".",
        "contentType": "application/cloudevents+json",
        "payload": {
            "type": "object",
            "required": ["specversion", "type", "source", "id", "subject", "sequence", "time", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "type": {"const": event.type},
                "source": {"const": event.source},
                **envelope,
                "data": {"$ref": f"#/components/schemas/{event.__name__}"},
            },
        },
    }


def as_yaml() -> str:
    """The document as text."""
    writer = YAML()
    writer.default_flow_style = False
    writer.width = 120
    writer.representer.ignore_aliases = lambda _: True  # each part stands written out
    output = io.StringIO()
    writer.dump(document(), output)
    return output.getvalue()


if __name__ == "__main__":
    sys.stdout.write(as_yaml())
