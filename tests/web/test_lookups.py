"""Looking up on the pages of a form: a button that needs no scripts, a proposal that stays the applicant's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.intake.lookups import imports as lookup_imports
from tests.intake.lookup_samples import CORPORATIONS, OURS, PLACES
from tests.site import DENKI, Site
from tests.web.conftest import ask_for_link
from tests.web.test_forms import send


@pytest.fixture
def known(clean: Site, tmp_path: Path) -> Iterator[Site]:
    """A site with the samples taken in."""
    for name, text in (("places", PLACES), ("corporations", CORPORATIONS)):
        (tmp_path / f"{name}.csv").write_text(text)
    with clean.session("intake") as session:
        lookup_imports.import_places(session, tmp_path / "places.csv")
        lookup_imports.import_corporations(session, tmp_path / "corporations.csv")
        session.commit()
    yield clean
    clean.run("truncate intake.place, intake.municipality, intake.corporation")


def begun(client: TestClient, site: Site) -> str:
    """The first page of a draft."""
    site.an_applicant()
    client.post("/sign-in/link", data=ask_for_link(client, site, "applicant@example.com"))
    page: str = client.post(f"/procedures/{DENKI}/apply").headers["location"]
    return page


def test_a_button_fills_in_what_is_found_and_the_rest_stays(known: Site, counter_pages: TestClient) -> None:
    page = begun(counter_pages, known)
    entered = {"address.postal_code": "５３０－０００１", "representative": "窓口 花子"}
    answer = send(counter_pages, page, "lookup:address", **entered)
    assert answer.headers["location"] == f"{page}?found=one&at=address#address"
    shown = counter_pages.get(answer.headers["location"]).text
    assert 'value="大阪市北区梅田"' in shown
    assert 'value="窓口 花子"' in shown
    assert "公開データから入力しました" in shown
    assert "公開データから入力しました" not in counter_pages.get(page).text
    assert (
        'value="大阪市北区梅田1-2"'
        in counter_pages.get(
            send(counter_pages, page, "update", **{"address.address": "大阪市北区梅田1-2"}).headers["location"]
        ).text
    )


def test_a_corporate_number_fills_name_and_address(known: Site, counter_pages: TestClient) -> None:
    page = begun(counter_pages, known)
    answer = send(counter_pages, page, "lookup:corporate_number", corporate_number=OURS)
    shown = counter_pages.get(answer.headers["location"]).text
    assert 'value="窓口電機株式会社"' in shown
    assert 'value="大阪市北区梅田１丁目１番１号"' in shown


def test_what_is_not_found_is_said_and_nothing_is_lost(known: Site, counter_pages: TestClient) -> None:
    page = begun(counter_pages, known)
    entered = {"address.postal_code": "9999999", "address.prefecture": "27", "address.address": "架空町1"}
    shown = counter_pages.get(send(counter_pages, page, "lookup:address", **entered).headers["location"]).text
    assert "見つかりませんでした" in shown
    assert 'value="架空町1"' in shown
    for odd in ("lookup:nobody", "lookup:", 'lookup:"><script>', "lookup:makers.9.x"):
        assert counter_pages.get(send(counter_pages, page, odd).headers["location"]).status_code == 200


def test_without_data_there_is_no_button(clean: Site, counter_pages: TestClient) -> None:
    assert "lookup:" not in counter_pages.get(begun(counter_pages, clean)).text
