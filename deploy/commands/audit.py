"""`madoguchi audit`: the trace of what officials saw and did, and whether somebody tampered with it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from deploy.commands.access import session_as, setting
from deploy.commands.options import HomeOption

app = typer.Typer(help="The trace of what officials saw and did: read it, verify it.", no_args_is_help=True)

MOST_FINDINGS = 100
TELL_EVERY = 100_000

HeadsOption = Annotated[Path | None, typer.Option("--heads", help="The folder with the signed heads, or a copy of it.")]
KeyOption = Annotated[
    list[str] | None,
    typer.Option("--key", help="A public key, as `madoguchi audit key` printed it; several after a change of keys."),
]


@app.command()
def verify(heads: HeadsOption = None, key: KeyOption = None, home: HomeOption = None) -> None:
    """Look for entries that were changed, removed, put in or moved. Ends with 1 if there is any.

    Who may have changed the machine too is found out with heads and public keys that were kept elsewhere.
    """
    from services.review.audit import heads as signed
    from services.review.audit import purging
    from services.review.audit.verification import verify as look
    from shared.operation.acts import broken

    folder = heads or Path(setting("MADOGUCHI_AUDIT_HEADS", home))
    try:
        keys = [signed.public_key(one) for one in key or []] or [_own_key(home).public_key()]
    except ValueError as error:
        typer.echo(f"--key: {error}", err=True)
        raise typer.Exit(2) from None
    found = 0
    counts: dict[str, int] = {}

    def progress(what: str, count: int) -> None:
        counts[what] = count
        if count % TELL_EVERY == 0:
            typer.echo(f"{count:,} {what} …", err=True)

    with session_as("operator", home) as session:
        named = {signed.name_of(one): one for one in keys}
        for finding in look(session, signed.every(folder), named, progress, purging.every(folder)):
            found += 1
            if found <= MOST_FINDINGS:
                typer.echo(f"WRONG   {finding}")
    with session_as("operator", home) as session:
        for act in broken(session):
            found += 1
            typer.echo(f"WRONG   act {act} of an operator: something was changed or taken away before it (operation.act)")
    typer.echo("Looked at " + ", ".join(f"{counts.get(what, 0):,} {what}" for what in ("links", "entries", "heads")) + ".")
    if found:
        typer.echo(f"{found} wrong." + (f" The first {MOST_FINDINGS} are shown." if found > MOST_FINDINGS else ""))
        raise typer.Exit(1)
    typer.echo("Nothing was changed, removed or moved.")


@app.command()
def key(home: HomeOption = None) -> None:
    """Print the public key that shows whose the heads are. Keep it somewhere else: it is no secret."""
    from services.review.audit import heads as signed

    typer.echo(signed.written(_own_key(home).public_key()))


@app.command()
def show(
    case: Annotated[UUID | None, typer.Option(help="A case's id; lists that showed it are there too.")] = None,
    account: Annotated[str | None, typer.Option(help="An official: the account's id or e-mail address.")] = None,
    since: Annotated[datetime | None, typer.Option(help="In UTC, such as 2026-04-01 or 2026-04-01T09:00:00.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 200,
    home: HomeOption = None,
) -> None:
    """Show who saw and did what, newest first."""
    from services.review.audit.reading import every

    with session_as("operator", home) as session:
        who = _account_id(session, account) if account else None
        at = since.replace(tzinfo=UTC) if since else None
        shown = 0
        for shown, entry in enumerate(islice(every(session, case_id=case, account_id=who, since=at), limit), start=1):  # noqa: B007 - said below
            typer.echo(_line(entry))
    typer.echo(f"{shown} shown." if shown else "Nothing is noted there.", err=True)


@app.command("acts")
def list_acts(
    act: Annotated[str, typer.Option(help="How the act's name begins, such as dead-letter. or switch.off.")] = "",
    subject: Annotated[str, typer.Option(help="What it was done to: an id, or a name.")] = "",
    since: Annotated[datetime | None, typer.Option(help="In UTC, such as 2026-04-01 or 2026-04-01T09:00:00.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="At most so many, the newest.")] = 50,
    home: HomeOption = None,
) -> None:
    """Show what operators did, newest first."""
    from shared.operation import acts

    with session_as("operator", home) as session:
        wanted = acts.Wanted(act=act, subject=subject, since=since.replace(tzinfo=UTC) if since else None)
        for one in acts.found(session, wanted, most=limit):
            why = f": {one.reason}" if one.reason else ""
            details = "".join(f"  {name}={_value(value)}" for name, value in one.details.items())
            typer.echo(f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {one.act}  {one.subject}  {one.name}{why}{details}")


def _own_key(home: Path | None) -> Any:
    from services.review.audit import heads as signed

    return signed.private_key(setting("MADOGUCHI_AUDIT_KEY", home))


def _account_id(session: Any, account: str) -> UUID:
    from shared.identity import accounts

    try:
        return UUID(account)
    except ValueError:
        found = accounts.account_by_email(session, account)
    if found is None:
        typer.echo(f"No account has the address {account}", err=True)
        raise typer.Exit(1)
    return found.id


def _line(entry: Any) -> str:
    who = f"{entry['account_name']} ({entry['account_id']})" if entry["account_id"] else "the desk itself"
    about = f"  case {entry['case_id']}" if entry["case_id"] else ""
    duty = f" as {entry['duty']}" if entry["duty"] else ""
    details = "  ".join(f"{name}={_value(value)}" for name, value in entry["details"].items())
    return f"{entry['at'].astimezone(UTC):%Y-%m-%d %H:%M:%S}  {entry['act']}{about}  {who}{duty}" + (
        f"  {details}" if details else ""
    )


def _value(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
