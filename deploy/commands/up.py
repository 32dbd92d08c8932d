"""`madoguchi up`."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.commands.options import HomeOption, PortOption
from deploy.one import machine
from deploy.one.errors import StartError


def up(
    home: HomeOption = None,
    port: PortOption = 8000,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Make demo accounts and keys, and file the example applications.")] = False,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Use a temporary home; delete it at the end.")] = False,
) -> None:
    """Run everything on this machine: PostgreSQL, broker, services, worker, beat and a mailbox."""
    try:
        machine.up(machine.Options(home=home, port=port, demo=demo, ephemeral=ephemeral), say)
    except StartError as error:
        typer.echo(f"Madoguchi can't start. {error}", err=True)
        raise typer.Exit(1) from None


def say(line: str) -> None:
    """Tell the person at the keyboard."""
    typer.echo(line)
