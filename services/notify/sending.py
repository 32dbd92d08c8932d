"""Sending: each message is claimed, marked, handed to the SMTP server once, and marked again.

A message is marked `sending` and committed just before its text is handed over. Whatever ends the process after that leaves
the mark, and the message becomes `unknown` instead of being sent twice (RFC 1047).
"""

from __future__ import annotations

import hashlib
import logging
import random
import smtplib
import ssl
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.notify.models import Message
from services.notify.templates import render
from shared.identity.callers import link_secret

if TYPE_CHECKING:
    from services.notify.settings import Settings

log = logging.getLogger(__name__)

A_BATCH = 25
MAX_ATTEMPTS = 12
# Seconds until the next try after a refusal for now; about a day in all.
BACKOFF = (5, 30, 120, 300, 900, 1800, 3600, 7200, 14400, 28800, 28800)
# A claimed message belongs to its sender for this long; a sender that is gone by then will not come back.
LEASE_SECONDS = 120
SMTP_TIMEOUT = 20.0

_CLAIM = text("""
update notify.message m set next_attempt_at = now() + make_interval(secs => :lease)
from (select id from notify.message where state = 'created' and next_attempt_at <= now()
      order by next_attempt_at limit :most for update skip locked) due
where m.id = due.id
returning m.id
""")

# The sender of these is gone: nobody can know whether the server took them.
_ORPHANED = text("""
update notify.message set state = 'unknown', error = 'the sender ended while the message was handed over'
where state = 'sending' and next_attempt_at <= now()
""")

# Only one sender gets past this, even where a slow one outlived its claim and another claimed the message too.
_MARK = text("""
update notify.message set state = 'sending', next_attempt_at = now() + make_interval(secs => :lease)
where id = :id and state = 'created'
returning id
""")

# A sender changes only what is in the state in which it knows the message to be.
_MOVE = text("""
update notify.message set state = :state, error = :error, attempts = attempts + 1,
       next_attempt_at = now() + make_interval(secs => :wait),
       sent_at = case when :state = 'sent' then now() end
where id = :id and state = :expected
""")

# What was claimed but not reached when the connection broke need not wait for the end of the claim.
_RELEASE = text("update notify.message set next_attempt_at = now() where id = any(:ids) and state = 'created'")


def send_some(engine: Engine, settings: Settings) -> tuple[int, bool]:
    """Send a batch of what waits. Returns how many were sent, and whether more waits for a server that answers.

    Only a batch, so that a worker that serves other queues too soon turns to them.
    """
    with Session(engine) as session:
        orphaned: Any = session.execute(_ORPHANED)
        claimed = list(session.scalars(_CLAIM, {"lease": LEASE_SECONDS, "most": A_BATCH}))
        session.commit()
        if orphaned.rowcount:
            log.error("messages in an unknown state are held for an operator", extra={"context": {"messages": orphaned.rowcount}})
        return _send_batch(session, settings, claimed) if claimed else (0, False)


def _send_batch(session: Session, settings: Settings, ids: list[UUID]) -> tuple[int, bool]:
    more = len(ids) == A_BATCH
    try:
        server = _connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        for message_id in ids:
            _retry(session, session.get_one(Message, message_id), "created", f"no connection: {type(error).__name__}")
        session.commit()
        return 0, False
    sent = 0
    untouched = list(ids)
    try:
        while untouched:
            message = session.get_one(Message, untouched.pop(0), populate_existing=True)
            sent += _send(session, server, settings, message)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("the SMTP connection broke", extra={"context": {"cause": type(error).__name__}})
        session.execute(_RELEASE, {"ids": untouched})
        session.commit()
        more = more or bool(untouched)
    finally:
        server.close()
    return sent, more


def _connect(settings: Settings) -> smtplib.SMTP:
    url = urlsplit(settings.smtp_url.get_secret_value())
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=SMTP_TIMEOUT, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=SMTP_TIMEOUT)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
    server.ehlo_or_helo_if_needed()
    if url.username:
        server.login(unquote(url.username), unquote(url.password or ""))
    return server


def _send(session: Session, server: smtplib.SMTP, settings: Settings, message: Message) -> int:
    """Hand one message over. Returns 1 if the server took it. Raises when the connection is no longer usable."""
    if message.state != "created":  # another sender was faster
        return 0
    try:
        mail = compose(message, settings).as_bytes(policy=SMTP_POLICY)
    except Exception as error:  # noqa: BLE001 - the standard library raises many kinds; one message must not stop the others
        _move(session, message, "created", "failed", f"the mail cannot be made: {type(error).__name__}")
        session.commit()
        return 0
    sender = parseaddr(settings.sender)[1]
    for command in (lambda: server.mail(sender), lambda: server.rcpt(message.recipient)):
        if not _understood(session, server, message, command):
            return 0
    # From here on, only the server's answer to the text tells whether it has the message.
    marked = session.scalar(_MARK, {"id": message.id, "lease": LEASE_SECONDS})
    session.commit()
    if marked is None:
        server.rset()
        return 0
    try:
        code, answer = server.data(mail)
    except smtplib.SMTPDataError as error:  # refused before the text
        code, answer = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    except (OSError, smtplib.SMTPException) as error:
        broke = f"the connection broke while the message was handed over: {type(error).__name__}"
        _move(session, message, "sending", "unknown", broke)
        session.commit()
        raise
    if _is_success(code):
        _move(session, message, "sending", "sent", None)
        session.commit()
        return 1
    _refused(session, message, "sending", code, answer)
    server.rset()
    return 0


def _is_success(code: int) -> bool:
    return 200 <= code < 300  # noqa: PLR2004 - as RFC 5321 section 4.2.1 has it


def _understood(session: Session, server: smtplib.SMTP, message: Message, command: Callable[[], tuple[int, bytes]]) -> bool:
    try:
        code, answer = command()
    except (OSError, smtplib.SMTPException) as error:  # nothing was handed over yet
        _retry(session, message, "created", f"the connection broke: {type(error).__name__}")
        session.commit()
        raise
    if _is_success(code):
        return True
    _refused(session, message, "created", code, answer)
    server.rset()
    return False


def _refused(session: Session, message: Message, expected: str, code: int, answer: bytes) -> None:
    said = f"{code} {answer.decode('utf-8', 'replace')[:200]}"
    if code >= 500:  # noqa: PLR2004 - SMTP's refusal for good
        _move(session, message, expected, "failed", said)
    else:
        _retry(session, message, expected, said)
    session.commit()


def _retry(session: Session, message: Message, expected: str, error: str) -> None:
    if message.attempts + 1 >= MAX_ATTEMPTS:
        _move(session, message, expected, "failed", error)
        return
    wait = BACKOFF[min(message.attempts, len(BACKOFF) - 1)] * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
    _move(session, message, expected, "created", error, wait=wait)


def _move(session: Session, message: Message, expected: str, state: str, error: str | None, *, wait: float = 0) -> None:
    session.execute(_MOVE, {"id": message.id, "expected": expected, "state": state, "error": error, "wait": wait})
    session.expire(message)


def compose(message: Message, settings: Settings) -> EmailMessage:
    """The mail of a message. Its Message-ID is derived from event and recipient: a doubled mail can be told from two mails.

    Raises KeyError for a template that needs what the message does not have, ValueError for an impossible address.
    """
    if not message.recipient.isascii():  # such an address needs SMTPUTF8 (RFC 6531), which few servers offer
        raise ValueError("the address is not ASCII")
    filling = dict(message.filling)
    filling["link"] = settings.base_url + filling.pop("path", "/")
    if link_id := filling.pop("link_id", None):
        filling["link"] += f"?link={link_id}&secret={link_secret(settings.secret_key, UUID(link_id))}"
    text_ = render(message.template, message.language, filling)
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
    mail.set_content(text_.body, cte="quoted-printable" if message.language == "en" else "base64")
    mail["Content-Language"] = message.language  # after the content, which takes its headers away
    return mail
