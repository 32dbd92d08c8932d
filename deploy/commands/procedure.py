"""`madoguchi procedure`: check procedures' files, and put them into force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.commands.access import base_url, noted, session_as
from deploy.commands.options import HomeOption, terminal_language

app = typer.Typer(help="Check the files of procedures, and publish them.", no_args_is_help=True)

FilesArgument = Annotated[list[Path], typer.Argument(help="Files such as procedures/koen-meigi.yaml.")]


@app.command()
def lint(files: FilesArgument) -> None:
    """Check files: say each mistake with its line."""
    if not _fine(files, say_so=True):
        raise typer.Exit(1)


def _fine(files: list[Path], *, say_so: bool = False) -> bool:
    """Whether no file has a mistake; says those that there are, and warnings."""
    from shared.i18n import message, translate
    from shared.procedure.files import OFFICES, checked

    fine, language = True, terminal_language()
    for path in files:
        if path.name == OFFICES:
            continue
        found = checked(path)
        for mistake in found:
            typer.echo(mistake.told(language), err=True)
        wrong = any(mistake.level == "error" for mistake in found)
        fine = fine and not wrong
        if say_so and not wrong:
            typer.echo(translate(message("{file}: fine"), language, file=path))
    return fine


@app.command()
def publish(
    files: FilesArgument,
    *,
    trial: Annotated[bool, typer.Option(help="Try them out instead: with test filings that reach nobody.")] = False,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long the trial goes on.")] = 30,
    home: HomeOption = None,
) -> None:
    """Put procedures into force, each as its next version; what did not change keeps its version."""
    from services.intake.catalogue import procedures
    from services.intake.drafts import trials
    from shared.procedure.files import OFFICES, read

    if not _fine(files):
        raise typer.Exit(1)
    readable = [read(path) for path in files if path.name != OFFICES]
    with session_as("intake", home) as session:
        for procedure in readable:
            if trial:
                tried = trials.publish(session, procedure, days=days)
                noted(session, "trial.published", tried.procedure_id)
                typer.echo(
                    f"{tried.procedure_id} can be tried until {tried.ends_at:%Y-%m-%d} at {base_url(home)}/trials/{tried.id}"
                )
                continue
            ref = procedures.publish(session, procedure)
            noted(session, "procedure.published", ref.id, version=ref.version)
            typer.echo(f"{ref.id} is in force in version {ref.version}.")


@app.command()
def end_trial(
    procedure: Annotated[str, typer.Argument(help="The procedure's id, such as koen-meigi.")], home: HomeOption = None
) -> None:
    """End a trial before its time; its drafts and test filings are deleted."""
    from services.intake.drafts import trials

    with session_as("intake", home) as session:
        trials.end(session, procedure)
        noted(session, "trial.ended", procedure)
    typer.echo(f"The trial of {procedure} has ended.")


@app.command()
def preview(
    file: Annotated[Path, typer.Argument(help="A procedure's file, such as procedures/my-procedure.yaml.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 for any that is free.")] = 0,
) -> None:
    """Show a file's form live in the browser, with what lint finds, while the file is edited. Nothing is kept."""
    import uvicorn

    from deploy.one.ports import LOOPBACK, free_ports, is_free
    from deploy.preview.app import create_app

    if not file.is_file():
        typer.echo(f"{file} is not there. Begin one with: madoguchi procedure new {file}", err=True)
        raise typer.Exit(1)
    port = port or free_ports(1)[0]
    if not is_free(port):
        typer.echo(f"Port {port} is taken; name another with --port.", err=True)
        raise typer.Exit(1)
    address = f"http://{LOOPBACK}:{port}"
    typer.echo(f"{file} is shown at {address} as it is written. Ctrl-C ends it.")
    uvicorn.run(create_app(file, address), host=LOOPBACK, port=port, log_level="warning")


@app.command()
def diff(
    file: Annotated[Path, typer.Argument(help="A procedure's file.")],
    other: Annotated[Path | None, typer.Argument(help="Another file, newer than the first.")] = None,
    *,
    published: Annotated[bool, typer.Option(help="Compare the version in force with the file.")] = False,
    home: HomeOption = None,
) -> None:
    """Say what differs between two files, or between the version in force and a file."""
    from deploy.commands.procedure_files import differences

    if published == (other is not None):
        typer.echo("Name a second file, or --published.", err=True)
        raise typer.Exit(2)
    first = _definition(file)
    old, new = (first, _definition(other)) if other is not None else (_in_force(first["procedure"], home), first)
    lines = list(differences(old, new))
    typer.echo("\n".join(lines) if lines else "Nothing differs.")


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="A procedure's file; without it, the schema of the language.")] = None,
) -> None:
    """Write the JSON Schema of a procedure's answers, or of the language itself."""
    import json

    from deploy.commands.procedure_files import language_schema
    from shared.procedure import form
    from shared.procedure.model import Procedure

    if file is None:
        typer.echo(language_schema(), nl=False)
        return
    schema = form.schema(Procedure.model_validate(_definition(file)), 0)
    typer.echo(json.dumps(schema, ensure_ascii=False, indent=2))


@app.command()
def new(file: Annotated[Path, typer.Argument(help="The file to write, such as procedures/my-procedure.yaml.")]) -> None:
    """Write a commented skeleton of a procedure, to begin with."""
    import re

    from deploy.commands.procedure_files import SKELETON
    from shared.procedure.fields import NAME

    if file.suffix != ".yaml" or not re.match(NAME, file.stem):
        typer.echo("The name needs small letters, digits and hyphens, and .yaml: my-procedure.yaml", err=True)
        raise typer.Exit(1)
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write(SKELETON.format(name=file.stem, file=file))
    except FileExistsError:
        typer.echo(f"{file} is there already.", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file} is written. Check it with: madoguchi procedure lint {file}")


def _definition(path: Path) -> dict[str, Any]:
    from shared.procedure.files import Unreadable, read

    try:
        return read(path).definition()
    except Unreadable as error:
        for mistake in error.mistakes:
            typer.echo(mistake.told(terminal_language()), err=True)
        raise typer.Exit(1) from None


def _in_force(procedure_id: str, home: Path | None) -> dict[str, Any]:
    from services.intake.catalogue.procedures import Catalogue

    with session_as("intake", home) as session:
        return Catalogue().current(session, procedure_id).procedure.definition()
