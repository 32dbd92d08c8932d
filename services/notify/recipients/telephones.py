"""Telephone numbers for SMS: whoever gives one has to read what is sent there."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlmodel import Session, col, func, select

from services.notify.models import QUEUES, Message, Preference
from services.notify.recipients.addresses import recipient_hash
from shared.bus.publish import ring_after_commit
from shared.database import new_id
from shared.problems import Conflict, Gone, Invalid, TooMany
from shared.telemetry import current_traceparent

TEMPLATE = "phone-check"
CODE_LIFE = timedelta(minutes=10)
MOST_TRIES = 5
# Codes a day to one number, whoever asks for them: nobody's telephone is made to ring by strangers.
MOST_A_DAY = 5
_PURPOSE = b"notify.telephone:"


def code_of(secret_key: SecretStr, check_id: UUID) -> str:
    """The six digits of a check: derived with the house's key, so that no table holds them."""
    digest = hmac.digest(secret_key.get_secret_value().encode(), _PURPOSE + check_id.bytes, hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06}"


def ask(session: Session, secret_key: SecretStr, wish: Preference, phone: str) -> None:
    """Send a code to a number; it is used for nothing else before the code comes back. Raises TooMany."""
    now = datetime.now(UTC)
    key = recipient_hash(secret_key, phone)
    query = select(func.count()).select_from(Message).where(Message.recipient_hash == key, Message.template == TEMPLATE)
    if session.exec(query.where(col(Message.created_at) > now - timedelta(days=1))).one() >= MOST_A_DAY:
        raise TooMany("Too many codes were sent to this number today; try again tomorrow", retry_after=24 * 3600)
    wish.phone_asked, wish.phone_check, wish.phone_sent_at, wish.phone_tries = phone, new_id(), now, 0
    check = Message(
        event_id=wish.phone_check,
        subject=str(wish.phone_check),
        channel="sms",
        template=TEMPLATE,
        language=wish.language or "ja",
        recipient=phone,
        recipient_hash=key,
        filling={"code_id": str(wish.phone_check)},
        urgent=True,
        traceparent=current_traceparent(),
    )
    session.add(check)
    ring_after_commit(session, QUEUES["sms"])


def has_ended(wish: Preference) -> bool:
    """Whether the code that was sent is too old, or was guessed at too often."""
    return wish.phone_sent_at is None or datetime.now(UTC) > wish.phone_sent_at + CODE_LIFE or wish.phone_tries >= MOST_TRIES


def confirm(session: Session, secret_key: SecretStr, wish: Preference, code: str) -> None:
    """The code came back: the number is used from now on. Raises Conflict, Gone; Invalid for a wrong one, which is counted.

    Whoever catches Invalid commits, or the try would not count.
    """
    if wish.phone_check is None or wish.phone_sent_at is None:
        raise Conflict("No telephone number waits for a code")
    if has_ended(wish):
        raise Gone("This code does not work any more; have another one sent")
    if not hmac.compare_digest(code_of(secret_key, wish.phone_check).encode(), code.strip().encode()):
        wish.phone_tries += 1
        session.add(wish)
        raise Invalid("This is not the code that was sent")
    wish.phone, wish.phone_asked, wish.phone_check, wish.phone_sent_at, wish.phone_tries = wish.phone_asked, None, None, None, 0
    session.add(wish)
