"""What people write differently is the same, and what is different is not."""

from __future__ import annotations

from typing import Any

import pytest

from shared.japanese import same_text
from shared.procedure.files import read
from shared.procedure.likeness import likenesses
from shared.procedure.model import Duplicates, Procedure
from tests.site import DENKI, KOEN, PROCEDURES, example

SAME = [
    ("株式会社窓口電機", "窓口電機 株式会社"),
    ("株式会社窓口電機", "㈱窓口電機"),
    ("窓口電機（株）", "(株)  窓口電機"),
    ("㍿窓口電機", "窓口電機"),
    ("有限会社ビル・メンテナンス", "ﾋﾞﾙﾒﾝﾃﾅﾝｽ㈲"),
    ("ＡＢＣサービス", "abc さーびす"),
    ("コンピューター", "コンピュ−タ-"),
    ("梅田1－2－3", "梅田１-２-３"),
    ("一般社団法人みらい", "みらい（一社）"),
    ("ヷイオリン", "ヷイオリン"),
]
DIFFERENT = [
    ("株式会社窓口電機", "株式会社窓口電気"),
    ("有限会社", "株式会社"),  # nothing but a legal form stays what it is
    ("高橋", "髙橋"),  # NFKC knows no old and new kanji
    ("梅田1-2-3", "梅田1-23-4"),
    ("東京株式会社設立準備会", "東京設立準備会"),  # within a name it is part of it
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_people_write_differently_is_the_same(one: str, other: str) -> None:
    assert same_text(one) == same_text(other) != ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_is_different_stays_different(one: str, other: str) -> None:
    assert same_text(one) != same_text(other)


def asking(name: str, **duplicates: Any) -> Procedure:
    made = read(PROCEDURES / f"{name}.yaml")
    return made.model_copy(update={"duplicates": Duplicates(**duplicates)})


def test_of_several_choices_one_in_common_is_a_likeness() -> None:
    procedure = asking(DENKI, keys=["business", "classes"])
    first, second, third = (
        set(likenesses(procedure, {"business": "import", "classes": classes}))
        for classes in (["heaters", "wires"], ["wires", "fuses"], ["fuses"])
    )
    assert (len(first & second), len(second & third), len(first & third)) == (1, 1, 0)


def test_a_key_without_an_answer_makes_nothing_the_same() -> None:
    procedure = asking(KOEN, keys=["event", "held"], near=["event", "venue"])
    assert likenesses(procedure, {"event": "展示会"}) == []
    assert likenesses(procedure, {"event": "", "held": {"from": "2027-01-01", "to": "2027-01-02"}}) == []


def test_all_is_the_whole_content_whatever_the_order_of_its_rows() -> None:
    procedure = asking(KOEN, near="all")
    answers = example(KOEN)["answers"] | {"past": [{"year": 2024, "name": "経済産業省"}, {"year": 2025, "name": "経済産業省"}]}
    turned = answers | {"past": answers["past"][::-1], "event": f"　{answers['event']} ", "fee": float(answers["fee"])}
    changed = answers | {"visitors": answers["visitors"] + 1}
    (one,), (same,), (other,) = (likenesses(procedure, each) for each in (answers, turned, changed))
    assert one == same
    assert one != other


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "which fields make"),
        ({"near": ["event"], "refuse": True}, "`refuse` needs `keys`"),
        ({"keys": ["event", "event"]}, "written twice"),
    ],
)
def test_what_says_nothing_of_duplicates_is_a_mistake(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Duplicates(**said)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"keys": ["nobody"]}, "the form does not have"),
        ({"near": ["nobody"]}, "the form does not have"),
    ],
)
def test_duplicates_are_told_by_fields_of_the_form(said: dict[str, Any], why: str) -> None:
    definition = read(PROCEDURES / f"{KOEN}.yaml").definition() | {"duplicates": said}
    with pytest.raises(ValueError, match=why):
        Procedure.model_validate(definition)
