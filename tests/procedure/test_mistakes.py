"""Whoever writes a procedure is told each mistake with the line where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.procedure.files import FILE_LIMIT, Unreadable, procedure_files, read
from shared.procedure.model import Procedure
from tests.site import DENKI, PROCEDURES

OFFICES = """\
offices:
  - {key: hokkaido-bureau, title: 北海道経済産業局, prefectures: ["01"]}
  - {key: press, title: {ja: 広報室, en: Press}}
"""
GOOD = """\
procedure: sample
title: {ja: 見本, en: Sample}
law: 見本法1条
owner: 見本課
applicants: [corporation]
open: always
standard-period: 20 working days

form:
  - page: 一
    fields:
      - {key: name, type: text, label: 名称, required: true}
      - {key: fee, type: money, label: 料金}
      - {key: why, type: long-text, label: 理由, show: 'fee > 0', required: 'fee > 0'}
      - key: kind
        type: choice
        label: 種類
        options:
          - {value: a, label: 甲}
          - {value: b, label: 乙}
      - key: rows
        type: group
        label: 明細
        repeat: 0..5
        fields:
          - {key: amount, type: integer, label: 数}
      - {key: place, type: address, label: 所在地}

checks:
  - when: 'rows.exists(r, r.amount > 9)'
    at: rows
    says: 多すぎます。

review:
  route:
    - {when: 'kind == "a"', to-office-of: place.prefecture}
    - {to: press}
  decisions: [approve, refuse]
  appeal: 審査請求ができます。
"""

# what is written instead of what; where the mistake is told (a piece of that line); words of what is said
MISTAKES = [
    ("title: {ja: 見本, en: Sample}", "title: {en: Sample}", "title:", "title.ja: Enter this; it is required"),
    ("law: 見本法1条\n", "", "procedure:", "law: Enter this; it is required"),
    ("owner:", "onwer:", "onwer:", "Take this out; it is not known here"),
    ("applicants: [corporation]", "applicants: [robot]", "applicants:", "applicants.0"),
    ("applicants: [corporation]", "applicants: []", "applicants:", "at least 1 entries"),
    ("open: always", "open: sometimes", "open:", "open"),
    ("20 working days", "a month", "standard-period:", "standard-period"),
    ("key: name", "key: Name", "key: Name", "form.0.fields.0"),
    ("key: fee,", "key: name,", "procedure:", "written twice: name"),
    ("type: money", "type: coins", "type: coins", "coins"),
    ("required: true", "requird: true", "requird", "Take this out; it is not known here"),
    ("'fee > 0', required", "'fee >', required", "key: why", "form.0.fields.2.show"),
    ("required: 'fee > 0'", "required: 'cost > 0'", "key: why", "there is no field or function cost"),
    ("required: 'fee > 0'", "required: 'exec(fee)'", "key: why", "there is no field or function exec"),
    ("{value: b, label: 乙}", "{value: a, label: 乙}", "key: kind", "two options have the same value"),
    ("{value: b, label: 乙}", "{value: B b, label: 乙}", "value: B b", "options.1.value"),
    ("key: fee, type: money", "key: fee, type: choice", "key: fee", "options belong to the types choice and choices"),
    ("repeat: 0..5", "repeat: many", "repeat:", "repeat"),
    ("repeat: 0..5", "repeat: 0..500", "repeat:", "repeat"),
    ("type: integer", "type: group", "type: group", "form.0.fields.4.group.fields.0.type"),
    ("at: rows", "at: nowhere", "procedure:", "a check stands at the field nowhere"),
    ("r.amount > 9", "q.amount > 9", "when: 'rows", "there is no field or function q"),
    (
        "'rows.exists(r, r.amount > 9)'",
        "'rows.all(a, rows.all(b, rows.all(c, rows.all(d, d.amount > 9))))'",
        "when: 'rows",
        "at most 3 of all, exists, map and filter",
    ),
    (
        "'rows.exists(r, r.amount > 9)'",
        "'rows.all (a, rows. all(b, rows.all((c), rows.all(d, d.amount > 9))))'",
        "when: 'rows",
        "at most 3 of all, exists, map and filter",
    ),
    ("    says: 多すぎます。\n", "", "when: 'rows", "says"),
    ("to-office-of: place.prefecture", "to-office-of: plce.prefecture", "to-office-of", "there is no field or function plce"),
    ("- {to: press}", "- {to: moon}", "procedure:", "there is no office moon"),
    ("- {to: press}", "- {to: press, when: 'fee > 0'}", "review:", "the last route needs to be without `when`"),
    ("- {to: press}", "- {to: press, to-office-of: place.prefecture}", "to: press", "say either `to` or `to-office-of`"),
    ("decisions: [approve, refuse]", "decisions: [postpone]", "decisions:", "decisions.0"),
    ("  appeal: 審査請求ができます。\n", "", "review:", "a procedure that can refuse needs the text `appeal`"),
    ("open: always", "open: always\nopen: always", "open: always", "this is not YAML"),
    ("form:\n", "form: [\n", "", "this is not YAML"),
    ("procedure: sample", "procedure: other", "procedure:", "needs the name other.yaml"),
]


def written(folder: Path, text: str, offices: str = OFFICES) -> Path:
    (folder / "offices.yaml").write_text(offices, encoding="utf-8")
    path = folder / "sample.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_without_mistakes_is_read(tmp_path: Path) -> None:
    assert read(written(tmp_path, GOOD)).standard_period is not None


@pytest.mark.parametrize(("right", "wrong", "where", "says"), MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, right: str, wrong: str, where: str, says: str) -> None:
    assert right in GOOD
    text = GOOD.replace(right, wrong, 1)
    with pytest.raises(Unreadable) as raised:
        read(written(tmp_path, text))
    told = [one for one in raised.value.mistakes if says in one.says]
    assert told, raised.value
    lines = text.splitlines()
    assert any(where in lines[one.line - 1] for one in told), raised.value
    assert str(told[0]).startswith(f"{tmp_path / 'sample.yaml'}:{told[0].line}: ")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("'fee > 0', required", "'fe > 0', required").replace("r.amount", "q.amount")
    with pytest.raises(Unreadable) as raised:
        read(written(tmp_path, text))
    assert [one.line for one in raised.value.mistakes] == [14, 30]


@pytest.mark.parametrize(
    ("offices", "says"),
    [
        (OFFICES.replace('"01"', '"99"'), "no prefecture has the code 99"),
        (OFFICES.replace("key: press", "key: hokkaido-bureau"), "written twice: hokkaido-bureau"),
        (OFFICES.replace("key: press,", 'key: press, prefectures: ["01"],'), "written twice: 01"),
    ],
)
def test_a_mistake_among_the_offices_is_told(tmp_path: Path, offices: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(written(tmp_path, GOOD, offices))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file needs keys and values"),
        (b"- 1", "the file needs keys and values"),
        (b"procedure: \xff", "the file is not UTF-8"),
        (b"#" * (FILE_LIMIT + 1), "the file is larger than"),
        (b"a: &a [x, x, x]\nb: &b [*a, *a, *a]\nprocedure: !!python/object/apply:os.system ['true']", "sample.yaml"),
    ],
)
def test_what_is_no_procedure_at_all_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    path = written(tmp_path, GOOD)
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=says):
        read(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="there is no such file"):
        read(tmp_path / "sample.yaml")


def test_the_offices_are_no_procedure() -> None:
    assert DENKI in [path.stem for path in procedure_files(PROCEDURES)]
    assert "offices" not in [path.stem for path in procedure_files(PROCEDURES)]


def test_the_languages_own_schema_can_be_given_to_an_editor() -> None:
    schema = Procedure.model_json_schema(by_alias=True)
    assert "standard-period" in schema["properties"]
    assert "to-office-of" in json.dumps(schema)
