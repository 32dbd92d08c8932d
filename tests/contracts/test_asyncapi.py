"""docs/asyncapi.yaml says what the code says, and what it says fits what is published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema_rs import Draft7Validator, Draft202012Validator
from ruamel.yaml import YAML

from shared.bus.asyncapi import as_yaml
from shared.events import EVENTS, SUBSCRIBERS
from tests.bus.parts import announce, arrived
from tests.site import Site

FILE = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
# Names of components in AsyncAPI 3.0, section “Components Object”.
NAME = re.compile(r"^[A-Za-z0-9_.-]+$")
Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    loaded: Document = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    return loaded


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
    for more in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(more)


def found(document: Document, reference: str) -> Any:
    part: Any = document
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


def test_the_document_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == as_yaml(), "write it again: python -m shared.bus.asyncapi > docs/asyncapi.yaml"


def test_it_is_an_asyncapi_3_document(document: Document) -> None:
    assert document["asyncapi"].startswith("3.")
    assert document["info"].keys() >= {"title", "version"}
    assert document.keys() <= {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert all(NAME.match(name) for kind in document["components"].values() for name in kind)
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = operation["channel"]["$ref"]
        assert channel.startswith("#/channels/")
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])


def test_every_reference_leads_somewhere(document: Document) -> None:
    all_references = list(references(document))
    assert len(all_references) > 3 * len(EVENTS)
    for reference in all_references:
        assert found(document, reference)


def test_each_event_has_a_channel_a_publisher_and_its_subscribers(document: Document) -> None:
    assert document["channels"].keys() == EVENTS.keys()
    for name, event in EVENTS.items():
        operations = {key: one for key, one in document["operations"].items() if one["channel"]["$ref"] == f"#/channels/{name}"}
        assert [key for key, one in operations.items() if one["action"] == "send"] == [f"{event.source}.publish-{name}"]
        heard = {key: one["x-ordered"] for key, one in operations.items() if one["action"] == "receive"}
        assert heard == {f"{subscriber.name}-{name}": subscriber.ordered for subscriber in SUBSCRIBERS[name]}


@pytest.mark.parametrize("name", EVENTS)
def test_the_payloads_are_valid_schemas_of_the_cloudevents_envelope(document: Document, name: str) -> None:
    payload = document["components"]["messages"][name]["payload"]
    schema = {**payload, "components": document["components"]}
    for dialect in (Draft7Validator, Draft202012Validator):  # AsyncAPI's own dialect is a superset of draft 7
        dialect(schema)
    assert set(payload["required"]) >= {"specversion", "id", "source", "type"}  # CloudEvents 1.0, required attributes


def test_a_published_event_fits_its_description(clean: Site, document: Document) -> None:
    announce(clean, arrived(str(uuid4())))
    row = clean.rows("select * from bus.event")[0]
    sent = {
        "specversion": "1.0",
        **{key: row[key] for key in ("type", "source", "subject", "sequence", "traceparent", "data")},
        "id": str(row["id"]),
        "time": row["time"].isoformat(),
    }
    payload = document["components"]["messages"][row["type"]]["payload"]
    schema = Draft202012Validator({**payload, "components": document["components"]}, validate_formats=True)
    assert [error.message for error in schema.iter_errors(sent)] == []
    assert not schema.is_valid({**sent, "source": "review"})
    assert not schema.is_valid({**sent, "data": {**sent["data"], "contact": "nobody"}})
