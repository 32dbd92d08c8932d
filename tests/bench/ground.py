"""The ground between two measurements: the same every time."""

from __future__ import annotations

from sqlalchemy import text

from tests.site import Site

_FILED = 'intake.application, intake.step, review."case", notify.message, opendata.procedure_count'


def clear(site: Site) -> None:
    """Nothing filed and nothing in the log; everybody keeps his key."""
    with site.owner.begin() as connection:
        connection.execute(text(f"truncate {_FILED}, bus.event cascade"))
    site.broker.flushall()


def forget_events(site: Site) -> None:
    """Nothing in the log; what was filed stays."""
    with site.owner.begin() as connection:
        connection.execute(text("truncate bus.event cascade"))


def settle(site: Site) -> None:
    """Statistics fresh and dirty pages written, so that no measurement pays for another."""
    with site.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
        connection.execute(text("checkpoint"))
