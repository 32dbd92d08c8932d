"""Callers: from a key or a session's cookie to who it is, asked of the database at most once every few seconds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import UUID

from sqlalchemy import text

from shared.database import new_id
from shared.i18n import Language
from shared.identity.personal import EMAIL, NAME, PROFILE, looked_for, spelt
from shared.problems import Forbidden

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlmodel import Session

Role = Literal["applicant", "reviewer", "operator", "service"]
Rights = Literal["owner", "file", "read"]

KEY_PREFIX = "mdg_"
# Characters of a key that lists show; nobody can guess the others.
PREFIX_SHOWN = len(KEY_PREFIX) + 6
LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=8)
# A revoked key or ended session works on for at most these seconds together.
REMEMBER = 5.0
# While one request asks the database anew, the others of that caller go on with what is known.
ASKING = 1.0
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Agent:
    """The organisation that acts under a mandate."""

    organisation_id: UUID
    name: str
    corporate_number: str | None
    verified: bool
    standing: str


@dataclass(frozen=True)
class Caller:
    """Who is calling, in which role, and for which organisation: his own, or with an `agent` his principal's."""

    account_id: UUID
    role: Role
    name: str
    email: str
    language: Language
    organisation_id: UUID | None = None
    organisation_name: str = ""
    organisation_kind: str = ""
    corporate_number: str | None = None
    organisation_verified: bool = True
    standing: str = ""
    profile: dict[str, Any] = field(default_factory=dict, hash=False)
    rights: Rights | Literal[""] = ""
    agent: Agent | None = None

    @property
    def owns(self) -> bool:
        """Whether he manages his organisation: its members, keys and mandates."""
        return self.rights == "owner"

    @property
    def may_file(self) -> bool:
        """Whether he may write drafts and file for his organisation, and not only read."""
        return self.rights in {"owner", "file"}


_COLUMNS = ", ".join(one.name for one in fields(Caller) if one.name != "agent")
_ASK = {
    function: text(f"select {_COLUMNS} from identity.{function}(:hash)").columns(name=NAME, email=EMAIL, profile=PROFILE)  # noqa: S608
    for function in ("caller_by_key", "caller_by_session")
}
_REQUEST = text("select * from identity.request_link(:hash, :address, cast(:roles as text[]), :id, :expires)").columns(
    name=NAME, email=EMAIL
)


def must_write(caller: Caller) -> None:
    """Raises Forbidden for a member who may only read."""
    if not caller.may_file:
        raise Forbidden("You may only read here; an owner of your organisation can change your rights")


def must_own(caller: Caller) -> None:
    """Raises Forbidden for everybody but an owner of the organisation."""
    if not caller.owns:
        raise Forbidden("Only an owner of your organisation can do this")


def new_secret() -> str:
    """256 bits of randomness, as text."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    """What is kept of a random secret. A plain hash suffices, because a random one can't be guessed."""
    return hashlib.sha256(secret.encode()).digest()


class Callers:
    """Answers who holds a key or a cookie, and remembers it for REMEMBER seconds."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[float, Caller]] = {}
        self._asked: dict[bytes, float] = {}

    def remembered(self, secret: str) -> Caller | None:
        """The caller, if the database was asked moments ago."""
        until, caller = self._known.get(hashed(secret), (0.0, None))
        return caller if time.monotonic() < until else None

    def at_hand(self, secret: str) -> Caller | None:
        """The same for a caller in a rush: None sends one request to ask anew, the others go on with what is known."""
        digest = hashed(secret)
        until, caller = self._known.get(digest, (0.0, None))
        now = time.monotonic()
        if caller is None or now < until or now < self._asked.get(digest, 0.0):
            return caller
        if len(self._asked) >= _MOST_REMEMBERED:
            self._asked.clear()
        self._asked[digest] = now + ASKING
        return None

    def by_key(self, session: Session, key: str) -> Caller | None:
        """The holder of an API key that is not revoked."""
        return self._ask(session, "caller_by_key", key)

    def by_cookie(self, session: Session, cookie: str) -> Caller | None:
        """The person of a browser session that has not ended."""
        return self._ask(session, "caller_by_session", cookie)

    def forget(self, secret: str) -> None:
        """Ask the database again next time."""
        self._known.pop(hashed(secret), None)

    def forget_all(self) -> None:
        """Ask the database again for everybody: somebody's session ended whose cookie is not at hand."""
        self._known.clear()

    def _ask(self, session: Session, function: str, secret: str) -> Caller | None:
        digest = hashed(secret)
        row = session.execute(_ASK[function], {"hash": digest}).mappings().first()
        if row is None:
            self._known.pop(digest, None)
            return None
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        caller = Caller(**row)
        self._known[digest] = (time.monotonic() + REMEMBER, caller)
        return caller


@dataclass(frozen=True)
class RequestedLink:
    """A link that was asked for and may now be mailed."""

    link_id: UUID
    name: str
    email: str
    language: Language
    expires_at: datetime


def request_link(session: Session, email: str, roles: tuple[Role, ...]) -> RequestedLink | None:
    """Prepare a sign-in link for an account with one of `roles`; None for an unknown address or after too many tries."""
    if "\0" in email:  # PostgreSQL knows no such text
        return None
    link_id, expires_at = new_id(), datetime.now(UTC) + LINK_LIFE
    values = looked_for(spelt(email)) | {"roles": list(roles), "id": link_id, "expires": expires_at}
    row = session.execute(_REQUEST, values).first()
    if row is None:
        return None
    return RequestedLink(link_id, row.name, row.email, cast("Language", row.language), expires_at)


def link_secret(secret_key: SecretStr, link_id: UUID) -> str:
    """The secret of a link: derived from its id with the house's key, so that no table and no event holds it."""
    return hmac.new(secret_key.get_secret_value().encode(), b"sign-in:" + link_id.bytes, hashlib.sha256).hexdigest()


def link_is(secret_key: SecretStr, link_id: UUID, secret: str) -> bool:
    """Whether this is the secret of a link, whatever the link is for."""
    return hmac.compare_digest(link_secret(secret_key, link_id).encode(), secret.encode("utf-8", "replace"))


def redeem_link(session: Session, secret_key: SecretStr, link_id: UUID, secret: str) -> str | None:
    """Use a link once: the secret of a new browser session, or None for a wrong, used or expired link."""
    if not link_is(secret_key, link_id, secret):
        return None
    cookie = new_secret()
    opened = session.execute(
        text("select identity.redeem_link(:id, :hash, :expires)"),
        {"id": link_id, "hash": hashed(cookie), "expires": datetime.now(UTC) + SESSION_LIFE},
    ).scalar()
    return cookie if opened else None


def end_session(session: Session, cookie: str) -> str | None:
    """Sign out. The id of the provider the session came from, if it came from one."""
    provider: str | None = session.execute(text("select identity.leave(:hash)"), {"hash": hashed(cookie)}).scalar()
    return provider
