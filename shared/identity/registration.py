"""Self-registration: somebody without an account becomes the owner of an organisation, unverified until somebody looks."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import text

from shared.bus.publish import publish
from shared.database import new_id
from shared.events import Contact, RegistrationRequested
from shared.identity.callers import SESSION_LIFE, hashed, link_is, new_secret
from shared.identity.personal import EMAIL, NAME, spelt, written
from shared.japanese import is_corporate_number
from shared.problems import FieldError, Gone, Invalid

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr
    from sqlmodel import Session

    from shared.i18n import Language

LINK_LIFE = timedelta(hours=24)
PATH = "/register/link"
NAME_LIMIT = 100
KINDS = ("corporation", "sole-proprietor", "association")
# These names stand in our mails to others and before officials: no control characters, nothing that turns the text around it,
# and nothing that a mail program makes a link of.
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
_LINK = re.compile(r"://|www\.", re.IGNORECASE)


@dataclass(frozen=True)
class Entered:
    """What the person registering enters."""

    organisation: str
    kind: str
    corporate_number: str
    name: str


def ask(session: Session, email: str, language: Language) -> bool:
    """Have a link mailed to an address that has no account. Whether it was: nobody but the mailbox's owner may learn that."""
    link_id, email = new_id(), spelt(email)
    expires = datetime.now(UTC) + LINK_LIFE
    answer = session.execute(
        text("select identity.request_registration(:id, :hash, :address, :sealed, :expires)"),
        written(email) | {"id": link_id, "expires": expires},
    )
    if not answer.scalar():
        return False
    contact = Contact(name=email, email=email, language=language)
    asked = RegistrationRequested(
        subject=str(link_id), sequence=1, link_id=link_id, path=PATH, contact=contact, expires_at=expires
    )
    publish(session, asked)
    return True


def address_of(session: Session, secret_key: SecretStr, link_id: UUID, secret: str) -> str | None:
    """The address that a link was mailed to; None for a wrong, used or expired one. Looking uses nothing up."""
    if not link_is(secret_key, link_id, secret):
        return None
    found: str | None = EMAIL.opened(session.execute(text("select identity.registration(:id)"), {"id": link_id}).scalar())
    return found


def register(session: Session, secret_key: SecretStr, link_id: UUID, secret: str, *, entered: Entered, language: Language) -> str:
    """Make organisation and account: the secret of a new browser session. Raises Invalid, and Gone for a link that does not work.

    A corporate number is kept as a claim: it opens nothing, and leads to no organisation that has it.
    """
    if not link_is(secret_key, link_id, secret):
        raise Gone("This link does not work: it was used, it is too old, or it is incomplete")
    if wrong := _wrong(entered):
        raise Invalid("Some entries need mending", errors=wrong)
    cookie = new_secret()
    ids = {"account_id": str(new_id()), "organisation_id": str(new_id())}
    values = asdict(entered) | ids | {"language": language, "corporate_number": entered.corporate_number or None}
    values["name"] = NAME.sealed_text(entered.name)
    answer = session.execute(
        text("select identity.register(:id, cast(:entered as jsonb), :hash, :expires)"),
        {
            "id": link_id,
            "entered": orjson.dumps(values).decode(),
            "hash": hashed(cookie),
            "expires": datetime.now(UTC) + SESSION_LIFE,
        },
    ).scalar()
    if answer != "ok":
        raise Gone("This link does not work: it was used, it is too old, or it is incomplete")
    return cookie


def _wrong(entered: Entered) -> list[FieldError]:
    found = []
    if not fits_name(entered.organisation):
        found.append(
            FieldError("/organisation", "Enter the organisation's name, in at most {limit} characters", {"limit": NAME_LIMIT})
        )
    if entered.kind not in KINDS:
        found.append(FieldError("/kind", "Choose what your organisation is"))
    if entered.corporate_number and not is_corporate_number(entered.corporate_number):
        found.append(FieldError("/corporate_number", "This is not a corporate number: its check digit is wrong"))
    if not fits_name(entered.name):
        found.append(FieldError("/name", "Enter your name, in at most {limit} characters", {"limit": NAME_LIMIT}))
    return found


def fits_name(name: str) -> bool:
    """Whether this may be the name of a person or an organisation."""
    return len(name) <= NAME_LIMIT and _NAME.fullmatch(name) is not None and not _LINK.search(name)
