"""`madoguchi deadletters`: deliveries that failed for good."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deploy.commands.access import session_as
from deploy.commands.options import HomeOption, ReasonOption

app = typer.Typer(help="Deliveries that failed for good: look, mend the cause, replay or discard.", no_args_is_help=True)

EventArgument = Annotated[UUID, typer.Argument(help="The event's id, as the list shows it.")]


@app.command("list")
def list_all(home: HomeOption = None) -> None:
    """List the dead letters, the longest dead first. What applicants wrote is not shown."""
    from shared.bus import deadletters

    with session_as("operator", home) as session:
        found = deadletters.listed(session)
    for row in found:
        typer.echo(f"{row['event_id']}  {row['subscriber']}  {row['type']}  about {row['subject']}")
        typer.echo(f"    since {row['since']:%Y-%m-%d %H:%M:%S} UTC, {row['attempts']} attempts: {row['error']}")
    typer.echo(f"{len(found)} dead letters." if found else "No dead letters.")


@app.command()
def show(event: EventArgument, home: HomeOption = None) -> None:
    """Show one with all it carries, as JSON. It may hold personal data; that you looked is noted."""
    from shared.bus import deadletters
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        found = deadletters.shown(session, Operator.at_the_command_line(), event)
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))


@app.command()
def edit(
    event: EventArgument,
    file: Annotated[Path, typer.Argument(help="What the event shall carry: a JSON object. “-”: standard input.")],
    reason: ReasonOption,
    home: HomeOption = None,
) -> None:
    """Change what an event carries, so that who could not read it can. Then replay it.

    It has to fit the event's contract. Begin with `data` of `show`; whoever heard of the event before does not hear again.
    """
    from shared.bus import deadletters
    from shared.operation.acts import Operator

    try:
        written = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file} cannot be read ({type(error).__name__}).", err=True)
        raise typer.Exit(1) from None
    with session_as("operator", home) as session:
        deadletters.edit(session, Operator.at_the_command_line(), event, written, reason)
    typer.echo(f"The event is changed. Now: madoguchi deadletters replay {event}")


@app.command()
def discard(
    event: EventArgument,
    reason: ReasonOption,
    subscriber: Annotated[str | None, typer.Option(help="Only this subscriber's, such as notify.tell.")] = None,
    home: HomeOption = None,
) -> None:
    """Give a dead letter up for good: its subscriber never hears of the event, and what waits behind it goes on."""
    from shared.bus import deadletters
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        discarded = deadletters.discard(session, Operator.at_the_command_line(), event, reason, subscriber)
    typer.echo(f"Discarded: {', '.join(discarded)} will not hear of it.")


@app.command()
def replay(
    event: Annotated[UUID | None, typer.Argument(help="The event's id; without it, see --subscriber and --all.")] = None,
    subscriber: Annotated[str | None, typer.Option(help="Only this subscriber's, such as notify.tell.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter there is.")] = False,
    home: HomeOption = None,
) -> None:
    """Give dead letters all their attempts again. What they already did is not done twice."""
    from shared.bus import deadletters
    from shared.operation.acts import Operator

    if event is None and subscriber is None and not everything:
        typer.echo("Name an event, a --subscriber, or --all.", err=True)
        raise typer.Exit(2)
    with session_as("operator", home) as session:
        replayed = deadletters.replay(session, Operator.at_the_command_line(), event, subscriber)
    typer.echo(f"{len(replayed)} will be delivered again within seconds." if replayed else "There was none to replay.")
    if not replayed:
        raise typer.Exit(1)
