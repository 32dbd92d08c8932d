"""Purging in tests: all that is over its time, at whatever moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from services.intake.retention.purging import SERVICE as INTAKE
from services.notify.retention.purging import HOUSE
from services.notify.retention.purging import service as notify
from services.review.retention.purging import service
from shared.retention.purging import Service, lines, plan, purge_some
from tests.site import Site

__all__ = ["HOUSE", "INTAKE", "NOTIFY", "REVIEW", "engine_of", "planned", "purged", "years_later"]

REVIEW, NOTIFY = service(), notify()
Counted = dict[tuple[str, str, str], int]


def engine_of(service: Service) -> Engine:
    """The connections of a service's worker."""
    from importlib import import_module

    engine: Engine = import_module(f"services.{'notify' if service is HOUSE else service.name}.tasks").engine
    return engine


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


def tables_with(site: Site, words: list[str]) -> list[str]:
    """Every table that has one of these words in any of its columns, sealed or not, as `schema.table: word`."""
    tables = site.rows("""
        select schemaname || '."' || tablename || '"' as name, schemaname || '.' || tablename as shown from pg_tables
        where schemaname in ('intake', 'review', 'notify', 'opendata', 'bus', 'operation', 'identity')
    """)
    said = {one["shown"]: str(site.rows(f"select * from {one['name']}")) for one in tables}
    return [f"{shown}: {word}" for shown, rows in said.items() for word in words if word in rows]
