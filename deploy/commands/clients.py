"""`madoguchi clients`: other systems that send their own messages, their keys, limits and templates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from deploy.commands.access import base_url, noted, session_as, setting
from deploy.commands.options import HomeOption

app = typer.Typer(help="Systems that send messages by the API of GOV.UK Notify.", no_args_is_help=True)
keys_app = typer.Typer(help="Keys of a client. A key is shown once, when it is made.", no_args_is_help=True)
templates_app = typer.Typer(help="Templates of a client.", no_args_is_help=True)
app.add_typer(keys_app, name="key")
app.add_typer(templates_app, name="template")

ClientArgument = Annotated[str, typer.Argument(help="The client's name or id.")]
# Who did it, where a name is kept: whoever may run commands here is an operator.
BY = "madoguchi clients"


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name: mails come from it.")],
    *,
    trial: Annotated[bool, typer.Option("--trial", help="It may write to its team only.")] = False,
    home: HomeOption = None,
) -> None:
    """Make a client."""
    from services.notify.clients import clients

    with session_as("notify", home) as session:
        client = clients.add_client(session, name, trial=trial)
        noted(session, "client.added", client.id, trial=trial)
        typer.echo(f"{client.name}: {client.id}; its API is at {base_url(home)}/notify")


@app.command("list")
def show(home: HomeOption = None) -> None:
    """List the clients, with their limits."""
    from services.notify.clients import clients

    with session_as("notify", home) as session:
        for one in clients.listed(session):
            trial = ", on trial" if one.trial else ""
            archived = ", archived" if one.archived_at else ""
            a_minute = clients.rate_limit(one)
            typer.echo(f"{one.name}: {one.id}, {one.daily_limit} messages a day, {a_minute} requests a minute{trial}{archived}")


@app.command()
def team(
    client: ClientArgument,
    recipients: Annotated[
        list[str] | None, typer.Argument(help="Addresses and numbers; they replace all. None: show them.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Say to which addresses and numbers team keys, and a client on trial, may write."""
    from services.notify.clients import clients

    with session_as("notify", home) as session:
        found = clients.found(session, client)
        if recipients is not None:
            clients.set_team(found, recipients)
            noted(session, "client.changed", found.id, what="team", recipients=len(recipients))
            session.add(found)
        typer.echo("\n".join(found.team) or "Nobody.")


@app.command("reply-to")
def reply_to(
    client: ClientArgument,
    address: Annotated[str | None, typer.Argument(help="An address to add. None: show them.")] = None,
    home: HomeOption = None,
) -> None:
    """Add an address for answers to a client's mails; the first one is for those that name none."""
    from services.notify.clients import clients

    with session_as("notify", home) as session:
        found = clients.found(session, client)
        if address is not None:
            clients.add_reply_to(found, address)
            noted(session, "client.changed", found.id, what="reply-to")
            session.add(found)
        for one in found.settings.get("reply_to", []):
            typer.echo(f"{one['id']} {one['value']}")


@app.command()
def sender(
    client: ClientArgument,
    name: Annotated[str | None, typer.Argument(help="A name or number to add. None: show them.")] = None,
    home: HomeOption = None,
) -> None:
    """Add a name or number that a client's text messages come from; the first one is the usual one."""
    from services.notify.clients import clients

    with session_as("notify", home) as session:
        found = clients.found(session, client)
        if name is not None:
            clients.add_sms_sender(found, name)
            noted(session, "client.changed", found.id, what="sender")
            session.add(found)
        for one in found.settings.get("sms_sender", []):
            typer.echo(f"{one['id']} {one['value']}")


@app.command()
def limits(
    client: ClientArgument,
    *,
    daily: Annotated[int | None, typer.Option(help="Messages a day.")] = None,
    a_minute: Annotated[int | None, typer.Option(help="Requests a minute of one key.")] = None,
    trial: Annotated[bool | None, typer.Option(help="Whether it may write to its team only.")] = None,
    home: HomeOption = None,
) -> None:
    """Say how much a client may send."""
    from services.notify.clients import clients

    with session_as("notify", home) as session:
        found = clients.found(session, client)
        clients.set_limits(
            found,
            trial=found.trial if trial is None else trial,
            daily=found.daily_limit if daily is None else daily,
            a_minute=clients.rate_limit(found) if a_minute is None else a_minute,
        )
        session.add(found)
        if (trial, daily, a_minute) != (None, None, None):
            noted(session, "client.changed", found.id, what="limits", daily=found.daily_limit, a_minute=clients.rate_limit(found))
        typer.echo(f"{found.daily_limit} messages a day, {clients.rate_limit(found)} requests a minute of a key")


@app.command()
def callback(
    client: ClientArgument,
    url: Annotated[str | None, typer.Argument(help="https://…, where it hears how its messages got on. None: show it.")] = None,
    *,
    off: Annotated[bool, typer.Option("--off", help="Call it back no more.")] = False,
    home: HomeOption = None,
) -> None:
    """Say where a client is called back; the token that callbacks carry is asked for, or read from standard input."""
    from pydantic import SecretStr

    from services.notify.channels.http import Reach
    from services.notify.clients import callbacks, clients

    token = typer.prompt("Token", hide_input=True) if url is not None and not off else ""
    with session_as("notify", home) as session:
        found = clients.found(session, client)
        if off:
            callbacks.end_callback(session, found)
        elif url is not None:
            secret_key = SecretStr(setting("MADOGUCHI_SECRET_KEY", home))
            # where it really leads is checked when it is called, as the settings of the worker allow
            reach = Reach(ports=frozenset(), plain=True)
            callbacks.set_callback(session, secret_key, reach, found, url=url, token=token)
        if off or url is not None:
            noted(session, "client.changed", found.id, what="callback", on=not off)
        now = callbacks.callback_of(session, found.id)
        typer.echo(f"{now.url} ({now.state})" if now else "It is not called back.")


@keys_app.command("add")
def add_key(
    client: ClientArgument,
    name: Annotated[str, typer.Argument(help="What it is for; letters, digits, “.”, “_” and “-”.")],
    *,
    kind: Annotated[
        Literal["live", "team", "test"], typer.Option("--type", help="team: to the team only; test: nothing is sent.")
    ] = "live",
    home: HomeOption = None,
) -> None:
    """Make a key, and show it: it is not shown again."""
    from pydantic import SecretStr

    from services.notify.clients import clients, keys

    secret_key = SecretStr(setting("MADOGUCHI_SECRET_KEY", home))
    with session_as("notify", home) as session:
        made = keys.add_key(session, clients.found(session, client), name, "normal" if kind == "live" else kind, BY)
        noted(session, "client.key-added", made.client_id, key=str(made.id), kind=kind)
        typer.echo(keys.spoken(secret_key, made))


@keys_app.command("list")
def list_keys(client: ClientArgument, home: HomeOption = None) -> None:
    """List a client's keys, with those that were revoked."""
    from services.notify.clients import clients, keys

    with session_as("notify", home) as session:
        for key in keys.keys_of(session, clients.found(session, client).id):
            kind = "live" if key.type == "normal" else key.type
            used = f"used {key.used_at:%Y-%m-%d %H:%M} UTC" if key.used_at else "not used yet"
            typer.echo(f"{key.id} {key.name} ({kind}), {used}" + (", revoked" if key.revoked_at else ""))


@keys_app.command()
def revoke(
    client: ClientArgument, key: Annotated[str, typer.Argument(help="The key's id, as `list` shows it.")], home: HomeOption = None
) -> None:
    """End a key: from its next request on it is refused."""
    from uuid import UUID

    from services.notify.clients import clients, keys
    from shared.problems import NotFound

    with session_as("notify", home) as session:
        try:
            ended = keys.revoke(session, clients.found(session, client).id, UUID(key))
        except ValueError:
            raise NotFound("The client has no key with the id {id}", id=key) from None
        noted(session, "client.key-revoked", ended.client_id, key=str(ended.id))
        typer.echo(f"{ended.name} is revoked.")


@templates_app.command("add")
def add_template(
    client: ClientArgument,
    channel: Annotated[Literal["email", "sms", "letter"], typer.Argument(help="What it is for.")],
    name: Annotated[str, typer.Argument(help="Its name, for those who choose it.")],
    file: Annotated[Path, typer.Argument(help="Its text; a mail’s subject is the first line. “-”: standard input.")],
    home: HomeOption = None,
) -> None:
    """Make a template, and show the id that the client sends with it."""
    from services.notify.clients import clients, templates

    subject, body = _read(file, channel)
    with session_as("notify", home) as session:
        found = clients.found(session, client)
        made, _ = templates.add_template(session, found, channel, name=name, subject=subject, body=body, by=BY)
        noted(session, "client.changed", found.id, what="template", template=made.id)
        typer.echo(made.id)


@templates_app.command("revise")
def revise_template(
    client: ClientArgument,
    template: Annotated[str, typer.Argument(help="The template's id.")],
    file: Annotated[Path, typer.Argument(help="Its new text, as for `add`.")],
    home: HomeOption = None,
) -> None:
    """Write a new version of a template; it is in use from now on."""
    from services.notify.clients import clients, templates

    with session_as("notify", home) as session:
        found, _ = templates.must_find(session, clients.found(session, client).id, template)
        version = templates.revise(session, found, *_read(file, found.channel), BY)
        noted(session, "client.changed", found.client_id, what="template", template=found.id, version=version.version)
        typer.echo(f"{found.name}: version {version.version}")


@templates_app.command("list")
def list_templates(client: ClientArgument, home: HomeOption = None) -> None:
    """List a client's templates in use."""
    from services.notify.clients import clients, templates

    with session_as("notify", home) as session:
        for one, version in templates.all_of_client(session, clients.found(session, client).id):
            typer.echo(f"{one.id} {one.channel} {one.name}, version {version.version}")


def _read(file: Path, channel: str) -> tuple[str, str]:
    """Subject and body. A file that is not there ends the command with 1."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file} cannot be read ({type(error).__name__}).", err=True)
        raise typer.Exit(1) from None
    if channel == "sms":
        return "", text.strip()
    subject, _, body = text.strip().partition("\n")
    return subject.strip(), body.strip()
