"""The SMTP side: says 250 only when the mail is on disk."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.one.mailbox.mails import Mails

MAIL_LIMIT = 25_000_000  # bytes of one mail
IDLE_SECONDS = 60.0


class Catcher:
    """aiosmtpd's handler."""

    def __init__(self, mails: Mails) -> None:
        self._mails = mails

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Store the mail, then answer."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            # In a thread: the disk must not hold up the other connections.
            mail_id = await asyncio.to_thread(self._mails.keep, envelope.mail_from or "", envelope.rcpt_tos, content)
        except OSError as error:
            return f"452 4.3.1 The mail could not be stored ({error.strerror})"
        return f"250 2.0.0 Stored as {mail_id}"


def protocol(mails: Mails) -> SMTP:
    """One connection."""
    options: dict[str, Any] = {
        "data_size_limit": MAIL_LIMIT,
        "enable_SMTPUTF8": True,
        "hostname": "localhost",
        "ident": "Madoguchi mailbox",
        "timeout": IDLE_SECONDS,
    }
    return SMTP(Catcher(mails), **options)
