"""What is wrong with a procedure is found before anybody files it: where it stands, and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.japanese import PREFECTURES
from shared.procedure.files import checked, procedure_files
from tests.site import PROCEDURES

ALL = ", ".join(f'"{code}"' for code in PREFECTURES)
OFFICES = f"""\
offices:
  - {{key: bureau, title: {{ja: 局, en: Bureau}}, prefectures: [{ALL}]}}
  - {{key: press, title: {{ja: 広報室, en: Press}}}}
"""
GOOD = """\
procedure: sample
title: {ja: 見本, en: Sample}
law: {ja: 見本法1条, en: 'Sample Act, article 1'}
owner: {ja: 見本課, en: Sample Division}
applicants: [corporation]
summary: {ja: 見本です。, en: A sample.}
takes: 30 minutes
fee: {ja: 無料, en: Free}
decides: {ja: 見本大臣, en: Minister of Samples}
retention: {decided: 5 years}
form:
  - page: {ja: 一, en: One}
    fields:
      - key: kind
        type: choice
        label: {ja: 種類, en: Kind}
        required: true
        options:
          - {value: a, label: {ja: 甲, en: A}}
          - {value: b, label: {ja: 乙, en: B}}
      - {key: fee, type: money, label: {ja: 料金, en: Fee}, required: true}
      - {key: name, type: text, label: {ja: 名称, en: Name}}
      - {key: begun, type: date, label: {ja: 開始日, en: Begun}}
      - key: why
        type: text
        label: {ja: 理由, en: Why}
        show: 'fee > 0'
        required: 'fee > 9'
        enable: 'kind == "a"'
      - key: rows
        type: group
        label: {ja: 明細, en: Rows}
        repeat: 0..5
        fields:
          - {key: count, type: integer, label: {ja: 数, en: Count}}
          - {key: price, type: money, label: {ja: 単価, en: Price}}
          - {key: amount, type: money, label: {ja: 金額, en: Amount}, value: 'row.count * row.price'}
      - {key: total, type: money, label: {ja: 合計, en: Total}, value: 'sum(rows.map(r, r.amount))'}
      - {key: twice, type: money, label: {ja: 倍, en: Twice}, value: 'total * 2'}
      - {key: place, type: address, label: {ja: 所在地, en: Place}, required: true}
checks:
  - {when: 'fee > 5 && kind == "b"', at: fee, says: {ja: 多い, en: Too much}}
  - {when: 'begun > today + days(3)', at: begun, says: {ja: 先の日, en: Too late}}
review:
  route:
    - {when: 'kind == "a"', to: press}
    - {to-office-of: place.prefecture}
  decisions: [accept]
messages:
  decided:
    to: [applicant, managers]
    channels: [email, letter]
    text:
      subject: {ja: 決定, en: Decided}
      body: {ja: ((decision)) ((has_conditions??条件)), en: ((Decision))}
  case-opened: {addresses: [office@example.go.jp]}
"""

# what is written instead of what; a piece of the line where it is told; why
PLANTED = [
    ("'fee > 0'", "'fe > 0'", "show:", "no field or function fe"),
    ("'fee > 0'", "'fee >'", "show:", "form.0.fields.4.show"),
    ("'fee > 0'", "'fee < 0'", "show:", "never shown"),
    ("'fee > 0'", "'fee >= 0'", "show:", "always shown"),
    ("'fee > 9'", "'fee > 9 && fee < 3'", "required:", "never required"),
    ("'fee > 9'", "'fee >= 0 || kind == \"a\"'", "required:", "always required"),
    ("enable: 'kind == \"a\"'", "enable: 'kind == \"c\"'", "enable:", "kind is never 'c'; it has the values a, b"),
    ("enable: 'kind == \"a\"'", 'enable: \'kind in ["a", "d"]\'', "enable:", "kind is never 'd'"),
    ("enable: 'kind == \"a\"'", 'enable: \'kind == "a" && kind == "b"\'', "enable:", "nobody can ever enter"),
    ("enable: 'kind == \"a\"'", "enable: 'fee + 1'", "enable:", "neither true nor false"),
    ('fee > 5 && kind == "b"', "fee > 5 && fee < 5", "fee > 5", "this never holds"),
    ('fee > 5 && kind == "b"', "fee > 5 || fee <= 5", "fee > 5", "this always holds"),
    ('fee > 5 && kind == "b"', "fee > 5 && name > 3", "fee > 5", "can never be decided"),
    ("begun > today + days(3)", "begun > today && begun < today", "begun >", "this never holds"),
    ("begun > today + days(3)", "begun > 3", "begun >", "can never be decided"),
    ("value: 'total * 2'", "value: 'total * 2 + twice'", "key: twice", "need one another"),
    ("r.amount))'", "r.amount)) + twice'", "key: total", "need one another"),
    ("'row.count * row.price'", "'row.amount * row.price'", "key: amount", "need one another"),
    ("value: 'total * 2'", "value: 'total * 2.5'", "key: twice", "can never be decided"),
    ("value: 'total * 2'", "value: 'row.count'", "key: twice", "no field or function row"),
    ("to: press}", "to: nowhere}", "procedure:", "there is no office nowhere"),
    ("- {when: 'kind == \"a\"', to: press}", "- {to: press}", "- {to: press}", "no route after it is ever taken"),
    ("'kind == \"a\"', to: press", '\'kind == "a" || kind == "b"\', to: press', "to: press", "no other route is ever taken"),
    ("    - {to-office-of: place.prefecture}\n", "", "review:", "the last route needs to be without `when`"),
    ("{ja: 所在地, en: Place}, required: true", "{ja: 所在地, en: Place}", "to-office-of", "may be left unanswered"),
    ("takes: 30 minutes\n", "", "procedure:", "write `takes`"),
    ("[corporation]", "[ministry]\nsign-in: prime", "sign-in:", "no applicant can have GビズID"),
    ("[corporation]", "[corporation]\nsign-in: member", "sign-in:", "'any', 'entry' or 'prime'"),
    ("fee: {ja: 無料, en: Free}\n", "", "procedure:", "write `fee`"),
    ("decides: {ja: 見本大臣, en: Minister of Samples}", "decides: 見本大臣", "decides:", "the English text is missing"),
    ("takes: 30 minutes", "takes: long", "takes:", "takes"),
    ("owner: {ja: 見本課", "law-url: http://law.example\nowner: {ja: 見本課", "law-url:", "the form that is asked for"),
    ("ja: 多い, en: Too much", "en: Too much", "fee > 5", "ja: Enter this; it is required"),
    ("ja: 多い, en: Too much", "ja: 多い", "fee > 5", "the English text is missing"),
    ("ja: 多い, en: Too much", "ja: '{fee}円は多い', en: Too much", "fee > 5", "nobody fills the placeholder {fee}"),
    ("((Decision))", "((answer))", "body:", "nobody fills the placeholder ((answer)) in messages decided"),
    ("to: [applicant, managers]", "to: [managers]", "messages:", "the law wants the applicant told of decided"),
    ("to: [applicant, managers]", "to: [applicant, official]", "messages:", "decided cannot be told to official"),
    ("channels: [email, letter]", "channels: [sms]", "messages:", "decided is an official notice"),
    ("  case-opened:", "  opened:", "messages:", "there are no messages opened"),
    ("{addresses: [office@example.go.jp]}", "{to: []}", "case-opened:", "nobody is told"),
    ("[office@example.go.jp]", "[office]", "case-opened:", "the form that is asked for"),
    ("[office@example.go.jp]", "[a@example.go.jp, a@example.go.jp]", "case-opened:", "written twice"),
]


def written(folder: Path, text: str, offices: str = OFFICES) -> Path:
    (folder / "offices.yaml").write_text(offices, encoding="utf-8")
    path = folder / "sample.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", procedure_files(PROCEDURES), ids=lambda path: path.stem)
def test_nothing_is_found_in_what_is_shipped(path: Path) -> None:
    assert checked(path) == []


def test_nothing_is_found_in_the_sample(tmp_path: Path) -> None:
    assert list(map(str, checked(written(tmp_path, GOOD)))) == []


@pytest.mark.parametrize(("right", "wrong", "where", "why"), PLANTED)
def test_a_planted_mistake_is_found_with_its_line_and_cause(tmp_path: Path, right: str, wrong: str, where: str, why: str) -> None:
    assert right in GOOD
    text = GOOD.replace(right, wrong, 1)
    found = [one for one in checked(written(tmp_path, text)) if why in one.says]
    assert found, list(map(str, checked(tmp_path / "sample.yaml")))
    assert any(where in text.splitlines()[one.line - 1] for one in found), found
    assert all(re.search("[ぁ-ん]", one.within("ja")) for one in found), found


def test_a_prefecture_without_an_office_is_found_where_cases_are_routed_by_it(tmp_path: Path) -> None:
    (found,) = checked(written(tmp_path, GOOD, OFFICES.replace('"13", ', "")))
    assert "no office is responsible for 東京都" in found.says
    assert "to-office-of" in GOOD.splitlines()[found.line - 1]


def test_a_missing_translation_is_a_warning_only(tmp_path: Path) -> None:
    (found,) = checked(written(tmp_path, GOOD.replace("title: {ja: 見本, en: Sample}", "title: {ja: 見本}")))
    assert (found.level, found.line) == ("warning", 2)


def test_how_long_things_are_kept_is_to_be_said_and_for_approvals_at_least_five_years(tmp_path: Path) -> None:
    for text, says in (
        (GOOD.replace("retention: {decided: 5 years}\n", ""), "nothing says how long applications are kept"),
        (
            GOOD.replace("5 years", "3 years").replace("[accept]", "[approve]"),
            "permits, approvals and grants are kept for five years after their effect or project ends",
        ),
    ):
        found = checked(written(tmp_path, text))
        assert {one.level for one in found} == {"warning"}
        assert any(says in one.says for one in found), found
    assert checked(written(tmp_path, GOOD.replace("5 years", "3 years"))) == []
