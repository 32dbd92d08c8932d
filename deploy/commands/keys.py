"""`madoguchi keys`: the keys that personal fields are encrypted with (docs/operating.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from deploy.commands.access import noted, session_as
from deploy.commands.options import HomeOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlmodel import Session

    from shared.operation.tables import Run

app = typer.Typer(help="Keys that personal fields are encrypted with: make one, see which are needed.", no_args_is_help=True)

SERVICES = ("intake", "review", "notify")
PLAIN, EVENTS = "plain", "bus.event"


@app.command()
def new() -> None:
    """Make a key: a line to put in front of the others in MADOGUCHI_SEALING_KEYS. It is shown once and kept nowhere."""
    from shared.sealing.ring import new_key

    typer.echo(new_key(f"k{datetime.now(UTC):%Y%m%d-%H%M%S}"))


@app.command()
def status(home: HomeOption = None) -> None:
    """Show by table how many values need which key, as they were counted last, and which keys nothing needs any more."""
    with session_as("operator", home) as session:
        runs = {service: run for service in SERVICES if (run := _last(session, service))}
        counted: dict[str, dict[str, int]] = {}
        for service, run in runs.items():
            typer.echo(f"{service}: {_said(run)}")
            counted |= run.report.get("rows", {})
        counted[EVENTS] = _events(session)
        for table, rows in sorted(counted.items()):
            for key, number in sorted(rows.items()):
                typer.echo(f"  {table:<28} {key:<32} {number:>12,}")
        for line in _advice(runs, counted):
            typer.echo(line)


@app.command()
def reseal(home: HomeOption = None) -> None:
    """Have the workers look through all tables once more, such as when no process with a former first key runs any longer."""
    from shared.sealing.resealing import ask

    with session_as("operator", home) as session:
        for service in SERVICES:
            ask(session, service)
        noted(session, "sealing.asked", "all")
        session.commit()
    typer.echo("The workers begin within half a minute: madoguchi keys status")


def _last(session: Session, service: str) -> Run | None:
    from shared.operation import runs

    return next(iter(runs.latest(session, f"sealing.{service}")), None)


def _said(run: Run) -> str:
    said = run.report
    if run.outcome == "running":
        return f"under way to the key {said.get('key', '(begins soon)')}: {said.get('sealed', 0):,} rows done so far"
    told = (
        f"{run.outcome} at {run.ended_at:%Y-%m-%d %H:%M} UTC with the key {said['key']}: {said['sealed']:,} rows encrypted anew"
    )
    return told + (
        f", {said['left']:,} could not be (their key is not there, or they were being changed)" if said["left"] else ""
    )


def _events(session: Session) -> dict[str, int]:
    """Events by their key. They are not encrypted anew: they are purged a month after they were handled."""
    from sqlalchemy import text

    found = session.execute(text("select coalesce(data ->> '~', '') as key, count(*) as n from bus.event group by 1"))
    return {row.key: row.n for row in found if row.key}


def _advice(runs: dict[str, Run], counted: dict[str, dict[str, int]]) -> Iterator[str]:
    needed = {key for rows in counted.values() for key in rows}
    if len(runs) < len(SERVICES) or any(run.outcome == "running" for run in runs.values()):
        yield "Not everything is counted yet. Take no key away."
        return
    firsts = {run.report["key"] for run in runs.values()}
    if PLAIN in needed:
        yield "Some values are not encrypted: madoguchi keys reseal"
    if old := sorted(needed - firsts - {PLAIN}):
        yield f"Still needed beside {', '.join(sorted(firsts))}: {', '.join(old)}"
        if counted[EVENTS].keys() & set(old):
            yield "Events go by themselves, 30 days after they were handled; dead letters have to be replayed or discarded."
    else:
        yield f"Nothing needs another key than {', '.join(sorted(firsts))}: others may be taken away."
