"""What conditions take away does not count, unless the field says `keep`; what is disabled is shown and takes no answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from deploy.preview.app import create_app
from services.intake.catalogue.procedures import Published
from services.intake.forms.view import shown_page
from shared.events import ProcedureRef
from shared.procedure.asking import asking
from shared.procedure.files import read
from shared.procedure.form_errors import to_file, wrong
from shared.procedure.model import Procedure
from tests.procedure.test_lint import GOOD, written
from tests.web.test_forms import Entries

TODAY = date(2026, 11, 24)
ADDRESS = "http://127.0.0.1:8124"
FORM = """\
form:
  - page: {ja: 一, en: One}
    fields:
      - {key: a, type: yes-no, label: {ja: 甲, en: A}}
      - {key: b, type: yes-no, label: {ja: 乙, en: B}, show: a}
      - {key: c, type: text, label: {ja: 丙, en: C}, show: b, required: b}
      - {key: kept, type: text, label: {ja: 残す, en: Kept}, show: a, keep: true}
      - {key: idle, type: text, label: {ja: 休み, en: Idle}, enable: a, required: a}
      - {key: shown, type: text, label: {ja: 見える, en: Seen}, enable: a, keep: true}
      - {key: choice, type: choice, label: {ja: 選ぶ, en: Choose}, enable: a, options: [{value: x, label: {ja: エ, en: X}}]}
      - key: rows
        type: group
        label: {ja: 明細, en: Rows}
        repeat: 0..5
        fields:
          - {key: big, type: yes-no, label: {ja: 大, en: Big}}
          - {key: why, type: text, label: {ja: 理由, en: Why}, show: row.big, required: row.big}
          - {key: note, type: text, label: {ja: 注, en: Note}, enable: row.big, keep: true}
      - {key: place, type: address, label: {ja: 所在地, en: Place}, required: true}
"""
PLACE = {"prefecture": "13", "address": "千代田区"}


def file(folder: Path) -> Path:
    head, rest = GOOD.split("form:\n")
    review = "review:\n  route:\n    - {to-office-of: place.prefecture}\n  decisions: [accept]\n"
    assert rest
    return written(folder, head + FORM + review)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(ProcedureRef(id="sample", version=1), read(file(tmp_path)))


def counting(published: Published, **answers: Any) -> dict[str, Any]:
    return asking(published.procedure, answers, today=TODAY).answers


def test_an_answer_that_is_hidden_counts_no_more_nor_what_only_it_asked_for(published: Published) -> None:
    whole = {"a": True, "b": True, "c": "x"}
    assert counting(published, **whole) == whole
    assert counting(published, **whole | {"a": False}) == {"a": False}
    assert to_file(published, whole | {"a": False, "place": PLACE}) == {"a": False, "place": PLACE}
    assert "c" not in asking(published.procedure, whole | {"a": False}, today=TODAY).required


def test_a_hidden_answer_that_is_to_be_kept_is_filed_and_is_no_error(published: Published) -> None:
    answers = {"a": False, "kept": "before", "shown": "old", "place": PLACE}
    assert to_file(published, answers) == answers
    assert wrong(published, answers) == []
    assert [one.pointer for one in wrong(published, answers | {"idle": "x"})] == ["/idle"]  # filed over the API


def test_what_is_kept_is_still_judged_by_its_type(published: Published) -> None:
    found = wrong(published, {"a": False, "kept": "x" * 201, "place": PLACE})
    assert [one.pointer for one in found] == ["/kept"]


def test_rows_count_part_by_part_and_keep_their_numbers(published: Published) -> None:
    rows = [{"big": False, "why": "gone", "note": "stays"}, {"big": True, "why": "needed"}]
    assert to_file(published, {"rows": rows, "place": PLACE})["rows"] == [{"big": False, "note": "stays"}, rows[1]]
    emptied = asking(published.procedure, {"rows": [{"why": "gone"}, rows[1]]}, today=TODAY)
    assert emptied.answers["rows"] == [{}, rows[1]]
    assert emptied.required["rows/1/why"] is True


def test_what_is_disabled_is_shown_and_asks_for_nothing(published: Published) -> None:
    fields = {one.name: one for one in shown_page(published, 1, {"a": False, "idle": "x", "shown": "y"}, "ja")}
    assert {name: one.disabled for name, one in fields.items() if name in {"idle", "shown", "choice", "a"}} == {
        "idle": True,
        "shown": True,
        "choice": True,
        "a": False,
    }
    assert (fields["idle"].value, fields["shown"].value) == (None, "y")  # what is not filed is not shown as if it were
    assert not fields["idle"].required
    enabled = {one.name: one for one in shown_page(published, 1, {"a": True, "idle": "x"}, "ja")}
    assert (enabled["idle"].disabled, enabled["idle"].required, enabled["idle"].value) == (False, True, "x")


def test_on_a_page_nothing_is_lost_that_was_hidden_or_disabled_for_a_while(tmp_path: Path) -> None:
    with TestClient(create_app(file(tmp_path), ADDRESS), base_url=ADDRESS, headers={"origin": ADDRESS}) as client:

        def send(**entered: Any) -> str:
            sent = Entries(client.get("/pages/1").text, "/pages/1").sent
            return str(client.post("/pages/1", data=sent | entered | {"go": "update"}).text)

        send(a="true", **{"rows.rows": "1", "rows.0.big": "true"})
        page = send(
            a="true", idle="残る", kept="残る", choice="x", **{"rows.0.big": "true", "rows.0.why": "訳", "rows.0.note": "注"}
        )
        assert page.count("この項目は入力できません") == 0
        page = send(a="false", **{"rows.0.big": "false"})
        assert page.count("この項目は入力できません") == 4  # idle, shown, choice, and the row's note
        assert "disabled" in page
        assert 'value="注"' in page
        page = send(a="true", **{"rows.0.big": "true"})
        for value in ("残る", "訳", "注"):
            assert f'value="{value}"' in page
        assert 'value="x" checked' in page


def test_keep_needs_a_condition(tmp_path: Path) -> None:
    from shared.procedure.files import checked

    path = file(tmp_path)
    path.write_text(path.read_text().replace("{key: a, type: yes-no,", "{key: a, type: yes-no, keep: true,"))
    (found,) = checked(path)
    assert "without them leave it out" in found.says
    assert "key: a" in path.read_text().splitlines()[found.line - 1]


def test_every_shipped_example_counts_whole() -> None:
    from tests.site import PROCEDURES, example

    for path in sorted(PROCEDURES.glob("*.example.json")):
        name = path.name.removesuffix(".example.json")
        procedure: Procedure = read(PROCEDURES / f"{name}.yaml")
        answers = example(name)["answers"]
        assert asking(procedure, answers, today=TODAY).answers == answers
