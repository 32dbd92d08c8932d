"""A published contract only grows (shared/events): its stored form under tests/contracts is what others read by."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import ENVELOPE, EVENTS, SUBSCRIBERS, Applicant, ApplicationArrived, CaseDecided, Event, Mend
from tests.contracts.compare import COMMAND, FOLDER, breaks, contract

Schema = dict[str, Any]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda more: st.lists(more) | st.dictionaries(st.text(), more),
)


def stored(name: str) -> Schema:
    path = FOLDER / f"{name}.json"
    assert path.exists(), f"{name} is new: store its contract with `{COMMAND}` and commit the file"
    found: Schema = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", EVENTS)
def test_a_contract_breaks_no_reader(name: str) -> None:
    found = breaks(stored(name), contract(EVENTS[name]))
    assert not found, (
        f"{name} breaks its readers: {'; '.join(found)}. Keep the class as it was, and add the changed one beside it "
        f"as the next version, with its own line in SUBSCRIBERS; publish both until nobody hears the old one."
    )


@pytest.mark.parametrize("name", EVENTS)
def test_the_stored_contract_is_up_to_date(name: str) -> None:
    assert stored(name) == contract(EVENTS[name]), f"{name} has grown: store it with `{COMMAND}` and commit the file"


def test_no_event_is_dropped_while_its_contract_is_stored() -> None:
    gone = {path.stem for path in FOLDER.glob("*.json")} - EVENTS.keys()
    assert not gone, f"{gone}: deliveries of it may still wait. Bring the class back, or delete the file once no log holds any"


def test_every_event_has_a_version_a_source_and_a_line_in_the_table_of_subscribers() -> None:
    assert EVENTS.keys() == SUBSCRIBERS.keys()
    for name, event in EVENTS.items():
        assert name == event.type
        assert name.rpartition(".v")[2].isdigit()
        assert event.source


def a_change(of: str, change: Callable[[Schema], object]) -> list[str]:
    before = contract(EVENTS[of])
    after = copy.deepcopy(before)
    change(after)
    return breaks(before, after)


def rename(schema: Schema) -> None:
    schema["properties"]["arrival"] = schema["properties"].pop("arrival_number")
    schema["required"] = ["arrival" if name == "arrival_number" else name for name in schema["required"]]


BREAKING: list[tuple[str, Callable[[Schema], object], str]] = [
    ("application.arrived.v1", rename, "event.arrival_number is gone"),
    ("application.arrived.v1", lambda s: s["properties"].pop("traceparent"), "event.traceparent is gone"),
    ("application.arrived.v1", lambda s: s["required"].remove("answers"), "event.answers is no longer required"),
    ("case.decided.v1", lambda s: s["required"].append("appeal"), "event.appeal is now required"),
    (
        "application.filed.v1",
        lambda s: (s["properties"].update(channel={"type": "string"}), s["required"].append("channel")),
        "event.channel is new and required",
    ),
    ("application.filed.v1", lambda s: s["properties"]["receipt_number"].update(type="integer"), "`type` was 'string'"),
    ("application.filed.v1", lambda s: s["properties"]["receipt_number"].update(maxLength=5), "`maxLength` was None"),
    ("application.filed.v1", lambda s: s["properties"]["sequence"].pop("minimum"), "`minimum` was 1"),
    ("case.decided.v1", lambda s: s["properties"]["decision"]["enum"].remove("accept"), "`enum` was"),
    ("case.decided.v1", lambda s: s["properties"]["decision"]["enum"].append("defer"), "`enum` was"),
    ("case.decided.v1", lambda s: s["properties"]["decided_at"].update(format="date"), "`format` was 'date-time'"),
    ("case.decided.v1", lambda s: s["properties"]["reasons"].update(default="なし"), "`default` was ''"),
    ("application.arrived.v1", lambda s: s["$defs"]["Contact"]["properties"].pop("email"), "event.contact.email is gone"),
    ("application.arrived.v1", lambda s: s["$defs"]["Contact"]["properties"]["language"]["enum"].pop(), "event.contact.language"),
    ("application.returned.v1", lambda s: s["$defs"]["Mend"]["properties"].pop("en"), "event.mends.items.en is gone"),
    ("case.opened.v1", lambda s: s["properties"]["official"]["anyOf"].pop(), "`anyOf` was"),
    ("case.opened.v1", lambda s: s["$defs"]["Official"]["properties"]["name"].update(type="number"), "official.anyOf.0.name"),
]


@pytest.mark.parametrize(("of", "change", "says"), BREAKING)
def test_a_breaking_change_is_found_and_named(of: str, change: Callable[[Schema], object], says: str) -> None:
    assert any(says in one for one in a_change(of, change)), a_change(of, change)


HARMLESS: list[Callable[[Schema], object]] = [
    lambda s: s["properties"].update(channel={"type": "string", "default": "api"}),
    lambda s: s["$defs"]["Contact"]["properties"].update(
        phone={"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    ),
    lambda s: s.update(description="in other words", title="Arrived"),
    lambda s: s["$defs"]["Contact"]["properties"]["language"]["enum"].reverse(),
]


@pytest.mark.parametrize("change", HARMLESS)
def test_a_contract_may_grow(change: Callable[[Schema], object]) -> None:
    assert a_change("application.arrived.v1", change) == []


@given(st.sampled_from(list(EVENTS.values())).flatmap(lambda event: st.builds(event, **_filling(event))))
def test_what_is_published_is_read_as_it_was(event: Event) -> None:
    sent = json.loads(json.dumps(event.data()))
    envelope = event.model_dump(include=set(ENVELOPE))
    assert type(event)(**envelope, **sent) == event


def _filling(event: type[Event]) -> dict[str, Any]:
    filling: dict[str, Any] = {"sequence": st.integers(1, 2**31)}
    for name in ("answers", "before", "after", "definition"):
        if name in event.model_fields:
            filling[name] = st.dictionaries(st.text(), JSON, max_size=5)
    return filling


def test_a_reader_passes_over_what_it_does_not_know_yet() -> None:
    newer = {"pointer": "/a", "ja": "あ", "en": "a", "since": "2030"}
    assert Mend(**newer) == Mend(pointer="/a", ja="あ", en="a")
    assert (
        "since"
        not in Applicant.model_validate(
            {"organisation_id": "7b3f3a58-6a5e-4d2c-9d5c-2a6f0f4b5d11", "name": "x", "since": 1}
        ).model_dump()
    )


def test_an_event_cannot_be_changed_after_it_was_made() -> None:
    assert ApplicationArrived.model_config["frozen"]
    assert CaseDecided.model_config["frozen"]
