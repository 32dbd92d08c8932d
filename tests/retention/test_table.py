"""Everything that is kept is accounted for: a new table with personal data cannot be forgotten."""

from __future__ import annotations

from pathlib import Path

from services.opendata.retention import SERVICE as OPENDATA
from shared.retention.table import FOR_GOOD, KEPT, markdown
from tests.retention.parts import HOUSE, INTAKE, NOTIFY, REVIEW
from tests.site import Site

OURS = ("intake", "review", "notify", "opendata", "identity", "bus", "operation")


def test_every_table_of_every_schema_is_kept_for_a_time_or_for_good_with_a_reason(site: Site) -> None:
    there = {
        row["name"]
        for row in site.rows(
            "select schemaname || '.' || tablename as name from pg_tables "
            "where schemaname = any(:ours) and tablename <> 'alembic_version'",
            ours=[*OURS],
        )
    }
    kept = [table for one in KEPT for table in one.tables]
    assert len(kept) == len(set(kept))
    assert there - set(kept) - set(FOR_GOOD) == set(), "say in shared/retention/table.py how long these are kept, or why for good"
    assert (set(kept) | set(FOR_GOOD)) - there == set()
    assert not set(kept) & set(FOR_GOOD)
    assert all(FOR_GOOD.values())


def test_what_belongs_to_an_application_or_a_case_goes_with_it(site: Site) -> None:
    for table, column in (("intake.application", "application_id"), ("review.case", "case_id")):
        schema = table.split(".", maxsplit=1)[0]
        belonging = site.rows(
            "select table_schema || '.' || table_name as name from information_schema.columns "
            "where table_schema = :schema and column_name = :column",
            schema=schema,
            column=column,
        )
        (whole,) = [one.tables for one in KEPT if table in one.tables]
        apart = {"intake.purged", "review.purged", "review.audit_entry", "review.job_item"}
        assert {row["name"] for row in belonging} - apart <= set(whole)


def test_every_kind_that_is_purged_is_in_the_table_and_every_line_of_it_is_purged() -> None:
    purged = {kind.name for service in (INTAKE, REVIEW, NOTIFY, HOUSE, OPENDATA) for kind in service.kinds}
    assert purged == {kind for one in KEPT for kind in one.kinds}


def test_the_page_has_the_table_as_it_is() -> None:
    page = Path(__file__).parents[2] / "docs" / "retention.md"
    assert page.read_text(encoding="utf-8").endswith(markdown()), "madoguchi retention table"
