"""Documents in the language of procedures: taken in whole, and mistakes found before anybody files."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from shared.procedure.files import Unreadable, checked, read
from shared.procedure.model import Procedure
from shared.procedure.papers import fiscal_year, numbered
from tests.site import PROCEDURES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a procedure with its templates."""
    for name in ("koen-meigi.yaml", "offices.yaml", "documents/approval.typ", "documents/refusal.typ"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((PROCEDURES / name).read_bytes())
    return tmp_path


def changed(folder: Path, old: str, new: str, name: str = "koen-meigi.yaml") -> list[str]:
    """What is found after a change; each with its line taken off."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return [re.sub(r"^.*?:\d+: ", "", str(one)) for one in checked(folder / "koen-meigi.yaml")]


def test_a_procedure_is_published_with_its_templates() -> None:
    procedure = read(PROCEDURES / "koen-meigi.yaml")
    assert set(procedure.review.templates) == {"approval", "refusal"}
    assert Procedure.model_validate(procedure.definition()).review == procedure.review


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("template: approval", "template: nothing", "there is no template documents/nothing.typ"),
        ("template: approval", "template: ../refusal", "there is no template"),
        ("後援第{serial}号", "後援第1号", "two documents would have the same number"),
        ("{era}{fiscal_year}年度 後援第{serial}号", "第{serial}号", "two documents would have the same number"),
        ("後援第{serial}号", "後援第{serial.__class__}号", "nobody fills {serial.__class__}"),
        ("facts: [event, organiser,", "facts: [event, nobody,", "a document repeats nobody"),
        ("data: {refused: ", "data: {other: ", "nobody fills the placeholder filled.refused of refusal.typ"),
        ("data: {refused: '\"後援名義の使用を承認しない\"'}", "data: {refused: nobody}", "there is no field or function nobody"),
        ("- on: [approve]", "- on: [accept]", "a document is made on accept, which is none of the decisions"),
        ("- on: [approve]", "- on: [approve, refuse]", "written twice: refuse"),
    ],
)
def test_a_mistake_in_a_document_is_found(folder: Path, old: str, new: str, says: str) -> None:
    assert any(says in one for one in changed(folder, old, new)), changed(folder, "review:", "review:")


def test_a_template_that_takes_what_no_document_has_is_found(folder: Path) -> None:
    found = changed(folder, "#doc.arrived", "#doc.secret", "documents/approval.typ")
    assert found == ["review.documents.0.template: nobody fills the placeholder doc.secret of approval.typ"]


def test_a_template_has_no_packages(folder: Path) -> None:
    path = folder / "documents" / "approval.typ"
    path.write_text('#import "@preview/cetz:0.3.0"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(Unreadable, match="@preview"):
        read(folder / "koen-meigi.yaml")


def test_a_number_says_the_fiscal_year_from_april_to_march() -> None:
    pattern = "{era}{fiscal_year}年度 {year}-{day}-{procedure} 第{serial}号"
    assert [fiscal_year(day) for day in (date(2027, 3, 31), date(2027, 4, 1))] == [2026, 2027]
    assert numbered(pattern, procedure="p", day=date(2027, 3, 31), serial=12) == "令和8年度 2026-20270331-p 第12号"
    assert numbered("{era}{fiscal_year}-{serial}", procedure="p", day=date(2019, 4, 1), serial=1) == "令和元-1"
