"""The procedures that are shipped work as they are, and whatever is answered to them."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from shared.i18n import LANGUAGES
from shared.japanese import PREFECTURES
from shared.procedure import form
from shared.procedure.expressions import mistakes
from shared.procedure.files import procedure_files, read
from shared.procedure.model import Procedure
from shared.procedure.reading import label_at, sections
from shared.procedure.rules import computed, findings, route
from tests.procedure.answers import JSON, answers, spoilt
from tests.site import DENKI, KOEN, PROCEDURES, example

NAMES = [path.stem for path in procedure_files(PROCEDURES)]
BUREAUS = {
    "hokkaido-bureau": "01",
    "tohoku-bureau": "02 03 04 05 06 07",
    "kanto-bureau": "08 09 10 11 12 13 14 15 19 20 22",
    "chubu-bureau": "16 17 21 23 24",
    "kinki-bureau": "18 25 26 27 28 29 30",
    "chugoku-bureau": "31 32 33 34 35",
    "shikoku-bureau": "36 37 38 39",
    "kyushu-bureau": "40 41 42 43 44 45 46",
    "okinawa-office": "47",
}
OFFICE_OF = {code: office for office, codes in BUREAUS.items() for code in codes.split()}
GOES_TO = {
    DENKI: "kinki-bureau",
    "dx-sodan": "dx-data",
    "hojokin-kofu": "grants",
    "keieiryoku-keikaku": "kinki-bureau",
    KOEN: "public-relations",
}
TODAY = date(2026, 11, 23)
today = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@cache
def procedure(name: str) -> Procedure:
    return read(PROCEDURES / f"{name}.yaml")


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(form.schema(procedure(name), 1), validate_formats=True)


def errors(name: str, given: dict[str, Any], on: date = TODAY) -> dict[str, str]:
    """Pointer → message of what returns an application."""
    return {one.pointer: one.says.en for one in findings(procedure(name), given, today=on) if one.level == "error"}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_procedure_has_no_mistake_and_survives_being_published(name: str) -> None:
    assert mistakes(procedure(name)) == []
    assert Procedure.model_validate(procedure(name).definition()) == procedure(name)
    Draft202012Validator(form.schema(procedure(name), 1))


@pytest.mark.parametrize("name", NAMES)
def test_its_example_is_in_order_and_goes_somewhere(name: str) -> None:
    filing = example(name)
    assert filing["procedure"] == name
    assert [error.message for error in validator(name).iter_errors(filing["answers"])] == []
    assert errors(name, filing["answers"]) == {}
    assert route(procedure(name), filing["answers"], today=TODAY) == GOES_TO[name]


@pytest.mark.parametrize("path", sorted(PROCEDURES.glob("*.invalid-*.json")), ids=lambda path: path.stem)
def test_a_telling_invalid_example_is_returned_for_what_it_tells(path: Path) -> None:
    filing = json.loads(path.read_text(encoding="utf-8"))
    name = filing["procedure"]
    assert path.name.startswith(f"{name}.invalid-")
    assert [error.message for error in validator(name).iter_errors(filing["answers"])] == []
    assert sorted(errors(name, filing["answers"])) == sorted(one["pointer"] for one in filing["expect"])


def test_every_procedure_has_telling_invalid_examples() -> None:
    assert all(len(list(PROCEDURES.glob(f"{name}.invalid-*.json"))) > 1 for name in NAMES)


def test_totals_and_the_grant_are_computed_to_the_yen() -> None:
    plan = computed(procedure("keieiryoku-keikaku"), example("keieiryoku-keikaku")["answers"], today=TODAY)
    assert (plan["growth"], plan["ends"], plan["funds_total"]) == (3.0, "2038-03-31", 25_500)
    assert (plan["machinery_total"], plan["software_total"], plan["equipment_total"]) == (24_000, 1_500, 25_500)
    grant = example("hojokin-kofu")["answers"]
    assert computed(procedure("hojokin-kofu"), grant, today=TODAY)["requested"] == 7_333_334  # of 7,333,334 and ⅔
    grant["costs"][0] |= {"cost": 20_000_000, "eligible": 20_000_000}
    assert computed(procedure("hojokin-kofu"), grant, today=TODAY)["requested"] == 10_000_000


@pytest.mark.parametrize(
    ("years", "target", "wrong"),
    [
        ("3", 101, set()),
        ("3", 100.99, {"/growth"}),
        ("4", 101.5, set()),
        ("4", 101.49, {"/growth"}),
        ("5", 102, set()),
        ("5", 101.99, {"/growth"}),
    ],
)
def test_productivity_has_to_grow_with_the_plans_length(years: str, target: float, wrong: set[str]) -> None:
    given = example("keieiryoku-keikaku")["answers"] | {"years": years, "current": 100, "target": target}
    assert set(errors("keieiryoku-keikaku", given)) == wrong


@pytest.mark.parametrize(
    ("code", "office"),
    [("01", "agriculture"), ("06", "construction"), ("831", "health"), ("05", "kinki-bureau")],
)
def test_a_plan_goes_to_the_minister_of_its_industry(code: str, office: str) -> None:
    given = example("keieiryoku-keikaku")["answers"] | {"industry": {"code": code, "title": "業種"}}
    assert route(procedure("keieiryoku-keikaku"), given, today=TODAY) == office


@pytest.mark.parametrize(
    ("kind", "office"), [("charts", "dx-data"), ("data", "dx-data"), ("meetings", "dx-systems"), ("work-review", "dx-office")]
)
def test_a_request_goes_to_those_with_the_skill(kind: str, office: str) -> None:
    assert route(procedure("dx-sodan"), example("dx-sodan")["answers"] | {"kind": kind}, today=TODAY) == office


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_there_in_both_languages(name: str) -> None:
    def texts(part: Any) -> Any:
        if isinstance(part, dict):
            if "ja" in part:
                yield part
            for more in part.values():
                yield from texts(more)
        elif isinstance(part, list):
            for more in part:
                yield from texts(more)

    assert [text for text in texts(procedure(name).definition()) if not text.get("en")] == []


@pytest.mark.parametrize("prefecture", PREFECTURES)
def test_a_notification_goes_to_the_bureau_of_its_prefecture(prefecture: str) -> None:
    given = example(DENKI)["answers"]
    given["address"]["prefecture"] = prefecture
    assert route(procedure(DENKI), given, today=TODAY) == OFFICE_OF[prefecture]


@pytest.mark.parametrize("prefecture", PREFECTURES)
def test_support_by_a_bureau_goes_there_and_support_by_the_ministry_to_public_relations(prefecture: str) -> None:
    given = example(KOEN)["answers"]
    given["venue"]["prefecture"] = prefecture
    assert route(procedure(KOEN), {**given, "name_wanted": "bureau"}, today=TODAY) == OFFICE_OF[prefecture]
    assert route(procedure(KOEN), {**given, "name_wanted": "ministry"}, today=TODAY) == "public-relations"


def without(name: str, *keys: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in {**example(name)["answers"], **more}.items() if key not in keys}


DECISIONS = [
    (DENKI, {"keys": ()}, set()),
    (DENKI, {"keys": ("late_reason",)}, {"/late_reason"}),
    (DENKI, {"keys": (), "started": "2026-11-01"}, {"/late_reason"}),  # in time: the reason is not asked for
    (DENKI, {"keys": ("late_reason",), "started": "2026-11-01"}, set()),
    (DENKI, {"keys": ("late_reason",), "started": "2026-10-24"}, set()),  # thirty days ago is in time
    (DENKI, {"keys": ("late_reason",), "started": "2026-10-23"}, {"/late_reason"}),
    (DENKI, {"keys": ("late_reason",), "started": "2026-11-24"}, {"/started"}),  # tomorrow
    (DENKI, {"keys": (), "corporate_number": "5010401067253"}, {"/corporate_number"}),
    (DENKI, {"keys": ("corporate_number",)}, set()),
    (DENKI, {"keys": ("makers",)}, {"/makers"}),
    (DENKI, {"keys": (), "business": "manufacture"}, {"/makers", "/factories"}),
    (DENKI, {"keys": ("makers",), "business": "manufacture", "factories": [{"name": "x", "address": "y"}]}, set()),
    (DENKI, {"keys": (), "classes": ["wiring-devices", "heaters", "fuses"]}, {"/types"}),
    (KOEN, {"keys": (), "fee": 1}, {"/fee_reason"}),
    (KOEN, {"keys": (), "fee": 1, "fee_reason": "会場費"}, set()),
    (KOEN, {"keys": (), "fee_reason": "会場費"}, {"/fee_reason"}),
    (KOEN, {"keys": (), "held": {"from": "2026-11-23", "to": "2026-11-23"}}, set()),  # today: only a warning
    (KOEN, {"keys": (), "held": {"from": "2026-11-22", "to": "2026-11-23"}}, {"/held"}),
    (KOEN, {"keys": (), "held": {"from": "2035-11-24", "to": "2035-11-23"}}, {"/held"}),
]


@pytest.mark.parametrize(("name", "change", "wrong"), DECISIONS)
def test_conditions_and_checks_return_what_they_should(name: str, change: dict[str, Any], wrong: set[str]) -> None:
    keys, more = change["keys"], {key: value for key, value in change.items() if key != "keys"}
    assert set(errors(name, without(name, *keys, **more))) == wrong


def test_a_late_notification_is_warned_but_taken() -> None:
    found = findings(procedure(DENKI), example(DENKI)["answers"], today=TODAY)
    assert [(one.pointer, one.level) for one in found] == [("/started", "warning")]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50, deadline=None)
@given(data=st.data(), on=today)
def test_answers_that_fit_the_form_are_judged_routed_and_shown_without_a_crash(name: str, data: st.DataObject, on: date) -> None:
    given = data.draw(answers(procedure(name).fields()))
    assert [error.message for error in validator(name).iter_errors(given)] == []
    found = findings(procedure(name), given, today=on)
    always = {f"/{field.key}" for field in procedure(name).fields() if field.required is True and field.show is True}
    asked = {one.pointer for one in found if one.says.en.startswith("Enter “")}
    assert not asked & always  # the schema has seen to those
    assert all(label_at(procedure(name), one.pointer, "ja") for one in found if one.pointer)
    assert route(procedure(name), given, today=on) in {office.key for office in procedure(name).offices}
    filled = computed(procedure(name), given, today=on)
    assert [error.message for error in validator(name).iter_errors(filled)] == []
    assert computed(procedure(name), filled, today=on) == filled
    assert {one.pointer for one in findings(procedure(name), filled, today=on)} == {one.pointer for one in found}
    for language in LANGUAGES:
        assert sections(procedure(name), filled, language)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50, deadline=None)
@given(data=st.data(), on=today)
def test_answers_with_anything_in_them_crash_neither_schema_nor_rules(name: str, data: st.DataObject, on: date) -> None:
    given = data.draw(spoilt(procedure(name)))
    fits = validator(name).is_valid(given)
    found = findings(procedure(name), given, today=on)
    computed(procedure(name), given, today=on)
    if fits:
        route(procedure(name), given, today=on)
        sections(procedure(name), given, "ja")
    else:
        assert list(validator(name).iter_errors(given))
    assert all(one.says.ja for one in found)


@pytest.mark.parametrize("day", ["0000-01-01", "0999-12-31", "2026-02-29", "2026-1-1", "２０２６-01-01", "2026-01-01\n"])
def test_a_day_that_no_calendar_has_does_not_fit(day: str) -> None:
    assert not validator(DENKI).is_valid({**example(DENKI)["answers"], "started": day})


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50, deadline=None)
@given(junk=JSON)
def test_what_is_no_object_of_answers_is_refused_by_the_schema(name: str, junk: Any) -> None:
    assert not validator(name).is_valid(junk)
