"""Messages of clients: taken, found and listed. A client sees its own only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.notify.channels.sms.carrier import TEXT_LIMIT
from services.notify.clients import templates
from services.notify.clients.clients import in_team
from services.notify.clients.refusals import bad_request, nothing_found
from services.notify.clients.statuses import STATUS, has_status
from services.notify.clients.tokens import Sender
from services.notify.models import QUEUES, Message, TemplateVersion
from services.notify.recipients.addresses import recipient_hash
from services.notify.wording.compiling import Compiled, MissingPlaceholders, Text
from services.notify.wording.versions import compiled, used
from shared.bus.publish import ring_after_commit
from shared.database import new_id
from shared.telemetry import current_traceparent

if TYPE_CHECKING:
    from pydantic import SecretStr

PAGE = 250
MOST_MAIL_BYTES = 2_000_000
# The errands that send, by channel.
# Nothing is ever sent to these, whatever the key: they are there to try out whether sending works.
SMOKE = re.compile(r"simulate-delivered(-[23])?@notifications\.service\.gov\.uk|\+?(44|0)7700900(000|111|222)")
# What becomes of a test key's messages, by the recipient: the state, and what the other side would have said.
_SIMULATED = (
    (re.compile(r"temp-?fail"), "failed", "450 simulated"),
    (re.compile(r"perm-?fail"), "failed", "550 simulated"),
    (re.compile(r"\+?(44|0)7700900003"), "failed", "503 simulated"),
    (re.compile(r"\+?(44|0)7700900002"), "failed", "400 simulated"),
)


@dataclass(frozen=True)
class Wanted:
    """A message that a client wants sent."""

    channel: str
    recipient: str
    template_id: UUID
    values: dict[str, Any]
    reference: str | None
    options: dict[str, Any] = field(default_factory=dict)
    scheduled_for: datetime | None = None


@dataclass(frozen=True)
class Shown:
    """A message as its client sees it."""

    message: Message
    status: str
    version: TemplateVersion | None

    @property
    def text(self) -> Text:
        """What it says."""
        if self.version is None:
            return Text("", "")
        return compiled(self.version, self.message.channel).fill(self.message.filling)


def take(session: Session, secret_key: SecretStr, sender: Sender, wanted: Wanted) -> tuple[Message, Text]:
    """Write a message that a client wants sent; it is sent after the commit. Raises Refusal."""
    if wanted.channel != "letter":
        _may_write_to(sender, wanted.recipient)
    version = _template(session, sender, wanted)
    template = compiled(version, wanted.channel)
    text = _filled(template, wanted)
    made, now = new_id(), datetime.now(UTC)
    message = Message(
        id=made,
        event_id=made,
        subject=str(made),
        channel=wanted.channel,
        template=str(wanted.template_id),
        template_version=version.version,
        language="ja",
        recipient=wanted.recipient,
        recipient_hash=recipient_hash(secret_key, wanted.recipient),
        filling=used(template, wanted.values),
        options={name: value for name, value in wanted.options.items() if value},
        client_id=sender.client.id,
        key_id=sender.key.id,
        key_type=sender.key.type,
        reference=wanted.reference,
        next_attempt_at=wanted.scheduled_for or now,
        traceparent=current_traceparent(),
        created_at=now,
    )
    if sender.key.type == "test" or SMOKE.fullmatch(wanted.recipient):
        simulate(message, now)
    session.add(message)
    session.flush()
    ring_after_commit(session, QUEUES[message.channel])
    return message, text


def _may_write_to(sender: Sender, recipient: str) -> None:
    key, client = sender.key, sender.client
    if key.type == "test" or SMOKE.fullmatch(recipient) or in_team(client, recipient):
        return
    if key.type == "team":
        raise bad_request("Can’t send to this recipient using a team-only API key")
    if client.trial:
        raise bad_request("Can’t send to this recipient when service is in trial mode")


def _template(session: Session, sender: Sender, wanted: Wanted) -> TemplateVersion:
    found = templates.of_client(session, sender.client.id, wanted.template_id)
    if found is None:
        raise bad_request("Template not found")
    template, version = found
    if template.channel != wanted.channel:
        raise bad_request(f"{template.channel} template is not suitable for {wanted.channel} notification")
    if template.archived_at:
        raise bad_request("Template has been deleted")
    return version


def _filled(template: Compiled, wanted: Wanted) -> Text:
    text = filled(template, wanted.values)
    if not text.body.strip():
        raise bad_request("Your message is empty.")
    if wanted.channel == "sms" and len(text.body) > TEXT_LIMIT:
        most = TEXT_LIMIT
        said = f"Text messages cannot be longer than {most} characters. Your message is {len(text.body)} characters"
        raise bad_request(said)
    if wanted.channel == "email" and (size := len(text.body.encode())) > MOST_MAIL_BYTES:
        raise bad_request(f"Emails cannot be longer than {MOST_MAIL_BYTES} bytes. Your message is {size} bytes.")
    return text


def filled(template: Compiled, values: dict[str, Any]) -> Text:
    """The text of a template. Raises Refusal, which names the values that are missing."""
    try:
        return template.fill(values)
    except MissingPlaceholders as error:
        raise bad_request(f"Missing personalisation: {', '.join(error.names)}") from None


def simulate(message: Message, now: datetime) -> None:
    """Nothing is sent with a test key: the message is at its end already."""
    to = message.recipient.partition("@")[0].lower()
    message.state, message.error = next(
        ((state, error) for pattern, state, error in _SIMULATED if pattern.fullmatch(to)), ("delivered", None)
    )
    message.sent_at = message.completed_at = now


def found(session: Session, client_id: UUID, message_id: UUID) -> Shown:
    """One message of this client. Raises Refusal."""
    shown = _shown(session, client_id, limit=1, only=message_id)
    if not shown:
        raise nothing_found()
    return shown[0]


@dataclass(frozen=True)
class Filter:
    """Which messages a client asks for."""

    channels: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    reference: str | None = None
    older_than: UUID | None = None


def listed(session: Session, sender: Sender, wanted: Filter) -> Sequence[Shown]:
    """A page of the client's messages that were sent with keys of this type, newest first."""
    return _shown(session, sender.client.id, limit=PAGE, key_type=sender.key.type, wanted=wanted)


def _shown(
    session: Session,
    client_id: UUID,
    *,
    limit: int,
    only: UUID | None = None,
    key_type: str | None = None,
    wanted: Filter | None = None,
) -> list[Shown]:
    wanted = wanted or Filter()
    channels = wanted.channels or ["email", "sms", "letter"]
    query = select(Message, STATUS).where(Message.client_id == client_id, col(Message.channel).in_(channels))
    if only is not None:
        query = query.where(Message.id == only)
    if key_type is not None:
        query = query.where(Message.key_type == key_type)
    if wanted.reference is not None:
        query = query.where(Message.reference == wanted.reference)
    if wanted.statuses:
        query = query.where(has_status(wanted.statuses))
    if wanted.older_than is not None:
        query = query.where(Message.id < wanted.older_than)
    rows = session.exec(query.order_by(col(Message.id).desc()).limit(limit)).all()
    versions = _versions(session, [message for message, _ in rows])
    return [Shown(one, status, versions.get((one.template, one.template_version or 0))) for one, status in rows]


def _versions(session: Session, messages: list[Message]) -> dict[tuple[str, int], TemplateVersion]:
    ids = {UUID(one.template) for one in messages if one.template_version is not None}
    found_ = session.exec(select(TemplateVersion).where(col(TemplateVersion.template_id).in_(ids))).all() if ids else []
    return {(str(one.template_id), one.version): one for one in found_}
