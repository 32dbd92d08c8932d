"""`madoguchi deadletters`: deliveries that failed for good."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

import typer

from deploy.commands.access import session_as
from deploy.commands.options import HomeOption

app = typer.Typer(help="Deliveries that failed for good: look, mend the cause, replay.", no_args_is_help=True)

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
    """Show one with all it carries, as JSON. It may hold personal data."""
    from shared.bus import deadletters

    with session_as("operator", home) as session:
        typer.echo(json.dumps(deadletters.shown(session, event), ensure_ascii=False, indent=2, default=str))


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

    if event is None and subscriber is None and not everything:
        typer.echo("Name an event, a --subscriber, or --all.", err=True)
        raise typer.Exit(2)
    with session_as("operator", home) as session:
        replayed = deadletters.replay(session, event, subscriber)
    typer.echo(f"{len(replayed)} will be delivered again within seconds." if replayed else "There was none to replay.")
    if not replayed:
        raise typer.Exit(1)
