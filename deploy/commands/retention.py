"""`madoguchi retention`: what is over its time and goes, what is held back, and what went."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from deploy.commands.access import database_url, session_as
from deploy.commands.options import HomeOption

if TYPE_CHECKING:
    from shared.retention.purging import Line, Service

app = typer.Typer(help="How long things are kept (保存期間): plan, run, report, and legal holds.", no_args_is_help=True)

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the trace of operators' acts.")]
OnOption = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="As it will be on that day of Japan.")]


@app.command()
def plan(on: OnOption = None, home: HomeOption = None) -> None:
    """Show what a run would do, by service, procedure and kind, and what is held back. Nothing is changed."""
    from shared.i18n import JST
    from shared.retention.purging import plan as planned

    now = datetime.combine(on, time(23, 59), JST) if on else datetime.now(JST)
    for service, role in _services():
        with session_as(role, home) as session:
            _as_house(session, role)
            _show(service, planned(session, service, now=now))


@app.command()
def run(home: HomeOption = None) -> None:
    """Purge now what is over its time, in every service; the workers do it once a day by themselves.

    Files are deleted by the workers afterwards, and so are entries of the desk's trace, for which this machine has no key.
    """
    from pydantic import SecretStr
    from sqlmodel import Session

    from shared.database import connect
    from shared.operation import runs
    from shared.retention.purging import Service, lines, purge_some

    failed = False
    for service, role in _services():
        kinds = [kind for kind in service.kinds if kind.name != "review.audit"]
        settings = {"madoguchi.acts": "house"} if role == "review" else None
        engine = connect(SecretStr(database_url(role, home)), name="retention", pool=1, settings=settings)
        anew = True
        while purge_some(engine, Service(service.name, kinds, service.rules), anew=anew):
            anew = False
        with Session(engine) as session:
            last = next(iter(runs.latest(session, service.run_kind)), None)
            said = last.report if last else {}
            _show(service, lines(said))
            if last is None or last.outcome == "running":
                typer.echo(f"{service.name:9} a worker is at it at this moment", err=True)
            for kind, error in said.get("failed", {}).items():
                failed = True
                typer.echo(f"{service.name:9} {kind}: failed ({error}); see the log", err=True)
        engine.dispose()
    if failed:
        raise typer.Exit(1)


@app.command()
def report(
    days: Annotated[int, typer.Option(min=1, max=1095, help="Runs of so many days.")] = 7, home: HomeOption = None
) -> None:
    """Show what the last runs did, newest first. Ends with 1 where a service had none that ended well for two days."""
    from deploy.signs.retention import AGE
    from shared.i18n import JST
    from shared.operation import runs
    from shared.retention.purging import lines

    late = []
    with session_as("operator", home) as session:
        now = datetime.now(JST)
        for service, _ in _services():
            done = next(iter(runs.latest(session, service.run_kind, outcome="done")), None)
            if done is None or done.started_at < now - AGE:
                late.append(service.name)
            for one in runs.latest(session, service.run_kind, most=days):
                if one.started_at >= now - timedelta(days=days):
                    typer.echo(f"{one.started_at.astimezone(JST):%Y-%m-%d %H:%M}  {service.name}: {one.outcome}")
                    _show(service, lines(one.report))
    if late:
        typer.echo(f"Not run for two days: {', '.join(late)}. Do the workers run? See docs/runbooks/retention-late.md", err=True)
        raise typer.Exit(1)


@app.command()
def hold(
    kind: Annotated[str, typer.Argument(help="application, organisation or procedure.")],
    subject: Annotated[str, typer.Argument(help="The id of the application or organisation, or the procedure's key.")],
    reason: ReasonOption,
    home: HomeOption = None,
) -> None:
    """Keep everything of it from being deleted or made anonymous, until it is released (公文書管理法施行令9条)."""
    from shared.operation import holds
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        made = holds.hold(session, Operator.at_the_command_line(), kind, subject, reason)
        typer.echo(f"{made.id}  {made.kind} {made.subject} is held")


@app.command()
def release(hold_id: Annotated[UUID, typer.Argument()], reason: ReasonOption, home: HomeOption = None) -> None:
    """End a hold. What is over its time goes with the next run."""
    from shared.operation import holds
    from shared.operation.acts import Operator

    with session_as("operator", home) as session:
        found = holds.release(session, Operator.at_the_command_line(), hold_id, reason)
        typer.echo(f"{found.kind} {found.subject} is not held any more")


@app.command("holds")
def list_holds(home: HomeOption = None) -> None:
    """List the holds that last."""
    from shared.i18n import JST
    from shared.operation import holds

    with session_as("operator", home) as session:
        lasting = holds.lasting(session)
        for one in lasting:
            at = f"{one.held_at.astimezone(JST):%Y-%m-%d}"
            typer.echo(f"{one.id}  {one.kind} {one.subject}  since {at} by {one.held_by}: {one.reason}")
    if not lasting:
        typer.echo("Nothing is held.", err=True)


@app.command()
def table() -> None:
    """Print what is kept how long, as docs/retention.md has it."""
    from shared.retention.table import markdown

    typer.echo(markdown(), nl=False)


def _services() -> list[tuple[Service, str]]:
    """What each service purges, and the role it does it with: what the operator's role may not even read."""
    from services.intake.retention.purging import SERVICE as INTAKE
    from services.notify.retention.purging import HOUSE
    from services.notify.retention.purging import service as notify
    from services.opendata.retention import SERVICE as OPENDATA
    from services.review.retention.purging import service as review
    from shared.environment import setting
    from shared.retention.table import days

    inbox = int(setting("MADOGUCHI_NOTIFY_INBOX_DAYS") or days("notify.inbox"))
    return [(INTAKE, "intake"), (review(), "review"), (notify(inbox), "notify"), (HOUSE, "notify"), (OPENDATA, "opendata")]


def _as_house(session: Any, role: str) -> None:
    if role == "review":
        from services.review.wall import HOUSE, acts

        acts(session, HOUSE)


def _show(service: Service, found: Iterable[Line]) -> None:
    for line in found:
        what = "held back" if line.held else line.becomes
        typer.echo(f"{service.name:9} {line.kind:26} {line.procedure or '-':26} {line.count:>9,} {what}")
