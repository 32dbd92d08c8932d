"""Values that are sealed: read as they were written, for their own column only, with their own key only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from shared.sealing.columns import SealedAddress, open_document, open_text, seal_document, seal_text
from shared.sealing.ring import Ring, SealingError, new_key, using
from tests.sealing.opening import sealed

HERE, ELSEWHERE = "intake.application.answers", "review.case.answers"
ONE, OTHER = new_key("one"), new_key("other")
KEYS, NONE = Ring.read(ONE), Ring()

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(texts | st.sampled_from(["~", "c", "p"]), inside, max_size=3),
    max_leaves=8,
)


@given(values, texts | st.sampled_from(["~", "~~", "~one~" + "A" * 40, "~~one~" + "A" * 40]))
def test_what_is_written_is_read_with_keys_and_without(value: Any, text: str) -> None:
    for keys in (KEYS, NONE):
        with using(keys):
            document, written = seal_document(HERE, value), seal_text(HERE, text)
        for later in (KEYS, Ring.read(f"{OTHER}\n{ONE}")):
            with using(later):
                assert open_document(HERE, document) == value
                assert open_text(HERE, written) == text


def test_the_same_value_never_looks_the_same_and_shows_nothing() -> None:
    with using(KEYS):
        once, again = seal_document(HERE, {"name": "Hanako"}), seal_document(HERE, {"name": "Hanako"})
    assert once != again
    assert once["~"] == "one"
    assert "Hanako" not in str(once)


def test_what_stood_there_before_there_were_keys_is_read_as_it_is() -> None:
    plain: list[Any] = [{"name": "Hanako"}, {}, [], None, "text", {"~": "one", "more": 1, "c": 2}, {"~": 1, "c": "AAAA"}]
    for value in plain:
        with using(KEYS):
            assert open_document(HERE, value) == value
    for text in ("", "text", "~ about", "~one~no base64", "~one~AAAA"):
        with using(KEYS):
            assert open_text(HERE, text) == text


@pytest.mark.parametrize(
    ("spoilt", "ring", "place"),
    [
        (lambda c: c, KEYS, ELSEWHERE),
        (lambda c: c[:-4], KEYS, HERE),
        (lambda _: "", KEYS, HERE),
        (lambda _: "no base64 at all", KEYS, HERE),
        (lambda c: ("B" if c[0] == "A" else "A") + c[1:], KEYS, HERE),
        (lambda c: c, Ring.read(OTHER), HERE),
        (lambda c: c, NONE, HERE),
        (lambda c: c, Ring.read(new_key("one")), HERE),
    ],
    ids=["moved", "truncated", "empty", "not base64", "changed", "unknown key", "no key", "another key of this name"],
)
def test_what_is_not_what_was_sealed_is_refused_and_says_where(spoilt: Any, ring: Ring, place: str) -> None:
    with using(KEYS):
        document = seal_document(HERE, {"name": "Hanako"})
    with using(ring), pytest.raises(SealingError, match=rf"{place}.*\bone\b"):
        open_document(place, document | {"c": spoilt(document["c"])})


def test_a_key_can_be_known_before_it_seals() -> None:
    with using(KEYS):
        document = seal_document(HERE, {"name": "Hanako"})
    with using(Ring.read(f"none,{ONE}")):
        assert open_document(HERE, document) == {"name": "Hanako"} == seal_document(HERE, {"name": "Hanako"})


def test_ids_of_the_house_are_no_addresses() -> None:
    address = SealedAddress("notify.message.recipient")
    with using(KEYS):
        assert address.written("0193e0a0-0000-7000-8000-000000000001") == "0193e0a0-0000-7000-8000-000000000001"
        assert address.written("hanako@example.com").startswith("~one~")


@pytest.mark.parametrize(
    "wrong",
    ["one", "one:", f"{ONE[:-1]}", "One:" + ONE[4:], f"{ONE},{ONE}", f":{ONE[4:]}", "~:" + ONE[4:]],
    ids=["no key", "empty", "cut", "capital letter", "twice", "no name", "mark of what is sealed"],  # keys differ from run to run
)
def test_keys_that_cannot_be_read_stop_the_start_without_being_quoted(wrong: str) -> None:
    with pytest.raises(ValueError, match="entry") as refused:
        Ring.read(wrong)
    assert ONE[4:20] not in str(refused.value)


def test_each_column_is_sealed_for_itself_and_cannot_be_compared() -> None:
    for place, column in sealed().items():
        assert place == f"{column.table.schema}.{column.table.name}.{column.name}"
    column = sealed()[HERE]
    with pytest.raises(TypeError, match="cannot be compared"):
        select(column).where(column == {"name": "Hanako"})
