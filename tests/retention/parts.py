"""Purging in tests: all that is over its time, at whatever moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from services.intake.retention.purging import SERVICE as INTAKE
from shared.retention.purging import Service, lines, plan, purge_some
from tests.site import Site

__all__ = ["INTAKE", "engine_of", "planned", "purged", "years_later"]

Counted = dict[tuple[str, str, str], int]


def engine_of(service: Service) -> Engine:
    """The connections of a service's worker."""
    from services.intake import tasks as intake

    return {"intake": intake.engine}[service.name]


def years_later(years: int) -> datetime:
    """Some years from now."""
    return datetime.now(UTC) + timedelta(days=366 * years)


def purged(service: Service, *, now: datetime | None = None, anew: bool = True) -> Counted:
    """Run a service's purge to its end, or (not `anew`) go on with the one that was begun; what its report says it did."""
    engine = engine_of(service)
    while purge_some(engine, service, now=now, anew=anew):
        anew = False
    with Session(engine) as session:
        from shared.operation import runs

        (run,) = runs.latest(session, service.run_kind)
        assert run.outcome == "done", run.report
        return {(one.kind, one.procedure, one.becomes): one.count for one in lines(run.report) if not one.held}


def planned(service: Service, *, now: datetime | None = None, held: bool = False) -> Counted:
    """What a dry run says."""
    with Session(engine_of(service)) as session:
        found = plan(session, service, now=now or datetime.now(UTC))
    return {(one.kind, one.procedure, one.becomes): one.count for one in found if one.held == held}


def columns_with(site: Site, words: list[str]) -> list[str]:
    """Every column of every table that has one of these words somewhere, as `schema.table.column: word`."""
    columns = site.rows("""
        select table_schema as schema, table_name as "table", column_name as "column" from information_schema.columns
        where table_schema in ('intake', 'review', 'notify', 'opendata', 'bus', 'operation', 'identity')
          and table_name in (select tablename from pg_tables where schemaname = table_schema)
    """)
    found: list[str] = []
    for one in columns:
        name = f'"{one["schema"]}"."{one["table"]}"'
        rows: list[dict[str, Any]] = site.rows(
            f"""select distinct w.word from {name} t, unnest(cast(:words as text[])) as w(word)
            where position(w.word in t."{one["column"]}"::text) > 0""",
            words=words,
        )
        found += [f"{one['schema']}.{one['table']}.{one['column']}: {row['word']}" for row in rows]
    return found
