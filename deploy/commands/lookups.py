"""`madoguchi lookups`: the public data that forms look up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from deploy.commands.access import noted, session_as
from deploy.commands.options import HomeOption

app = typer.Typer(help="Postal codes and corporations, for forms to look up.", no_args_is_help=True)


@app.command("import")
def import_(
    what: Annotated[Literal["postal-codes", "corporations"], typer.Argument(help="What the files hold.")],
    files: Annotated[list[Path], typer.Argument(help="CSV files, UTF-8 or Shift_JIS, as they are or zipped.")],
    home: HomeOption = None,
) -> None:
    """Take in KEN_ALL of 日本郵便 (it replaces what there was), or the 国税庁's register (all, or differences)."""
    from services.intake.lookups.imports import Unfit, import_corporations, import_places

    for file in files:
        if not file.is_file():
            typer.echo(f"{file} is not there.", err=True)
            raise typer.Exit(1)
        with session_as("intake", home) as session:
            try:
                count = (import_places if what == "postal-codes" else import_corporations)(session, file)
                noted(session, "lookup.imported", what, file=file.name, rows=count)
            except Unfit as error:
                session.rollback()
                typer.echo(f"Nothing was taken in. {error}", err=True)
                raise typer.Exit(1) from None
        typer.echo(f"{file}: {count}")


@app.command()
def show(home: HomeOption = None) -> None:
    """Say how much there is of each."""
    from services.intake.lookups.imports import counts

    with session_as("intake", home) as session:
        for name, count in counts(session).items():
            typer.echo(f"{name}: {count}")
