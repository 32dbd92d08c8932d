"""docs/settings.md says what the settings classes say."""

from __future__ import annotations

from pathlib import Path

from deploy.commands.settings import page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: madoguchi settings > docs/settings.md"


def test_every_setting_says_what_it_means() -> None:
    rows = [line.split(" | ") for line in page().splitlines() if line.startswith("| `MADOGUCHI_")]
    assert len(rows) > 30
    assert [row[0] for row in rows if not row[2].strip()] == []
