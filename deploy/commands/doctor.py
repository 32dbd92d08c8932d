"""`madoguchi doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from deploy.commands.options import HomeOption, PortOption
from deploy.one.home import Home
from deploy.one.parts import Site, is_well
from shared.environment import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.one.checkup import Finding


def doctor(home: HomeOption = None, port: PortOption = 8000) -> None:
    """Look for what is wrong, and say what to do about it."""
    place = Home.at(home)
    problems = 0
    for finding in _findings(place, port, named=home is not None):
        problems += bool(finding.remedy)
        typer.echo(f"{'PROBLEM' if finding.remedy else 'ok':<8}{finding.what}")
        if finding.remedy:
            typer.echo(f"        {finding.remedy}")
    if problems:
        typer.echo(f"{problems} to mend.")
        raise typer.Exit(1)
    typer.echo("All well.")


def _findings(home: Home, port: int, *, named: bool) -> Iterator[Finding]:
    # Here, since `madoguchi up` need not load what only the doctor uses.
    from deploy.one import checkup
    from deploy.one.checkup import Finding

    told = home.told()
    outside = {variable: setting(variable) for variable in (*checkup.needed(), "MADOGUCHI_CLAMD")}
    if all(outside[variable] for variable in checkup.needed()) and not told and not named:
        yield from checkup.servers(outside)
        return
    yield from checkup.machine(home, port)
    if told:
        site = Site(home, home.ports(), told["port"])
        yield from checkup.servers(site.settings())
        health = f"{site.base_url}/health/ready"
        yield Finding(f"{health} is well") if is_well(health) else Finding(f"{health} is not well", "See: madoguchi status")
    else:
        yield Finding("database, broker and mail: not looked at, since no machine runs in this home (madoguchi up starts it)")
