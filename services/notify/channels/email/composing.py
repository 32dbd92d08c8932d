"""The mail of a message."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING
from uuid import UUID

from services.notify.models import Message
from services.notify.wording.compiling import Link
from services.notify.wording.rendering import render
from shared.identity.callers import link_secret

if TYPE_CHECKING:
    from services.notify.settings import Settings


def compose(message: Message, settings: Settings) -> EmailMessage:
    """The mail of a message. Its Message-ID is derived from event and recipient: a doubled mail can be told from two mails.

    Raises KeyError for a template that is not there, MissingPlaceholders for one that needs what the message does not have,
    ValueError for an impossible address.
    """
    if not message.recipient.isascii():  # such an address needs SMTPUTF8 (RFC 6531), which few servers offer
        raise ValueError("the address is not ASCII")
    filling = dict(message.filling)
    link = settings.base_url + filling.pop("path", "/")
    if link_id := filling.pop("link_id", None):
        link += f"?link={link_id}&secret={link_secret(settings.secret_key, UUID(link_id))}"
    text_ = render(message.template, message.language, filling | {"link": Link(link)})
    name, address = parseaddr(settings.sender)
    domain = address.rpartition("@")[2]
    local = hashlib.sha256(f"{message.event_id}/{message.channel}/{message.recipient}".encode()).hexdigest()[:40]
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address(" ".join(filling.get("name", "").split()), addr_spec=message.recipient)
    mail["Subject"] = text_.subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{local}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
    mail["X-Madoguchi-Subject"] = message.subject
    encoding = "quoted-printable" if message.language == "en" else "base64"
    mail.set_content(text_.body, cte=encoding)
    mail.add_alternative(text_.html, subtype="html", cte=encoding)
    mail["Content-Language"] = message.language  # after the content, which takes its headers away
    return mail
