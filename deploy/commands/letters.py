"""`madoguchi letters`: what waits for the print room."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deploy.commands.access import noted, session_as, setting
from deploy.commands.options import HomeOption

app = typer.Typer(help="Letters: what waits to be printed, and what was.", no_args_is_help=True)
FolderArgument = Annotated[Path, typer.Argument(help="Where the PDFs and their manifest.csv go.")]
AgainOption = Annotated[bool, typer.Option("--again", help="Also those that were collected before and are not printed.")]
MostOption = Annotated[int, typer.Option("--most", min=1, max=10_000, help="At most so many.")]
IdsArgument = Annotated[list[UUID] | None, typer.Argument(help="The letters' ids.")]
ManifestOption = Annotated[Path | None, typer.Option("--manifest", help="All that are in this manifest.")]


@app.command("list")
def list_letters(home: HomeOption = None, most: MostOption = 200) -> None:
    """Letters that are made and not printed."""
    from services.notify.printing.letters import waiting

    with session_as("notify", home) as session:
        for one in waiting(session, limit=most):
            collected = f"collected {one.options['collected_at']}" if "collected_at" in one.options else "waits"
            typer.echo(f"{one.id}  {one.created_at:%Y-%m-%d %H:%M}  {collected}")


@app.command()
def collect(folder: FolderArgument, home: HomeOption = None, most: MostOption = 1000, *, again: AgainOption = False) -> None:
    """Copy the letters that wait into a folder, a line of its manifest for each."""
    from services.notify.printing import letters
    from shared.storage import storage_at

    with session_as("notify", home) as session:
        storage = storage_at(setting("MADOGUCHI_STORAGE", home))
        count = letters.collect(session, storage, folder, again=again, limit=most)
        noted(session, "letters.collected", "letters", count=count)
        typer.echo(f"{count} letters are in {folder}")


@app.command()
def printed(ids: IdsArgument = None, manifest: ManifestOption = None, home: HomeOption = None) -> None:
    """These letters are printed and posted."""
    from services.notify.printing import letters
    from shared.operation.acts import Operator

    known = [*(ids or []), *(letters.ids_in(manifest) if manifest else [])]
    if not known:
        typer.echo("Say which: ids, or --manifest", err=True)
        raise typer.Exit(2)
    with session_as("notify", home) as session:
        done = letters.printed(session, Operator.at_the_command_line(), known)
        typer.echo(f"{done} letters are printed now")
