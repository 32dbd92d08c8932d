"""The catalogue: found by what people write, narrowed by who may apply and what is open, told before one starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.intake.catalogue.procedures import Published
from services.intake.catalogue.searching import found
from shared.events import ProcedureRef
from shared.procedure.files import procedure_files, read
from shared.procedure.model import Opening
from tests.site import DENKI, KOEN, PROCEDURES

KEIEI, HOJO, DX = "keieiryoku-keikaku", "hojokin-kofu", "dx-sodan"


@pytest.fixture(scope="module")
def shipped() -> list[Published]:
    return [Published(ProcedureRef(id=path.stem, version=1), read(path)) for path in procedure_files(PROCEDURES)]


@pytest.mark.parametrize(
    ("wanted", "first"),
    [
        ("電気用品", DENKI),
        ("電気用品の届出", DENKI),
        ("電気用品を輸入するとき", DENKI),
        ("電気用品輸入届", DENKI),
        ("ＰＳＥ", DENKI),
        ("pse", DENKI),
        ("electrical appliance", DENKI),
        ("electrial aplliances", DENKI),  # slips of the finger
        ("後援", KOEN),
        ("イベント", KOEN),
        ("ｲﾍﾞﾝﾄ", KOEN),
        ("いべんと", KOEN),
        ("補助金", HOJO),
        ("補助金　適正化", HOJO),
        ("subsidy", HOJO),
        ("経営力向上計画", KEIEI),
        ("中小企業等経営強化法 17条", KEIEI),
        ("tax credit", KEIEI),
        ("デジタル・トランスフォーメーション", DX),
    ],
)
def test_what_people_write_finds_the_procedure_they_mean(shipped: list[Published], wanted: str, first: str) -> None:
    assert [one.ref.id for one in found(shipped, wanted)][:1] == [first]


@pytest.mark.parametrize("nothing", ["自動車", "passport", "電子契約の締結", "zzz", "電気用品 後援名義", "、。"])
def test_what_is_in_no_procedure_finds_none(shipped: list[Published], nothing: str) -> None:
    assert [one.ref.id for one in found(shipped, nothing)] == []


def test_a_name_is_worth_more_than_a_mention(shipped: list[Published]) -> None:
    ids = [one.ref.id for one in found(shipped, "設備投資")]  # a keyword of two
    assert set(ids) == {KEIEI, HOJO}
    assert found(shipped, "計画")[0].ref.id == KEIEI  # its title; 事業計画書 is a document of others
    assert len(found(shipped, "計画")) > 1


def test_who_may_apply_and_what_is_open_narrow_the_list(shipped: list[Published]) -> None:
    assert [one.ref.id for one in found(shipped, applicant="ministry")] == [DX]
    now = datetime.now(UTC)
    gone = Opening(**{"from": now - timedelta(days=2), "to": now - timedelta(days=1)})
    closed = [Published(one.ref, one.procedure.model_copy(update={"open": gone})) for one in shipped[:1]]
    assert closed[0] not in found([*closed, *shipped[1:]], only_open=True)
    assert len(found([*closed, *shipped[1:]], only_open=True)) == len(shipped) - 1


def test_the_api_finds_and_narrows_as_the_page_does(counter: TestClient) -> None:
    def ids(**query: Any) -> list[str]:
        return [one["id"] for one in counter.get("/v1/procedures", params=query).json()]

    assert len(ids()) == 6
    assert ids(q="届出 輸入")[0] == DENKI
    assert ids(q="助成", applicant="ministry") == []
    assert len(ids(open="true")) == 6
    assert counter.get("/v1/procedures", params={"q": "x" * 201}).status_code == 422
    assert counter.get("/v1/procedures", params={"applicant": "king"}).status_code == 422
    page = counter.get("/", params={"q": "届出 輸入", "applicant": "corporation"}, headers={"accept": "text/html"}).text
    assert f'href="/procedures/{DENKI}"' in page
    assert f'href="/procedures/{KOEN}"' not in page


@pytest.mark.parametrize("path", procedure_files(PROCEDURES), ids=lambda path: path.stem)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_is_needed_is_told_before_one_starts(counter: TestClient, path: Any, language: Any) -> None:
    procedure = read(path)
    assert procedure.takes
    headers = {"accept-language": language}
    told = counter.get(f"/v1/procedures/{path.stem}", headers=headers).json()
    assert told["takes_minutes"] == procedure.takes.minutes
    assert len(told["documents"]) == len(procedure.documents) > 0
    page = counter.get(f"/procedures/{path.stem}", headers={"accept": "text/html", **headers}).text
    for text in (told["deadline"], told["fee"], told["decides"], told["law"], told["documents"][0]["title"]):
        assert text
        assert text.replace("'", "&#39;") in page
