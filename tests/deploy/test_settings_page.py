"""docs/settings.md says what the settings classes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.commands.settings import page
from services.opendata.settings import Settings
from shared.settings import SettingsError, load
from tests.site import Site

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("address", ["http://madoguchi.example.go.jp", "http://10.0.0.5:8000", "http://localhost.example"])
def test_nobody_runs_a_site_that_people_reach_without_tls(site: Site, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    assert load(Settings).base_url == site.environment["MADOGUCHI_BASE_URL"]
    monkeypatch.setenv("MADOGUCHI_BASE_URL", address)
    with pytest.raises(SettingsError, match="MADOGUCHI_BASE_URL: "):
        load(Settings)


def test_the_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: madoguchi settings > docs/settings.md"


def test_every_setting_says_what_it_means() -> None:
    rows = [line.split(" | ") for line in page().splitlines() if line.startswith("| `MADOGUCHI_")]
    assert len(rows) > 30
    assert [row[0] for row in rows if not row[2].strip()] == []
