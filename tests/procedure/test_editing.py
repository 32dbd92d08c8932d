"""A file is changed as a person would change it: one line differs, comments and order stay; simple conditions are menus."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.procedure.editing import Editing
from shared.procedure.expressions import rules
from shared.procedure.files import checked, procedure_files, read
from shared.procedure.menus import Clause, Day, Menu, as_menu
from shared.procedure.scope import compiled
from tests.procedure.test_lint import GOOD, written
from tests.site import KOEN, PROCEDURES

ALL = sorted(PROCEDURES.glob("*.yaml"))


def changed(before: str, after: str) -> list[str]:
    """The lines that differ."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_file_that_is_read_and_written_is_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert Editing(text).text == text


@pytest.mark.parametrize("path", procedure_files(PROCEDURES), ids=lambda path: path.stem)
def test_each_rule_is_changed_in_its_own_line_and_nowhere_else(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for rule in rules(read(path)):
        edited = Editing(text)
        assert str(edited.at(rule.path)) == rule.expression
        edited.put(rule.path, f"({rule.expression})")
        gone, new = changed(text, edited.text)
        assert (gone[0], new[0]) == ("-", "+")
        assert f"({rule.expression})" in new


def test_a_menu_changes_a_check_and_the_file_stays_fine_with_its_comments(tmp_path: Path) -> None:
    text = "# our own note\n" + GOOD.replace("checks:", "checks:  # what must not be")
    path = written(tmp_path, text)
    edited = Editing(path.read_text(encoding="utf-8"))
    menu = as_menu(str(edited.at(("checks", 0, "when"))))
    assert menu == Menu((Clause("fee", ">", 5), Clause("kind", "==", "b")))
    edited.put(("checks", 0, "when"), Menu((Clause("fee", ">", 7), Clause("kind", "==", "a"))).expression)
    edited.save(path)
    assert checked(path) == []
    assert changed(text, path.read_text(encoding="utf-8")) == [
        "-  - {when: 'fee > 5 && kind == \"b\"', at: fee, says: {ja: 多い, en: Too much}}",
        "+  - {when: 'fee > 7 && kind == \"a\"', at: fee, says: {ja: 多い, en: Too much}}",
    ]
    assert list(tmp_path.glob("*.tmp")) == []


def test_checks_and_fields_are_added_and_taken_out(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    edited = Editing(GOOD)
    edited.insert(("checks", 0), {"when": "fee > 1000", "at": "fee", "says": {"ja": "高い", "en": "Too high"}})
    edited.insert(("form", 0, "fields", 1), {"key": "more", "type": "text", "label": {"ja": "追加", "en": "More"}})
    edited.put(("form", 0, "fields", 2, "help"), {"ja": "円", "en": "yen"})
    edited.save(path)
    assert checked(path) == []
    assert [line[1:].strip() for line in changed(GOOD, edited.text) if line.startswith("+")] == [
        "- {key: more, type: text, label: {ja: 追加, en: More}}",
        "- {key: fee, type: money, label: {ja: 料金, en: Fee}, required: true, help: {ja: 円, en: yen}}",
        "- {when: fee > 1000, at: fee, says: {ja: 高い, en: Too high}}",
    ]
    edited.drop(("checks", 0))
    edited.drop(("form", 0, "fields", 1))
    edited.drop(("form", 0, "fields", 1, "help"))
    assert edited.text == GOOD


@pytest.mark.parametrize("path", [("checks", 9, "when"), ("nothing", 0), ("form", 0, "fields", 99)])
def test_what_is_not_there_is_not_changed(path: Any) -> None:
    edited = Editing(GOOD)
    with pytest.raises(LookupError):
        edited.put(path, "x")
    with pytest.raises(LookupError):
        edited.drop(path)
    assert edited.text == GOOD


@pytest.mark.parametrize(
    ("expression", "clauses"),
    [
        ("fee > 0", [Clause("fee", ">", 0)]),
        ("other_grants", [Clause("other_grants", "is")]),
        ("!budget", [Clause("budget", "is not")]),
        ("held.from < today + days(30)", [Clause("held.from", "<", Day(30))]),
        ("started < today - days(30)", [Clause("started", "<", Day(-30))]),
        ('kind in ["data", "charts"]', [Clause("kind", "in", ("data", "charts"))]),
        ("growth <= 0.0", [Clause("growth", "<=", 0.0)]),
        ('row.kind == "a && b"', [Clause("row.kind", "==", "a && b")]),
    ],
)
def test_simple_conditions_are_menus(expression: str, clauses: list[Clause]) -> None:
    menu = as_menu(expression)
    assert menu
    assert list(menu.clauses) == clauses
    assert menu.expression == expression


@pytest.mark.parametrize(
    "expression",
    ["a && b || c", "a && (b || c)", "size(rows) > 3", "rows.exists(r, r.x > 9)", "a + 1 > 3", "a > b", 'x == "it\'s"', "true"],
)
def test_what_is_more_than_a_menu_stays_a_text(expression: str) -> None:
    assert as_menu(expression) is None


def test_most_of_what_is_shipped_can_be_edited_in_menus() -> None:
    every = [rule.expression for path in procedure_files(PROCEDURES) for rule in rules(read(path)) if rule.path[-1] != "value"]
    menus = [menu for menu in map(as_menu, every) if menu]
    assert len(menus) > len(every) * 0.6
    for menu in menus:
        assert as_menu(menu.expression) == menu
        compiled(menu.expression)


_FIELDS = st.sampled_from(["fee", "kind", "row.count", "place.prefecture"])
_VALUES = st.integers(-(10**9), 10**9) | st.text("あいabc &|,", max_size=8) | st.booleans() | st.integers(-99, 99).map(Day)
_COMPARED: Any = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_CLAUSES = st.builds(Clause, _FIELDS, _COMPARED, _VALUES) | st.builds(
    Clause, _FIELDS, st.just("in"), st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=3).map(tuple)
)


@given(st.lists(_CLAUSES, min_size=2, max_size=4).map(tuple), st.sampled_from(["&&", "||"]))
def test_every_menu_is_a_rule_and_comes_back_as_it_was(clauses: tuple[Clause, ...], join: Any) -> None:
    menu = Menu(clauses, join)
    compiled(menu.expression)
    assert as_menu(menu.expression) == menu


def test_a_text_in_one_line_is_changed_in_that_line() -> None:
    path = PROCEDURES / f"{KOEN}.yaml"
    text = path.read_text(encoding="utf-8")
    edited = Editing(text)
    edited.put(("title", "en"), "Another title")
    assert len(changed(text, edited.text)) == 2
