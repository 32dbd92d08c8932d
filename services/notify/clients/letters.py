"""Letters of clients: from a template, or as a PDF that the client made itself."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import Session

from services.notify.channels.letters.carrier import letter_of
from services.notify.channels.letters.sheet import LONGEST_LINE
from services.notify.clients.notifications import Shown, simulate
from services.notify.clients.refusals import bad_request, invalid, nothing_found
from services.notify.clients.tokens import Sender
from services.notify.models import QUEUES, Enclosure, Message
from services.notify.recipients.addresses import recipient_hash
from services.notify.wording.language import name_key
from shared.bus.publish import ring_after_commit
from shared.database import new_id
from shared.few import Few
from shared.files.inspection import inspect
from shared.problems import Invalid
from shared.telemetry import current_traceparent

if TYPE_CHECKING:
    from pydantic import SecretStr

FEWEST_LINES, MOST_LINES = 3, 7
MOST_PDF_BYTES = 5 * 1024 * 1024
# In place of an address and a template, where the client made the letter itself.
IN_THE_PDF = "Provided as PDF"
NO_TEMPLATE = UUID(int=0)
# One is set at a time.
_WAITING = Few(4)
_UNFIT = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def may_send_letters(sender: Sender) -> None:
    """Raises Refusal for keys that write to a team, and for clients on trial: a letter goes to a real address or to nobody."""
    if sender.key.type == "team":
        raise bad_request("Cannot send letters with a team api key", 403)
    if sender.client.trial and sender.key.type != "test":
        raise bad_request("Cannot send letters when service is in trial mode")


def address_of(values: Mapping[str, Any]) -> str:
    """The address in lines, from address_line_1 to address_line_7 (and postcode, the last one). Raises Refusal."""
    known = {name_key(name): value for name, value in values.items() if value is not None}
    if not known.get("addressline1"):
        raise invalid("personalisation address_line_1 is a required property")
    given = [known.get(f"addressline{number}", "") for number in range(1, MOST_LINES + 1)] + [known.get("postcode", "")]
    lines = [line for one in given if (line := " ".join(str(one).split()))]
    if len(lines) < FEWEST_LINES:
        raise invalid(f"Address must be at least {FEWEST_LINES} lines")
    if len(lines) > MOST_LINES:
        raise invalid(f"Address must be no more than {MOST_LINES} lines")
    if any(len(line) > LONGEST_LINE or _UNFIT.search(line) for line in lines):
        raise invalid("Must be a real address")
    if not all(any(sign.isalnum() for sign in line) for line in lines[:2]):
        raise invalid("The first 2 lines of the address must include alphanumeric characters")
    return "\n".join(lines)


def take_pdf(
    session: Session, secret_key: SecretStr, sender: Sender, *, reference: str, content: str, postage: str | None
) -> Message:
    """Write a letter that the client made itself; `content` is its PDF in base64. Raises Refusal."""
    may_send_letters(sender)
    made, now = new_id(), datetime.now(UTC)
    pdf = _pdf(content)
    message = Message(
        id=made,
        event_id=made,
        subject=str(made),
        channel="letter",
        template=str(NO_TEMPLATE),
        language="ja",
        recipient=IN_THE_PDF,
        recipient_hash=recipient_hash(secret_key, IN_THE_PDF),
        filling={},
        options={"precompiled": True} | ({"postage": postage} if postage else {}),
        client_id=sender.client.id,
        key_id=sender.key.id,
        key_type=sender.key.type,
        reference=reference,
        next_attempt_at=now,
        traceparent=current_traceparent(),
        created_at=now,
    )
    if sender.key.type == "test":
        simulate(message, now)
    session.add(message)
    session.flush()
    session.add(Enclosure(message_id=made, content=pdf))
    session.flush()
    ring_after_commit(session, QUEUES["letter"])
    return message


def _pdf(content: str) -> bytes:
    try:
        pdf = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise bad_request("Cannot decode letter content (invalid base64 encoding)") from None
    if len(pdf) > MOST_PDF_BYTES:
        raise bad_request(f"Letters cannot be larger than {MOST_PDF_BYTES} bytes", 413)
    try:
        inspect(BytesIO(pdf), "letter.pdf", "application/pdf")
    except Invalid:
        raise bad_request("Letter content is not a valid PDF") from None
    return pdf


def pdf_of(session: Session, shown: Shown, sender: str) -> bytes:
    """The PDF of a letter, as it is or will be printed; the session's transaction ends before it is set.

    Raises Refusal, and Unavailable while many are asked for.
    """
    message = shown.message
    if message.channel != "letter":
        raise invalid("Notification is not a letter")
    if shown.status == "technical-failure":
        raise bad_request("PDF not available for letters in technical-failure")
    if not message.options.get("precompiled"):
        text = shown.text
        session.expunge_all()
        session.commit()  # nobody waits for our connection meanwhile
        with _WAITING.place():
            return letter_of(message, text, sender)
    enclosure = session.get(Enclosure, message.id)
    if enclosure is None:
        raise nothing_found()
    return enclosure.content
