"""`madoguchi switches`: closing a feature for a while."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.access import session_as
from deploy.commands.options import HomeOption, ReasonOption

app = typer.Typer(help="Features that can be closed for a while, such as filing.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The switch's name, as `list` shows it.")]


@app.command("list")
def show(home: HomeOption = None) -> None:
    """List the switches, and what happens while each is off."""
    from shared.operation import switches

    with session_as("operator", home) as session:
        for one in switches.standings(session):
            typer.echo(f"{one.name:<14} {'on' if one.on else 'OFF':<4} {one.feature.title}. Off: {one.feature.off}")


@app.command()
def on(name: NameArgument, reason: ReasonOption, home: HomeOption = None) -> None:
    """Switch a feature on. It works again within five seconds."""
    _turn(name, reason, home, on=True)


@app.command()
def off(name: NameArgument, reason: ReasonOption, home: HomeOption = None) -> None:
    """Switch a feature off. It is closed within five seconds; what had begun is finished."""
    _turn(name, reason, home, on=False)


def _turn(name: str, reason: str, home: Path | None, *, on: bool) -> None:
    from shared.operation import switches
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        switches.turn(session, Operator.at_the_command_line(), name, on=on, reason=reason)
    typer.echo(f"{name} is {'on' if on else 'off'}.")
