"""What somebody wishes: language, consent, channels, addresses, quiet hours, digest. Known by his e-mail address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlmodel import Session, col, select

from services.notify.models import QUEUES, Message, Preference
from services.notify.recipients import phones, telephones
from services.notify.recipients.addresses import recipient_hash
from shared.bus.publish import ring_after_commit
from shared.database import new_id
from shared.i18n import Language
from shared.identity.callers import Caller
from shared.japanese import PREFECTURES
from shared.problems import FieldError, Invalid
from shared.telemetry import current_traceparent

TEMPLATE = "preferences-changed"
MOST_LINES, LONGEST_LINE = 6, 60
_POSTAL_CODE = re.compile(r"〒?\s*(\d{3})-?(\d{4})")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class Wishes(BaseModel):
    """How you want to be told. Times are Japan's."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = Field(default=None, description="null: as the application says")
    electronic: bool = Field(default=True, description="whether you agree to electronic notices (デジタル手続法7条1項)")
    channels: list[Literal["email", "sms"]] = Field(default=["email"], max_length=2)
    phone: str | None = Field(
        default=None, max_length=40, description="for SMS; a code is sent to a new one, and has to come back"
    )
    postal_address: list[str] = Field(
        default=[],
        max_length=MOST_LINES,
        description="for letters: the postal code, then the address from the prefecture on, then who gets it",
    )
    quiet_from: time | None = Field(default=None, description="between these times nothing goes out that can wait")
    quiet_to: time | None = None
    digest_at: time | None = Field(default=None, description="of officials: one mail a day, at this time")


def wish_of(session: Session, secret_key: SecretStr, email: str, *, lock: bool = False) -> Preference:
    """What somebody wishes, or what holds for who said nothing."""
    key = recipient_hash(secret_key, email)
    return session.get(Preference, key, with_for_update=lock, populate_existing=lock) or Preference(
        recipient_hash=key, email=email
    )


def wishes_of(session: Session, hashes: Iterable[bytes]) -> Mapping[bytes, Preference]:
    """What these recipients wish, as far as they said."""
    found = session.exec(select(Preference).where(col(Preference.recipient_hash).in_(set(hashes))))
    return {one.recipient_hash: one for one in found}


def save(session: Session, secret_key: SecretStr, caller: Caller, wishes: Wishes, carried: Collection[str]) -> Preference:
    """Note what the caller wishes, and write to his address that it changed: if it was not him, he hears of it.

    A new telephone number is used when the code sent there came back; until then, the one before. Raises Invalid, TooMany.
    """
    phone = _number(wishes.phone) if wishes.phone else None
    address = [" ".join(unicodedata.normalize("NFKC", line).split()) for line in wishes.postal_address]
    if errors := [*_errors(wishes, caller, phone, carried), *(_address_errors(address) if address else ())]:
        raise Invalid("Some entries need mending", errors=errors)
    wish = wish_of(session, secret_key, caller.email)
    now = datetime.now(UTC)
    if wish.consented_at is None or wish.electronic != wishes.electronic:
        wish.electronic, wish.consented_at = wishes.electronic, now
    for name in ("language", "quiet_from", "quiet_to", "digest_at"):
        setattr(wish, name, getattr(wishes, name))
    wish.channels = list(dict.fromkeys(wishes.channels))
    wish.postal_address = address or None
    wish.updated_at = now
    if phone is not None and phone != wish.phone:
        if phone != wish.phone_asked or telephones.has_ended(wish):
            telephones.ask(session, secret_key, wish, phone)
    else:
        wish.phone = phone
        wish.phone_asked = wish.phone_check = wish.phone_sent_at = None
    session.add(wish)
    session.add(_told(caller, wish))
    ring_after_commit(session, QUEUES["email"])
    session.flush()
    return wish


def _number(written: str) -> str | None:
    """A telephone number in its international form; None if it is none."""
    try:
        return phones.e164(written)
    except ValueError:
        return None


def _errors(wishes: Wishes, caller: Caller, phone: str | None, carried: Collection[str]) -> Iterator[FieldError]:
    official = caller.role != "applicant"
    if wishes.phone and phone is None:
        yield FieldError("/phone", "Write a telephone number, such as 090-1234-5678 or +81 90 1234 5678")
    if (wishes.phone or "sms" in wishes.channels) and "sms" not in carried:
        yield FieldError("/phone", "No SMS are sent here")
    elif "sms" in wishes.channels and not wishes.phone:
        yield FieldError("/phone", "SMS needs a telephone number")
    if (wishes.quiet_from is None) != (wishes.quiet_to is None) or (wishes.quiet_from and wishes.quiet_from == wishes.quiet_to):
        yield FieldError("/quiet_to", "Quiet hours need two times that differ")
    if wishes.digest_at is not None and not official:
        yield FieldError("/digest_at", "Only officials can have their mails in one")
    if not wishes.electronic and official:
        yield FieldError("/electronic", "Only applicants can do without electronic notices")
    if wishes.electronic and not official and not wishes.channels:
        yield FieldError("/channels", "Choose at least one way to be told")


def _address_errors(lines: list[str]) -> Iterator[FieldError]:
    """Three lines or more: the postal code, an address that begins with its prefecture, and who gets the letter."""
    code = _POSTAL_CODE.fullmatch(lines[0])
    if code is None:
        yield FieldError("/postal_address/0", "Begin with the postal code, such as 100-0013")
    if len(lines) < 3:  # noqa: PLR2004 - as the text says
        yield FieldError(
            "/postal_address", "Write the postal code, the address, and whom the letter is for, each in a line of its own"
        )
    elif not lines[1].startswith(tuple(PREFECTURES.values())):
        yield FieldError("/postal_address/1", "Begin the address with its prefecture")
    for number, line in enumerate(lines):
        if _UNFIT.search(line) or not line or len(line) > LONGEST_LINE:
            yield FieldError(f"/postal_address/{number}", "Write 1 to {most} characters in a line", {"most": LONGEST_LINE})


def _told(caller: Caller, wish: Preference) -> Message:
    change = new_id()
    return Message(
        event_id=change,
        subject=str(change),
        template=TEMPLATE,
        language=wish.language or caller.language,
        recipient=caller.email,
        recipient_hash=wish.recipient_hash,
        filling={"name": caller.name, "path": "/notify/preferences"},
        urgent=True,
        traceparent=current_traceparent(),
    )
