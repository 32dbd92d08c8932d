"""`madoguchi messages`: what the post sent, and what to do with what it could not send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from deploy.commands.access import session_as, setting
from deploy.commands.options import HomeOption

if TYPE_CHECKING:
    from pathlib import Path

    from sqlmodel import Session

    from services.notify.messages.finding import Filter
    from services.notify.messages.steps import Step
    from services.notify.models import Message
    from shared.operation.acts import Operator

app = typer.Typer(help="Messages: look for them, send again, cancel; stop a channel.", no_args_is_help=True)

IdArgument = Annotated[
    UUID | None, typer.Argument(help="The message's id, as the list shows it; without it, say --all and filters.")
]
AboutOption = Annotated[str, typer.Option("--about", help="An application's id or number, or a client's reference.")]
RecipientOption = Annotated[str, typer.Option("--recipient", help="An e-mail address, a number, or a webhook's id.")]
ChannelOption = Annotated[str, typer.Option("--channel", help="email, sms, letter, webhook or inbox.")]
StateOption = Annotated[str, typer.Option("--state", help="Such as failed, bounced, unknown, deferred.")]
TemplateOption = Annotated[str, typer.Option("--template", help="Such as decided.")]
SinceOption = Annotated[datetime | None, typer.Option("--since", help="In UTC, such as 2026-04-01 or 2026-04-01T09:00:00.")]
UntilOption = Annotated[datetime | None, typer.Option("--until", help="Before this time, in UTC.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why: it is noted, and shown with the message.")]
AllOption = Annotated[bool, typer.Option("--all", help="All that the filters find, up to 10,000.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
CheckedOption = Annotated[
    bool, typer.Option("--checked", help="For unknown ones: you looked in the other side's log whether it took them.")
]


def _filter(home: Path | None, about: str, recipient: str, **more: Any) -> Filter:
    from pydantic import SecretStr

    from services.notify.messages.finding import Filter
    from services.notify.models import CHANNELS, STATES
    from services.notify.recipients.addresses import recipient_hash

    for name, known in (("channel", CHANNELS), ("state", STATES)):
        if more.get(name) and more[name] not in known:
            typer.echo(f"--{name}: one of {', '.join(known)}", err=True)
            raise typer.Exit(2)
    to = recipient_hash(SecretStr(setting("MADOGUCHI_SECRET_KEY", home)), recipient) if recipient else None
    times: dict[str, Any] = {
        name: moment.replace(tzinfo=UTC) if (moment := more.pop(name)) else None for name in ("since", "until")
    }
    known_ones: dict[str, Any] = {name: more[name] or None for name in ("channel", "state")}
    return Filter(about=about, recipient=to, template=more["template"], **times, **known_ones)


@app.command("list")
def list_all(
    *,
    about: AboutOption = "",
    recipient: RecipientOption = "",
    channel: ChannelOption = "",
    state: StateOption = "",
    template: TemplateOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    home: HomeOption = None,
) -> None:
    """List messages, newest first. Recipients are masked."""
    from services.notify.messages.finding import listed

    wanted = _filter(home, about, recipient, channel=channel, state=state, template=template, since=since, until=until)
    with session_as("notify", home) as session:
        found = listed(session, wanted, limit=limit)
        for message in found:
            typer.echo(_line(message))
    typer.echo(f"{len(found)} messages." if found else "No messages.", err=True)


@app.command()
def show(message_id: Annotated[UUID, typer.Argument(help="The message's id.")], home: HomeOption = None) -> None:
    """Show one with its recipient and every try. That you looked is noted."""
    from services.notify.messages import acts, ledger
    from services.notify.messages.states import STATES

    with session_as("notify", home) as session:
        message = ledger.shown(session, message_id)
        acts.note_look(session, _who(), message_id)
        typer.echo(_line(message))
        typer.echo(f"    to {message.recipient}, about {message.subject}")
        typer.echo(f"    {STATES[message.state].means} {STATES[message.state].to_do}".rstrip())
        for one in ledger.tries(session, message_id):
            typer.echo(f"    try  {_time(one.started_at)}  {one.outcome}  {one.server}  {one.took_ms} ms  {one.answer}")
        for act in acts.of_message(session, message_id):
            typer.echo(f"    act  {_time(act.at)}  {act.act}  {act.name}  {act.reason}")


def _command(step: Step) -> Any:
    def command(
        message_id: IdArgument = None,
        *,
        reason: ReasonOption = "",
        about: AboutOption = "",
        recipient: RecipientOption = "",
        channel: ChannelOption = "",
        state: StateOption = "",
        template: TemplateOption = "",
        since: SinceOption = None,
        until: UntilOption = None,
        everything: AllOption = False,
        checked: CheckedOption = False,
        yes: YesOption = False,
        home: HomeOption = None,
    ) -> None:
        from services.notify.messages import steps

        if (message_id is None) != everything:
            typer.echo("Name one message, or say --all with filters.", err=True)
            raise typer.Exit(2)
        wanted = _filter(home, about, recipient, channel=channel, state=state, template=template, since=since, until=until)
        with session_as("notify", home) as session:
            if message_id is not None:
                steps.act_on(session, _who(), step, message_id, reason, checked=checked)
                typer.echo("Done.")
            else:
                _all(session, step, wanted, reason, checked=checked, yes=yes)

    return command


def _all(session: Session, step: Step, wanted: Filter, reason: str, *, checked: bool, yes: bool) -> None:
    from services.notify.messages import steps

    ids = steps.preview(session, step, wanted, checked=checked)
    session.commit()
    if not ids:
        typer.echo("There is none to do this with.")
        raise typer.Exit(1)
    count = min(len(ids), steps.MOST)
    typer.echo(f"{count:,} messages" + (f", the newest of more than {steps.MOST:,}." if len(ids) > steps.MOST else "."))
    if not yes:
        typer.confirm(f"{step} them all?", abort=True)
    done = steps.act_on_all(session, _who(), step, wanted, reason, newest=ids[0], most=count, checked=checked)
    typer.echo(f"{done:,} done.")


app.command("resend", help="Send again what failed or bounced; with --checked, what is unknown.")(_command("resend"))
app.command("release", help="Let unknown ones count as sent: you found them in the other side's log.")(_command("release"))
app.command("cancel", help="Cancel what waits.")(_command("cancel"))

ChannelArgument = Annotated[str, typer.Argument(help="email, sms, letter, webhook or inbox.")]


@app.command()
def channels(home: HomeOption = None) -> None:
    """Show how each channel stands: what waits, since when, and whether it is stopped."""
    from services.notify.messages.channels import standings

    with session_as("notify", home) as session:
        for one in standings(session):
            stopped = f"  STOPPED by {one.pause.paused_by}: {one.pause.reason}" if one.pause else ""
            numbers = (
                f"{one.waiting:>7,} waiting  {one.deferred:>7,} deferred  {one.unknown:>7,} unknown  oldest {one.oldest:>7,.0f} s"
            )
            typer.echo(f"{one.channel:<8}{numbers}{stopped}")


@app.command()
def pause(channel: ChannelArgument, reason: ReasonOption = "", home: HomeOption = None) -> None:
    """Stop a channel: what is to go over it waits."""
    _stop_or_go("pause", channel, reason, home)


@app.command()
def resume(channel: ChannelArgument, reason: ReasonOption = "", home: HomeOption = None) -> None:
    """Let a channel go again."""
    _stop_or_go("resume", channel, reason, home)


@app.command()
def suppressions(
    release: Annotated[str, typer.Option("--release", help="Write to this recipient again.")] = "",
    reason: ReasonOption = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    home: HomeOption = None,
) -> None:
    """List who is not written to, or write to one again."""
    from pydantic import SecretStr

    from services.notify.messages.acts import note_suppression_released
    from services.notify.recipients import suppressions as listed
    from services.notify.recipients.addresses import masked, recipient_hash

    with session_as("notify", home) as session:
        if release:
            to = recipient_hash(SecretStr(setting("MADOGUCHI_SECRET_KEY", home)), release)
            note_suppression_released(session, _who(), listed.release(session, to), reason)
            typer.echo("This recipient is written to again.")
            return
        for one in listed.listed(session, limit=limit):
            typer.echo(f"{_time(one.created_at)}  {one.channel}  {masked(one.recipient)}  {one.reason}  {one.detail}".rstrip())


def _stop_or_go(what: str, channel: str, reason: str, home: Path | None) -> None:
    from services.notify.messages import channels as running
    from services.notify.models import CHANNELS

    if channel not in CHANNELS:
        typer.echo(f"One of {', '.join(CHANNELS)}", err=True)
        raise typer.Exit(2)
    with session_as("notify", home) as session:
        (running.pause if what == "pause" else running.resume)(session, _who(), channel, reason)
    typer.echo("It is stopped." if what == "pause" else "It goes again within seconds.")


def _who() -> Operator:
    """The trace has the name under which somebody works on the machine."""
    from shared.operation.acts import Operator

    return Operator.at_the_command_line()


def _line(message: Message) -> str:
    from services.notify.recipients.addresses import masked

    waits = f" until {_time(message.next_attempt_at)}" if message.state == "deferred" else ""
    said = f": {message.error}" if message.error else ""
    to = masked(message.recipient)
    return f"{message.id}  {_time(message.created_at)}  {message.channel}  {message.template}  {to}  {message.state}{waits}{said}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
