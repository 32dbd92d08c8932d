"""docs/scale.md says what was measured, and what follows from it."""

from __future__ import annotations

import pytest

from tests.bench.worked_out import EGOV, OFFICE_SECONDS, PAGE, connections, gigabytes, measured, sections, with_sections


def test_the_page_is_worked_out_from_the_measurement() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_sections(page, sections(measured())) == page


def test_the_arithmetic() -> None:
    one = {
        "used": {"cpu PostgreSQL": 0.002, "cpu counter web": 0.0006, "cpu notify worker": 0.0006, "cpu beat": 9.0},
        "grown": {"bus.event": 300.0, "bus.event (indexes)": 100.0, "notify.message": 1000.0, "review.case": 2000.0},
        "file bytes": 10.0,
    }
    found = {"one by one": one, "in batches": one, "reference": {"cpu PostgreSQL": 1 / 5832}}
    assert pytest.approx(4.34, abs=0.01) == EGOV / OFFICE_SECONDS
    # 1,000/s: one core each, busy 60 %, is a process with 9 and one with 8 connections
    assert connections(found, 1000, "in batches") == 9 + 8
    sizes = gigabytes(found, 365e6, 10)
    assert sizes == pytest.approx({"bus": 12.0, "messages": 365.0, "applications and cases": 3650.0, "files": 18.25})
