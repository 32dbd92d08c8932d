"""The catalogues: every text that people read has a Japanese one, with the same placeholders."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from shared.i18n import translate

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def japanese() -> Catalog:
    with (ROOT / "shared/locale/ja/LC_MESSAGES/madoguchi.po").open("rb") as file:
        return read_po(file, locale="ja")


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """Every text in the code and in the templates."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call] # Babel leaves it untyped
    found = set()
    for folder in ("shared", "services", "deploy"):
        for _, _, text, _, _ in extract_from_dir(
            ROOT / folder, [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods], options
        ):
            found.add(str(text))
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_the_texts_of_code_templates_and_problems_are_found(texts: set[str]) -> None:
    assert {
        "Skip to the content",  # a template
        "Some entries need mending",  # a problem's title
        "This case is decided already",  # a problem's detail
        "Give the reasons: a refusal has to state them (行政手続法8条)",  # a field's
        "Enter “{label}”",  # a rule's
        "Choose each value once",  # marked, and said elsewhere
    } <= texts


def test_every_text_has_a_japanese_one(texts: set[str], japanese: Catalog) -> None:
    known = {entry.id for entry in japanese if entry.id and entry.string and not entry.fuzzy}
    assert sorted(texts - known) == []


def test_the_catalogue_holds_no_text_that_nobody_says(texts: set[str], japanese: Catalog) -> None:
    assert sorted({str(entry.id) for entry in japanese if entry.id} - texts) == []


def test_placeholders_are_the_same_in_both_languages(japanese: Catalog) -> None:
    differing = {
        str(one.id): one.string for one in japanese if one.id and placeholders(str(one.id)) != placeholders(str(one.string))
    }
    assert differing == {}


def test_a_text_is_filled_after_it_is_translated() -> None:
    assert translate("Use at most {limit} characters", "ja", limit=5) == "5字以内で書いてください"
    assert translate("Use at most {limit} characters", "en", limit="{x}") == "Use at most {x} characters"
