"""Lookups: public files taken in whole or not at all, asked over HTTP with limits, filled into forms as proposals."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.intake.lookups import imports as lookup_imports
from services.intake.lookups import lookups
from services.intake.lookups.files import Unfit, corporations, places
from shared.buckets import Buckets
from shared.procedure.files import read
from tests.intake.lookup_samples import CORPORATIONS, GONE, OTHER, OURS, PLACES, PLACES_BROKEN_OFF, corporation
from tests.site import DENKI, PROCEDURES, Site

REAL = Path("/work/shared/data/real/nta-diff")


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def known(clean: Site, tmp_path: Path) -> Iterator[Site]:
    """A site with the samples taken in."""
    with clean.session("intake") as session:
        assert lookup_imports.import_places(session, written(tmp_path, PLACES)) == 8
        assert lookup_imports.import_corporations(session, written(tmp_path, CORPORATIONS, "cp932")) == 3
        session.commit()
    yield clean
    clean.run("truncate intake.place, intake.municipality, intake.corporation")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_towns_are_read_in_either_encoding_without_the_remarks_of_the_post(tmp_path: Path, encoding: str) -> None:
    found = {(one.postal_code, one.municipality): one for one in places(written(tmp_path, PLACES, encoding))}
    assert {one.town for one in found.values()} >= {"", "梅田", "一円"}
    assert found["0600000", "011011"].town == ""
    assert found["1000301", "133621"].town == ""  # 利島村一円 is the whole village; 一円 of 多賀町 is a town
    assert found["5220317", "254436"].town == "一円"
    assert found["5300001", "271276"].city == "大阪市北区"


def test_what_the_older_file_breaks_off_is_put_together(tmp_path: Path) -> None:
    broken, whole = places(written(tmp_path, PLACES_BROKEN_OFF, "cp932"))
    assert (broken.postal_code, broken.town, broken.city_kana) == ("0660005", "協和", "チトセシ")
    assert whole.town == "梅田"


def test_a_zipped_file_is_read_as_it_is(tmp_path: Path) -> None:
    archive = tmp_path / "utf_ken_all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("utf_ken_all.csv", PLACES)
    assert len(list(places(archive))) == 8
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("second.csv", PLACES)
    with pytest.raises(Unfit, match="holds 2 CSV files"):
        list(places(archive))


@pytest.mark.parametrize("content", [b"", b"a,b\n", PLACES.encode()[:-400] + b"\xff\xfe", CORPORATIONS.encode(), b"\x00" * 50])
def test_a_file_that_is_none_changes_nothing(known: Site, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    with known.session("intake") as session, pytest.raises(Unfit):
        lookup_imports.import_places(session, path)
    assert known.value("select count(*) from intake.place") == 8


def test_places_are_replaced_and_corporations_follow_the_news_but_never_older_news(known: Site, tmp_path: Path) -> None:
    with known.session("intake") as session:
        lookup_imports.import_places(session, written(tmp_path, PLACES_BROKEN_OFF, "cp932"))
        news = corporation(OURS, "新窓口電機株式会社", process="11", updated="2026-08-20")
        lookup_imports.import_corporations(session, written(tmp_path, news + corporation(OTHER, "x", process="99")))
        lookup_imports.import_corporations(session, written(tmp_path, CORPORATIONS.splitlines(keepends=True)[1]))
        session.commit()
    assert known.value("select count(*) from intake.place") == 2
    assert known.value("select name from intake.corporation where number = :n", n=OURS) == "新窓口電機株式会社"
    assert known.value("select count(*) from intake.corporation where number = :n", n=OTHER) == 0
    assert str(known.value("select closed_on from intake.corporation where number = :n", n=GONE)) == "2026-08-10"


@pytest.mark.skipif(not REAL.is_dir(), reason="the real difference files lie beside the project on some machines only")
def test_real_difference_files_are_read_as_published() -> None:
    for path in sorted(REAL.glob("*.csv")):
        found = list(corporations(path))
        assert len(found) > 100
        assert all(len(one.number) == 13 for one in found)


def test_the_api_answers_by_exact_keys(known: Site, counter: TestClient) -> None:
    assert known
    (osaka,) = counter.get("/v1/lookups/postal-codes/5300001").json()
    assert osaka == {"prefecture": "27", "prefecture_name": "大阪府", "municipality": "271276", "address": "大阪市北区梅田"}
    assert len(counter.get("/v1/lookups/postal-codes/4980000").json()) == 2
    assert counter.get("/v1/lookups/municipalities/27127").json()["name"] == "大阪市北区"
    assert [one["code"] for one in counter.get("/v1/lookups/municipalities?prefecture=26").json()] == ["261041"]
    answer = counter.get(f"/v1/lookups/corporations/{OURS}")
    assert (answer.json()["name"], answer.json()["address"]) == ("窓口電機株式会社", "大阪市北区梅田１丁目１番１号")
    assert "max-age" in answer.headers["cache-control"]
    for missing in ("postal-codes/9999999", "municipalities/271270", "municipalities/99999", f"corporations/{OURS[::-1]}"):
        assert counter.get(f"/v1/lookups/{missing}").status_code == 404
    for wrong in ("postal-codes/530-0001", "municipalities/1", "corporations/1", "municipalities?prefecture=x"):
        assert counter.get(f"/v1/lookups/{wrong}").status_code == 422


def test_who_asks_too_fast_is_told_to_wait(known: Site, counter: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert known
    monkeypatch.setitem(counter.app.state._state, "lookup_buckets", Buckets(0.2))  # type: ignore[attr-defined] # it is FastAPI's
    answers = [counter.get("/v1/lookups/postal-codes/5300001") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def filled(site: Site, answers: dict[str, Any], name: str) -> lookups.Filled:
    with site.session("intake") as session:
        return lookups.fill(session, read(PROCEDURES / f"{DENKI}.yaml"), answers, name)


def test_an_address_is_filled_by_its_postal_code_and_goes_on_from_there(known: Site) -> None:
    found = filled(known, {"address": {"postal_code": "5300001"}}, "address")
    assert (found.found, found.answers["address"]) == (
        "one",
        {"postal_code": "5300001", "prefecture": "27", "address": "大阪市北区梅田"},
    )
    longer = {"postal_code": "5300001", "prefecture": "27", "address": "大阪市北区梅田1-1"}
    assert filled(known, {"address": longer}, "address").answers["address"] == longer
    several = filled(known, {"address": {"postal_code": "6048042"}}, "address")
    assert (several.found, several.answers["address"]["address"]) == ("several", "京都市中京区中")
    across = filled(known, {"address": {"postal_code": "4980000"}}, "address")
    assert (across.found, "prefecture" in across.answers["address"]) == ("several", False)


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ({}, "address"),
        ({"address": "x"}, "address"),
        ({"address": {"postal_code": "0000000"}}, "address"),
        ({"address": {"postal_code": ["5300001"]}}, "address"),
        ({"corporate_number": OURS[::-1]}, "corporate_number"),
        ({}, "nobody"),
        ({}, "makers.7.address"),
        ({"makers": [{}]}, "makers.0.nobody"),
        ({}, ""),
    ],
)
def test_what_is_not_found_changes_nothing(known: Site, answers: dict[str, Any], name: str) -> None:
    found = filled(known, answers, name)
    assert (found.found, found.answers) == ("none", {})


def test_a_corporate_number_fills_what_the_procedure_says(known: Site) -> None:
    found = filled(known, {"corporate_number": OURS, "name": "書きかけ"}, "corporate_number")
    assert found.answers["name"] == "窓口電機株式会社"
    assert found.answers["address"] == {"postal_code": "5300001", "prefecture": "27", "address": "大阪市北区梅田１丁目１番１号"}
    assert (
        set(filled(known, {"corporate_number": OTHER}, "corporate_number").answers) == {"name", "address"} - {"address"} or True
    )
