"""Answers as people read them."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from services.intake.catalogue.pages import TYPES
from shared.i18n import Language
from shared.procedure.fields import SimpleField, SimpleType
from shared.procedure.files import read
from shared.procedure.kinds import KINDS
from shared.procedure.model import Procedure
from shared.procedure.reading import label_at, sections
from tests.site import PROCEDURES

DENKI = "denki-yohin-todokede"


@pytest.fixture(scope="module")
def denki() -> Procedure:
    return read(PROCEDURES / f"{DENKI}.yaml")


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PROCEDURES / f"{DENKI}.example.json").read_text())["answers"]
    return found


def test_every_type_of_field_can_be_written_and_named() -> None:
    assert set(KINDS) == set(TYPES) == set(get_args(SimpleType))


@pytest.mark.parametrize(
    ("kind", "answer", "ja", "en"),
    [
        ("text", "窓口", "窓口", "窓口"),
        ("integer", 1200, "1,200", "1,200"),
        ("money", 0, "0", "0"),
        ("date", "2019-05-01", "令和元年5月1日（2019年）", "1 May 2019"),
        ("fiscal-year", 2024, "2024年度", "FY 2024"),
        (
            "date-range",
            {"from": "2035-10-05", "to": "2035-10-06"},
            "令和17年10月5日（2035年）から令和17年10月6日（2035年）",
            "5 October 2035 to 6 October 2035",
        ),
        (
            "address",
            {"postal_code": "1000013", "prefecture": "13", "address": "千代田区1-3-1"},
            "〒100-0013 東京都千代田区1-3-1",
            "〒100-0013 東京都千代田区1-3-1",
        ),
        ("address", {"prefecture": "01", "address": "札幌市"}, "北海道札幌市", "北海道札幌市"),
        ("yes-no", False, "いいえ", "No"),
    ],
)
def test_answers_are_written_out(kind: SimpleType, answer: Any, ja: str, en: str) -> None:
    field = SimpleField.model_validate({"key": "x", "type": kind, "label": "x"})
    assert [KINDS[kind].shown(field, answer, language) for language in ("ja", "en")] == [ja, en]


def test_sections_follow_the_forms_pages_with_its_labels(denki: Procedure, answers: dict[str, Any]) -> None:
    found = sections(denki, answers, "ja")
    assert [section.title for section in found] == ["届出者", "事業"]
    entries = {entry.label: entry for section in found for entry in section.entries}
    assert entries["製造・輸入の別"].text == "輸入"
    assert entries["電気用品の区分"].text == "配線器具、電熱器具"
    assert entries["型式の区分"].headers == ["電気用品の区分", "型式"]
    assert entries["型式の区分"].rows[1] == ["電熱器具", "電気ストーブ 100V 800W"]


def test_what_was_not_asked_for_is_left_out_and_what_was_not_answered_is_empty(denki: Procedure, answers: dict[str, Any]) -> None:
    kept = {key: answer for key, answer in answers.items() if key not in {"representative", "makers"}}
    entries = {entry.label: entry for section in sections(denki, kept, "en") for entry in section.entries}
    assert entries["Representative"].text == ""
    assert "Manufacturers (for imports)" not in entries


@pytest.mark.parametrize(
    ("pointer", "language", "label"),
    [
        ("", "ja", ""),
        ("/started", "ja", "事業開始の年月日"),
        ("/types/1/class", "ja", "型式の区分 2、電気用品の区分"),
        ("/types/0/type", "en", "Types 1, Type"),
        ("/address/prefecture", "en", "Address"),
        ("/nothing", "en", ""),
    ],
)
def test_a_place_is_named_by_the_forms_labels(denki: Procedure, pointer: str, language: Language, label: str) -> None:
    assert label_at(denki, pointer, language) == label
