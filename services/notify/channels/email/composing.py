"""The mail of a message."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from services.notify.models import Message
from services.notify.wording.compiling import Text

if TYPE_CHECKING:
    from services.notify.settings import Settings
    from services.notify.wording.rendering import Wordings


def compose(message: Message, settings: Settings, wordings: Wordings) -> EmailMessage:
    """The mail of a message. Its Message-ID is derived from event and recipient: a doubled mail can be told from two mails.

    Raises KeyError for a template that is not there, MissingPlaceholders for one that needs what the message does not have,
    ValueError for an impossible address.
    """
    if not message.recipient.isascii():  # such an address needs SMTPUTF8 (RFC 6531), which few servers offer
        raise ValueError("the address is not ASCII")
    text_ = wordings.render(message)
    if message.client_id:
        return _of_client(message, settings, text_)
    to = str(message.filling.get("name", ""))
    return _mail(message, settings, text_, name=parseaddr(settings.sender)[0], to=to)


def _of_client(message: Message, settings: Settings, text_: Text) -> EmailMessage:
    """The mail of a message that a client sends: in the client's name, with its address for answers."""
    options = message.options
    mail = _mail(message, settings, text_, name=options.get("from_name", ""), to="")
    if reply_to := options.get("reply_to"):
        mail["Reply-To"] = Address(addr_spec=reply_to)
    if url := options.get("one_click_unsubscribe_url"):  # RFC 8058
        mail["List-Unsubscribe"] = f"<{url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return mail


def _mail(message: Message, settings: Settings, text_: Text, *, name: str, to: str) -> EmailMessage:
    address = parseaddr(settings.sender)[1]
    domain = address.rpartition("@")[2]
    local = hashlib.sha256(f"{message.event_id}/{message.channel}/{message.recipient}".encode()).hexdigest()[:40]
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address(" ".join(to.split()), addr_spec=message.recipient)
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
