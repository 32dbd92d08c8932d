"""Computed values: exact, in the order they need one another, and the same whoever computes them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.procedure import form
from shared.procedure.asking import asked
from shared.procedure.expressions import mistakes
from shared.procedure.model import Procedure
from shared.procedure.rules import computed, findings
from tests.procedure.test_types import a_procedure

TODAY = date(2026, 11, 23)


def one(expression: str, kind: str = "money", *, digits: int | None = None, **answers: Any) -> Any:
    """The value of one computed field; `a` and `b` are money, `d` a decimal, `r` a rate, `day` a date."""
    value = {"key": "v", "type": kind, "value": expression} | ({"digits": digits} if digits is not None else {})
    kinds = {"a": "money", "b": "money", "d": "decimal", "r": "rate", "day": "date"}
    procedure = a_procedure(*({"key": key, "type": kind} for key, kind in kinds.items()), value)
    return computed(procedure, answers, today=TODAY).get("v")


@pytest.mark.parametrize(
    ("expression", "kind", "answers", "value"),
    [
        ("a + b", "money", {"a": 1, "b": 2}, 3),
        ("a + b", "money", {"a": 1.0, "b": 2}, 3),
        ("min(floor(a * r.numerator / r.denominator), 10000000)", "money", {"a": 1_000_001, "r": "2/3"}, 666_667),
        ("min(floor(a * r.numerator / r.denominator), 10000000)", "money", {"a": 10**9, "r": "2/3"}, 10_000_000),
        ("times(a, d)", "money", {"a": 100, "d": 0.29}, 29),  # in doubles it is 28.999999999999996
        ("floor(d * 100.0)", "money", {"d": 0.29}, 29),
        ("times(a, d)", "money", {"a": 999_999_999_999, "d": 1.1}, 1_099_999_999_998),
        ("a - b", "money", {"a": 1, "b": 3}, -2),
        ("round(times(ratio(b - a, a), 100), 2)", "percent", {"a": 3, "b": 4}, 33.33),
        ("times(ratio(b - a, a), 100)", "percent", {"a": 3, "b": 4}, 33.33),
        ("times(ratio(b - a, a), 100)", "percent", {"a": 0, "b": 4}, None),
        ("a / b", "money", {"a": 1, "b": 0}, None),
        ("a * b", "money", {"a": 10**15, "b": 10**15}, None),
        ("times(a, b)", "money", {"a": 10**15, "b": 10**15}, None),
        ("a + b", "money", {"a": 1}, None),
        ("max(a, b)", "money", {"a": 1, "b": 2}, 2),
        ("ceil(d)", "integer", {"d": 1.01}, 2),
        ("add_months(day, 1)", "date", {"day": "2026-01-31"}, "2026-02-28"),
        ("day + days(1)", "date", {"day": "2026-12-31"}, "2027-01-01"),
        ("a > b", "yes-no", {"a": 2, "b": 1}, True),
        ('a > b ? "大" : "小"', "text", {"a": 2, "b": 1}, "大"),
    ],
)
def test_values_are_computed_as_on_paper(expression: str, kind: str, answers: dict[str, Any], value: Any) -> None:
    found = one(expression, kind, **answers)
    assert (found, type(found)) == (value, type(value))


ROWS: list[dict[str, Any]] = [
    {"key": "share", "type": "percent", "value": "times(ratio(total, 200), 100)"},
    {"key": "total", "type": "money", "value": "sum(rows.map(r, r.amount))"},
    {
        "key": "rows",
        "type": "group",
        "repeat": "0..5",
        "fields": [
            {"key": "amount", "label": "金額", "type": "money", "value": "row.price * row.count"},
            {"key": "price", "label": "単価", "type": "money"},
            {"key": "count", "label": "数", "type": "integer"},
            {"key": "why", "label": "理由", "type": "text", "show": "row.amount > 100", "required": "row.amount > 100"},
        ],
    },
]


@pytest.fixture
def table() -> Procedure:
    return a_procedure(*ROWS)


def test_values_that_need_one_another_are_computed_in_order_whatever_the_forms_order_is(table: Procedure) -> None:
    answers = {"rows": [{"price": 30, "count": 2}, {"price": 20, "count": 1}]}
    filled = computed(table, answers, today=TODAY)
    assert filled == {
        "rows": [{"price": 30, "count": 2, "amount": 60}, {"price": 20, "count": 1, "amount": 20}],
        "total": 80,
        "share": 40.0,
    }
    assert "amount" not in answers["rows"][0]  # what was filed stays as it was
    assert computed(table, filled, today=TODAY) == filled


def test_a_filed_value_that_is_not_the_computed_one_is_an_error_that_says_the_right_one(table: Procedure) -> None:
    answers = {"rows": [{"price": 30, "count": 2, "amount": 61}], "total": 61, "share": 30}
    found = {one.pointer: one.says.en for one in findings(table, answers, today=TODAY)}
    assert set(found) == {"/rows/0/amount", "/total"}
    assert "has to be 60" in found["/total"]
    assert findings(table, {"rows": [{"price": 30, "count": 2}], "total": 60.0}, today=TODAY) == []


def test_what_cannot_be_computed_yet_stays_away(table: Procedure) -> None:
    answers = {"rows": [{"price": 30}], "total": 5}
    assert computed(table, answers, today=TODAY) == {"rows": [{"price": 30}]}
    assert [one.pointer for one in findings(table, answers, today=TODAY)] == ["/total"]


def test_conditions_of_a_row_see_that_row(table: Procedure) -> None:
    rows = [{"price": 101, "count": 1}, {"price": 1, "count": 1, "why": "x"}]
    assert [one.pointer for one in findings(table, {"rows": rows}, today=TODAY)] == ["/rows/0/why", "/rows/1/why"]
    assert asked(table, {"rows": rows}, today=TODAY)["rows/0/why"] is True
    assert "rows/1/why" not in asked(table, {"rows": rows}, today=TODAY)


def test_the_schema_says_that_nobody_enters_them(table: Procedure) -> None:
    properties = form.schema(table, 1)["properties"]
    assert properties["total"]["readOnly"] is True
    assert properties["rows"]["items"]["properties"]["amount"]["readOnly"] is True
    assert "readOnly" not in properties["rows"]["items"]["properties"]["price"]


def test_values_that_need_one_another_in_a_circle_are_a_mistake() -> None:
    fields = [{"key": key, "type": "money", "value": f"{other} + 1"} for key, other in ("ab", "bc", "ca")]
    (found,) = mistakes(a_procedure(*fields, {"key": "d", "type": "money", "value": "a"}))
    assert found[0] == ("form", 0, "fields", 0, "value")
    assert str(found[1]).endswith("need one another, so that none can be computed: a, b, c")
