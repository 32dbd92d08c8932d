"""The mail of a message."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm

from services.notify.channels.email.dkim import DkimKey
from services.notify.channels.email.tokens import return_address, token_of
from services.notify.models import Message
from services.notify.wording.compiling import Text
from shared.settings import SettingsError

if TYPE_CHECKING:
    from services.notify.settings import Settings
    from services.notify.wording.rendering import Wordings


class Composer:
    """Makes mails, and signs them where there is a key."""

    def __init__(self, settings: Settings, wordings: Wordings) -> None:
        """Raises SettingsError for a key that is none."""
        self._settings = settings
        self._wordings = wordings
        self._name, self._address = parseaddr(settings.sender)
        self._key: DkimKey | None = None
        if settings.dkim_key:
            domain = settings.dkim_domain or self._address.rpartition("@")[2]
            try:
                self._key = DkimKey(settings.dkim_key, settings.dkim_selector, domain)
            except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
                raise SettingsError(f"Madoguchi cannot start; MADOGUCHI_NOTIFY_DKIM_KEY: {error}") from None

    def sender(self, message: Message) -> str:
        """The envelope's sender: an address of this message's own, where bounces are read."""
        if not self._settings.bounce_address:
            return self._address
        return return_address(self._settings.bounce_address, token_of(self._settings.secret_key, message.id))

    def written(self, message: Message) -> bytes:
        """The mail as it is handed over. Raises as compose does."""
        mail = self.compose(message).as_bytes(policy=SMTP_POLICY)
        if url := message.options.get("one_click_unsubscribe_url"):  # RFC 8058
            if not url.isascii() or not url.isprintable() or any(sign in url for sign in " <>"):
                raise ValueError("no address to unsubscribe at")
            # by hand: the library would encode a long word, and nobody decodes this header
            mail = f"List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode() + mail
        return self._key.sign(mail) if self._key else mail

    def compose(self, message: Message) -> EmailMessage:
        """The mail of a message. Its Message-ID is derived from the message: a doubled mail can be told from two mails.

        Raises KeyError for a template that is not there, MissingPlaceholders for one that needs what the message does not
        have, ValueError for an impossible address.
        """
        if not message.recipient.isascii():  # such an address needs SMTPUTF8 (RFC 6531), which few servers offer
            raise ValueError("the address is not ASCII")
        text_ = self._wordings.render(message)
        if message.client_id:  # in the client's name
            return self._mail(message, text_, name=message.options.get("from_name", ""), to="")
        return self._mail(message, text_, name=self._name, to=str(message.filling.get("name", "")))

    def _mail(self, message: Message, text_: Text, *, name: str, to: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        mail["From"] = Address(name, addr_spec=self._address)
        mail["To"] = Address(" ".join(to.split()), addr_spec=message.recipient)
        mail["Subject"] = text_.subject
        mail["Date"] = format_datetime(message.created_at)
        mail["Message-ID"] = message_id_of(message, self._settings)
        if reply_to := message.options.get("reply_to"):
            mail["Reply-To"] = Address(addr_spec=reply_to)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
        mail["X-Madoguchi-Subject"] = message.subject
        encoding = "quoted-printable" if message.language == "en" else "base64"
        mail.set_content(text_.body, cte=encoding)
        mail.add_alternative(text_.html, subtype="html", cte=encoding)
        mail["Content-Language"] = message.language  # after the content, which takes its headers away
        return mail


def message_id_of(message: Message, settings: Settings) -> str:
    """The Message-ID of a message's mail, however often it is made."""
    domain = parseaddr(settings.sender)[1].rpartition("@")[2]
    return f"<{token_of(settings.secret_key, message.id)}@{domain}>"
