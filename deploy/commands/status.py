"""`madoguchi status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from deploy.commands.access import session_as
from deploy.commands.options import HomeOption
from deploy.one.home import Home
from deploy.one.parts import Site
from deploy.one.process import is_alive

if TYPE_CHECKING:
    from shared.operation.measuring import Backup


def status(home: HomeOption = None) -> None:
    """Show what runs where, how it is, and what waits."""
    place = Home.at(home)
    told = place.told()
    if not told:
        starting = place.is_held()
        typer.echo(
            f"Madoguchi is starting in {place.path}."
            if starting
            else f"No Madoguchi runs in {place.path}. Start it: madoguchi up"
        )
        raise typer.Exit(1)
    site = Site(place, place.ports(), told["port"])
    typer.echo(f"Madoguchi at {site.base_url} (process {told['pid']}, home {place.path})")
    parts = [_show_part(part) for part in told["parts"]]
    services_well = _show_health(site)
    _show_backlogs(place.path)
    if not (all(parts) and services_well):
        raise typer.Exit(1)


def _show_part(part: dict[str, Any]) -> bool:
    alive = is_alive(part["pid"])
    state = f"process {part['pid']}" if alive else "DOWN"
    again = f", started again {part['restarts']} times" if part["restarts"] else ""
    typer.echo(f"  {part['name']:<10} {state:<16} {part['address']}{again}")
    typer.echo(f"  {'':<10} log {part['log']}")
    return alive


def _show_health(site: Site) -> bool:
    from deploy.signs.health import healths

    told = healths([f"{site.base_url}/health/ready"])
    if told is None:
        typer.echo("The services do not answer.")
        return False
    typer.echo("Services")
    for one in told:
        typer.echo(f"  {one.service:<10} {one.status:<10} {'not well: ' + ', '.join(one.ill) if one.ill else ''}".rstrip())
    return all(one.status == "ok" for one in told)


def _show_backlogs(home: Path) -> None:
    from shared.bus.deadletters import waiting
    from shared.operation.measuring import backups

    with session_as("operator", home) as session:
        found = waiting(session)
        backed_up = backups(session)
    typer.echo("Deliveries" if found else "Deliveries: none waits, none is dead.")
    for row in found:
        typer.echo(
            f"  {row['subscriber']:<28} {row['waiting']:>6} waiting (oldest {row['oldest']:.0f} s overdue), {row['dead']} dead"
        )
    _show_backups(backed_up)
    if any(row["dead"] for row in found):
        typer.echo("See the dead ones: madoguchi deadletters list")


def _show_backups(backed_up: dict[str, Backup]) -> None:
    if not backed_up:
        typer.echo("Backups: none is made (docs/backup.md).")
        return
    names = {"backup.base": "whole", "backup.wal": "log", "backup.rehearsal": "rehearsed"}
    said = []
    for kind, how in backed_up.items():
        age = "never" if how.age is None else f"{how.age:.0f} s ago" if how.age < 7200 else f"{how.age / 3600:.0f} h ago"  # noqa: PLR2004 - two hours
        said.append(f"{names[kind]} {age}{' (THE LAST FAILED)' if how.failed else ''}")
    typer.echo(f"Backups: {', '.join(said)}")
