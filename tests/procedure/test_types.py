"""Every type of field: what fits it, what does not, and how people read it."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest
from jsonschema_rs import Draft202012Validator

from shared.procedure import form
from shared.procedure.fields import SimpleType
from shared.procedure.kinds import KINDS
from shared.procedure.model import Procedure
from shared.procedure.rules import findings

TODAY = date(2026, 11, 23)
OFFICES = [{"key": "press", "title": "広報室"}]


def a_procedure(*fields: dict[str, Any], **more: Any) -> Procedure:
    """A procedure with these fields."""
    written = [{"label": field.get("key", "見出し"), **field} for field in fields]
    review = {"route": [{"to": "press"}], "decisions": ["accept"]}
    return Procedure.model_validate(
        {
            "procedure": "sample",
            "title": {"ja": "見本"},
            "law": "見本法",
            "owner": "見本課",
            "applicants": ["corporation"],
            "form": [{"page": "一", "fields": written}],
            "review": review,
            "offices": OFFICES,
            **more,
        }
    )


def wrong(procedure: Procedure, answers: dict[str, Any]) -> list[str]:
    """Where the schema, or else the rules, find an error."""
    validator = Draft202012Validator(form.schema(procedure, 1), validate_formats=True)
    by_schema = ["/" + "/".join(map(str, error.instance_path)) for error in validator.iter_errors(answers)]
    return by_schema or [one.pointer for one in findings(procedure, answers, today=TODAY) if one.level == "error"]


FILE: dict[str, Any] = {
    "id": "0198a0c2-7b1e-7000-8000-000000000001",
    "name": "事業計画書.pdf",
    "size": 1_234_567,
    "type": "application/pdf",
    "sha256": "0" * 64,
}

# type → answers that fit (with how they are read in Japanese), answers that do not
TYPES: dict[SimpleType, tuple[list[tuple[Any, str]], list[Any]]] = {
    "text": ([("窓口", "窓口")], [1, "x" * 201]),
    "long-text": ([("窓\n口", "窓\n口")], [[], "x" * 10_001]),
    "organisation-name": ([("株式会社窓口電機", "株式会社窓口電機")], [5]),
    "email": ([("a@example.jp", "a@example.jp")], ["a", "a@"]),
    "telephone": ([("03-3501-1511", "03-3501-1511"), ("+81-3-3501-1511", "+81-3-3501-1511")], ["3501", "03 3501 1511", "tel"]),
    "url": ([("https://www.meti.go.jp/", "https://www.meti.go.jp/")], ["www.meti.go.jp", "javascript:alert(1)", "https://"]),
    "corporate-number": ([("5010401067252", "5010401067252")], ["5010401067253", "501"]),
    "reference": ([("0198a0c2-7b1e-7000-8000-000000000001",) * 2], ["R-1"]),
    "integer": ([(1200, "1,200"), (0, "0")], [-1, 1.5, "1", True]),
    "decimal": ([(1.25, "1.25"), (3, "3")], [1.255, -1, "1"]),
    "money": ([(10_000_000, "10,000,000")], [0.5, -1, 10**16]),
    "percent": ([(66.67, "66.67%"), (100, "100%")], [100.1, -0.1, 1.001]),
    "rate": ([("2/3", "2/3"), ("1/1", "1/1")], ["3/2", "2/0", "0.66", 0.66]),
    "fiscal-year": ([(2026, "2026年度")], [1899, "2026"]),
    "date": ([("2019-05-01", "令和元年5月1日（2019年）")], ["2026-02-29", "令和元年5月1日"]),
    "birth-date": ([("1989-01-08", "平成元年1月8日（1989年）"), ("2026-11-23", "令和8年11月23日（2026年）")], ["2026-11-24"]),
    "month": ([("2026-04", "令和8年4月（2026年）")], ["2026-13", "2026-4", "2026-04-01"]),
    "time": ([("09:30", "09:30")], ["24:00", "9:30"]),
    "date-range": (
        [({"from": "2026-04-01", "to": "2026-04-02"}, "令和8年4月1日（2026年）から令和8年4月2日（2026年）")],
        [{"from": "2026-04-01"}],
    ),
    "choice": ([("a", "甲")], ["c"]),
    "choices": ([(["b", "a"], "乙、甲")], [["a", "a"], ["c"], "a"]),
    "yes-no": ([(False, "いいえ")], ["no", 0]),
    "consent": ([(True, "同意する")], [False, "yes"]),
    "postal-code": ([("1000013", "〒100-0013")], ["100-0013"]),
    "prefecture": ([("13", "東京都")], ["48", "東京都"]),
    "municipality": (
        [
            ({"code": "131016", "name": "千代田区"}, "東京都千代田区（131016）"),
            ({"code": "011002", "name": "札幌市"}, "北海道札幌市（011002）"),
        ],
        [{"code": "131017", "name": "千代田区"}, {"code": "13101", "name": "千代田区"}, {"code": "131016"}],
    ),
    "address": ([({"prefecture": "13", "address": "千代田区1"}, "東京都千代田区1")], [{"prefecture": "99", "address": "x"}]),
    "map-point": ([({"lat": 35.67, "lon": 139.75}, "緯度 35.67、経度 139.75")], [{"lat": 91, "lon": 0}, {"lat": 1}]),
    "person": (
        [
            (
                {"family": "窓口", "given": "花子", "family_kana": "マドグチ", "given_kana": "ハナコ"},
                "窓口 花子（マドグチ ハナコ）",
            )
        ],
        [{"family": "窓口", "given": "花子", "family_kana": "窓口", "given_kana": "ハナコ"}, {"family": "窓口"}],
    ),
    "bank-account": (
        [
            (
                {
                    "bank_code": "0001",
                    "bank": "見本銀行",
                    "branch_code": "001",
                    "branch": "本店",
                    "kind": "ordinary",
                    "number": "1234567",
                    "holder": "カ）マドグチデンキ",
                },
                "見本銀行（0001） 本店（001） 普通 1234567 カ）マドグチデンキ",
            )
        ],
        [{"bank_code": "1"}],
    ),
    "industry": (
        [({"code": "29", "title": "電気機械器具製造業"}, "29 電気機械器具製造業")],
        [{"code": "00", "title": "x"}, {"code": "29"}],
    ),
    "attachment": (
        [(FILE, "事業計画書.pdf（PDF、1.2 MB）")],
        [FILE | {"type": "text/html"}, FILE | {"size": 20_000_001}, FILE | {"sha256": "x"}, FILE["id"], [FILE]],
    ),
    "attachments": (
        [([FILE, FILE | {"name": "b.pdf"}], "事業計画書.pdf（PDF、1.2 MB）\nb.pdf（PDF、1.2 MB）")],
        [FILE, [FILE, FILE], [FILE | {"id": "1"}], [FILE | {"name": str(number)} for number in range(11)]],
    ),
    "signature": ([({"role": "代表取締役", "name": "窓口 花子"}, "代表取締役 窓口 花子")], [{"name": "窓口 花子"}]),
}


def a_field(kind: SimpleType) -> dict[str, Any]:
    options = [{"value": "a", "label": "甲"}, {"value": "b", "label": "乙"}] if kind in {"choice", "choices"} else []
    return {"key": "x", "type": kind, "required": True} | ({"options": options} if options else {})


def test_every_type_is_tried_here() -> None:
    assert set(TYPES) == set(KINDS) == set(get_args(SimpleType))


@pytest.mark.parametrize("kind", TYPES)
def test_what_fits_a_type_is_taken_and_read_back(kind: SimpleType) -> None:
    procedure = a_procedure(a_field(kind))
    for answer, read in TYPES[kind][0]:
        assert wrong(procedure, {"x": answer}) == []
        assert KINDS[kind].shown(procedure.fields()[0], answer, "ja") == read
        assert KINDS[kind].shown(procedure.fields()[0], answer, "en")


@pytest.mark.parametrize(("kind", "answer"), [(kind, answer) for kind, (_, bad) in TYPES.items() for answer in bad])
def test_what_does_not_fit_a_type_is_told_at_its_place(kind: SimpleType, answer: Any) -> None:
    found = wrong(a_procedure(a_field(kind)), {"x": answer})
    assert found
    assert all(pointer.startswith("/x") for pointer in found)


@pytest.mark.parametrize(("chosen", "errors"), [("13", []), ("14", ["/m"])])
def test_a_municipality_lies_in_the_prefecture_that_was_chosen(chosen: str, errors: list[str]) -> None:
    procedure = a_procedure({"key": "p", "type": "prefecture"}, {"key": "m", "type": "municipality", "within": "p"})
    assert wrong(procedure, {"p": chosen, "m": {"code": "131016", "name": "千代田区"}}) == errors


def test_a_heading_asks_for_nothing() -> None:
    procedure = a_procedure({"type": "heading", "label": "見出し"}, {"key": "x", "type": "text"})
    assert list(form.schema(procedure, 1)["properties"]) == ["x"]
    assert wrong(procedure, {}) == []


def test_while_a_field_is_not_enabled_it_takes_no_answer() -> None:
    procedure = a_procedure({"key": "a", "type": "yes-no"}, {"key": "b", "type": "text", "enable": "a", "required": True})
    assert wrong(procedure, {"a": False, "b": "x"}) == ["/b"]
    assert wrong(procedure, {"a": True}) == ["/b"]
    assert wrong(procedure, {"a": False}) == []


@pytest.mark.parametrize(
    "field",
    [
        {"key": "x", "type": "text", "as": "radio"},
        {"key": "x", "type": "person", "value": "1"},
        {"key": "x", "type": "money", "value": "1", "required": True},
        {"key": "x", "type": "integer", "min": 5, "max": 4},
        {"key": "x", "type": "municipality", "within": "nothing"},
        {"type": "heading", "image": "plan.png"},
        {"type": "image"},
        {"key": "x", "type": "text", "types": ["pdf"]},
        {"key": "x", "type": "attachment", "most": 2},
        {"key": "x", "type": "attachment", "types": ["exe"]},
    ],
)
def test_what_a_type_cannot_be_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 validation error"):
        a_procedure(field)
