"""`madoguchi bounces`: mails that came back, and who is not written to because of them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from deploy.commands.access import noted, session_as, setting
from deploy.commands.options import HomeOption

app = typer.Typer(help="Mails that came back, and who is not written to because of them.", no_args_is_help=True)

# What mail servers take for: keep it and try again (sysexits.h).
TRY_AGAIN = 75

AddressArgument = Annotated[str, typer.Argument(help="An e-mail address.")]


@app.command()
def take(
    recipient: Annotated[str, typer.Option("--recipient", help="The address the mail came to, if the mail server says.")] = "",
    home: HomeOption = None,
) -> None:
    """Take a mail that came back from standard input: what a mail server pipes the bounce address to.

    Ends with 0 whatever the mail says, and with 75 (try again) when it could not be written down.
    """
    from pydantic import SecretStr

    from services.notify.bounces.reports import MOST_BYTES
    from services.notify.bounces.taking import take as take_mail

    content = sys.stdin.buffer.read(MOST_BYTES)
    while sys.stdin.buffer.read(MOST_BYTES):
        pass  # a mail server does not like a pipe that closes early
    try:
        secret_key = SecretStr(setting("MADOGUCHI_SECRET_KEY", home))
        with session_as("notify", home) as session:
            taken = take_mail(session, secret_key, content, recipient)
    except typer.Exit:
        raise typer.Exit(TRY_AGAIN) from None
    typer.echo(taken)


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50, home: HomeOption = None
) -> None:
    """List the addresses that are not written to."""
    from services.notify.recipients.suppressions import listed

    with session_as("notify", home) as session:
        found = listed(session, limit=limit)
        for one in found:
            typer.echo(f"{one.recipient}  {one.reason}  since {one.created_at:%Y-%m-%d %H:%M:%S} UTC  {one.detail}")
    typer.echo(f"{len(found)} addresses." if found else "No addresses.", err=True)


@app.command()
def release(address: AddressArgument, home: HomeOption = None) -> None:
    """Write to an address again."""
    from pydantic import SecretStr

    from services.notify.recipients import suppressions
    from services.notify.recipients.addresses import recipient_hash

    key = SecretStr(setting("MADOGUCHI_SECRET_KEY", home))
    with session_as("notify", home) as session:
        was = suppressions.release(session, recipient_hash(key, address))
        noted(session, "suppression.released", was.recipient_hash.hex(), channel=was.channel)
    typer.echo("It is written to again. What failed meanwhile can be sent again: madoguchi messages resend")
