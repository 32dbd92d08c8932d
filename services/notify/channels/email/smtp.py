"""Handing mails to an SMTP server, over one connection that is kept for the next mail."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from services.notify.channels.carrier import Mark, Outcome, Unreachable
from services.notify.channels.email.composing import Composer
from services.notify.channels.email.connecting import connect
from services.notify.models import Message

if TYPE_CHECKING:
    from services.notify.settings import Settings
    from services.notify.wording.rendering import Wordings

# The server closes the connection after this answer (RFC 5321 section 3.8).
GOING_AWAY = 421
# Seconds until the next try after a refusal for now; about a day in all.
BACKOFF = (5.0, 30.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 28800.0)


class SmtpCarrier:
    """A carrier of e-mail (services.notify.channels.carrier)."""

    backoff: Sequence[float] = BACKOFF

    def __init__(self, settings: Settings, wordings: Wordings) -> None:
        self._settings = settings
        self._composer = Composer(settings, wordings)
        self._host = urlsplit(settings.smtp_url.get_secret_value()).hostname or "localhost"
        self._server: smtplib.SMTP | None = None

    def carry(self, message: Message, mark: Mark) -> Outcome | None:
        """Hand a mail over. Raises Unreachable."""
        try:
            mail = self._composer.written(message)
        except SQLAlchemyError as error:
            raise Unreachable(f"the text cannot be read: {type(error).__name__}", "database") from error
        except Exception as error:  # noqa: BLE001 - the standard library raises many kinds; one message must not stop the others
            return Outcome("failed", f"the mail cannot be made: {type(error).__name__}")
        if refused := self._announced(self._composer.sender(message), message.recipient):
            return refused
        # From here on, only the server's answer to the text tells whether it has the message.
        server = self._connected()
        if not mark():
            self._tidy(server)
            return None
        try:
            code, answer = server.data(mail)
        except smtplib.SMTPDataError as error:  # refused before the text
            code, answer = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            broke = f"the connection broke while the message was handed over: {type(error).__name__}"
            return Outcome("unknown", broke, self._host)
        if _is_success(code):
            return Outcome("sent", _said(code, answer), self._host)
        return self._refused(server, code, answer)

    def close(self) -> None:
        """Hang up."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            try:
                self._server = connect(self._settings)
            except (OSError, smtplib.SMTPException) as error:
                raise Unreachable(f"no connection: {type(error).__name__}", self._host) from error
        return self._server

    def _announced(self, sender: str, recipient: str) -> Outcome | None:
        """Sender and recipient named, and accepted; otherwise the refusal. Raises Unreachable.

        The server may have gone away since the last mail, or go away now: then a fresh connection is tried, once and at once.
        """
        fresh = self._server is None
        try:
            refused = self._announce(self._connected(), sender, recipient)
        except Unreachable:
            if fresh:
                raise
        else:
            if fresh or self._server is not None:
                return refused
        return self._announce(self._connected(), sender, recipient)

    def _announce(self, server: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
        try:
            commands: tuple[Callable[[], tuple[int, bytes]], ...]
            commands = (lambda: server.mail(sender), lambda: server.rcpt(recipient))
            for command in commands:
                code, answer = command()
                if not _is_success(code):
                    return self._refused(server, code, answer)
        except (OSError, smtplib.SMTPException) as error:  # nothing was handed over yet
            self.close()
            raise Unreachable(f"the connection broke: {type(error).__name__}", self._host) from error
        return None

    def _refused(self, server: smtplib.SMTP, code: int, answer: bytes) -> Outcome:
        if code == GOING_AWAY:
            self.close()
        else:
            self._tidy(server)
        return Outcome("failed" if code >= 500 else "deferred", _said(code, answer), self._host)  # noqa: PLR2004 - RFC 5321 section 4.2.1

    def _tidy(self, server: smtplib.SMTP) -> None:
        """Forget what was begun, so that the next mail can go the same way."""
        try:
            server.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


def _is_success(code: int) -> bool:
    return 200 <= code < 300  # noqa: PLR2004 - as RFC 5321 section 4.2.1 has it


def _said(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('utf-8', 'replace')[:200]}"


def domain_of(message: Message) -> str:
    """The domain of a message's recipient."""
    return message.recipient.rpartition("@")[2].lower()
