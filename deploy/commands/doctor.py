"""`madoguchi doctor`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.commands.options import HomeOption, PortOption
from deploy.one.home import Home
from deploy.one.parts import Site
from shared.environment import setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from deploy.checkup.findings import Finding

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON array instead of lines for people.")]


def doctor(home: HomeOption = None, port: PortOption = 8000, *, as_json: JsonOption = False) -> None:
    """Look for what is wrong, and say what to do about it."""
    show(_findings(Home.at(home), port, named=home is not None), as_json=as_json)


def show(looked_at: Iterable[Finding], *, as_json: bool) -> None:
    """Say what was found, as it is found. Ends with 1 if something is to be done."""
    findings = []
    for finding in looked_at:
        findings.append(finding)
        if not as_json:
            _say(finding)
    problems = sum(not finding.well for finding in findings)
    if as_json:
        told = [{"well": one.well, "what": one.what, "remedy": one.remedy, "page": one.page} for one in findings]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{problems} to mend." if problems else "All well.")
    if problems:
        raise typer.Exit(1)


def _say(finding: Finding) -> None:
    mark = "PROBLEM" if not finding.well else "NOTE" if finding.remedy else "ok"
    typer.echo(f"{mark:<8}{finding.what}")
    if finding.remedy:
        typer.echo(f"        {finding.remedy}\n        See {finding.page}")


def _findings(home: Home, port: int, *, named: bool) -> Iterator[Finding]:
    # Here, since `madoguchi up` need not load what only the doctor uses.
    from deploy.checkup import here, rounds
    from deploy.checkup.findings import Finding

    told = home.told()
    if all(setting(variable) for variable in rounds.NEEDED) and not told and not named:
        yield from rounds.servers(setting)
        return
    yield from here.machine(home, port)
    if told:
        site = Site(home, home.ports(), told["port"])
        yield from rounds.servers(_settings_of(site))
    else:
        yield Finding("database, broker and mail: not looked at, since no machine runs in this home (madoguchi up starts it)")


def _settings_of(site: Site) -> Callable[[str], str]:
    """One machine's settings, which are also those of this process from now on."""
    settings = site.settings()
    for variable in [name for name in os.environ if name.startswith("MADOGUCHI_")]:
        del os.environ[variable]
    os.environ.update(settings)
    return lambda variable: settings.get(variable, "")
