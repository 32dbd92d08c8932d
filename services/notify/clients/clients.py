"""The clients themselves: what each may send, to whom, and from which addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from services.notify.models import Client
from services.notify.recipients.addresses import normalised
from shared.database import new_id
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.validation import EMAIL, ONE_LINE

MOST_TEAM = 500
MOST_ADDRESSES = 50
# Requests a minute of one key, where the client has no limit of its own.
RATE_LIMIT = 3000
MOST_RATE = 100_000
MOST_A_DAY = 10_000_000


def add_client(session: Session, name: str, *, trial: bool = False) -> Client:
    """Make a client. Raises Invalid, and Conflict where the name is taken."""
    name = name.strip()
    if not re.fullmatch(ONE_LINE, name) or len(name) > 100:  # noqa: PLR2004 - a name in From:
        raise Invalid("See the list of errors", errors=[FieldError("/name", "Use one line of at most 100 characters")])
    if session.exec(select(Client).where(Client.name == name)).first():
        raise Conflict("There is a client with this name already")
    client = Client(name=name, trial=trial)
    session.add(client)
    session.flush()
    return client


def found(session: Session, which: str) -> Client:
    """A client by its name or id. Raises NotFound."""
    query = select(Client).where(Client.name == which)
    with suppress(ValueError):
        query = select(Client).where((Client.name == which) | (Client.id == UUID(which)))
    client = session.exec(query.with_for_update()).first()
    if client is None:
        raise NotFound("There is no client {which}", which=which)
    return client


def listed(session: Session) -> Sequence[Client]:
    """All clients, by name."""
    return session.exec(select(Client).order_by(col(Client.name))).all()


def set_team(client: Client, recipients: Iterable[str]) -> None:
    """Say whom team keys, and a trial client, may write to. Raises Invalid."""
    team = list(dict.fromkeys(one.strip() for one in recipients if one.strip()))
    if len(team) > MOST_TEAM or any(len(one) > 254 or not re.fullmatch(ONE_LINE, one) for one in team):  # noqa: PLR2004 - RFC 5321
        raise Invalid(
            "See the list of errors",
            errors=[FieldError("/team", "Write at most {most} addresses or numbers, one a line", {"most": MOST_TEAM})],
        )
    client.team = team


def set_limits(client: Client, *, trial: bool, daily: int, a_minute: int) -> None:
    """Say how much a client may send. Raises Invalid."""
    for pointer, number, most in (("/daily_limit", daily, MOST_A_DAY), ("/rate_limit", a_minute, MOST_RATE)):
        if not 0 < number <= most:
            raise Invalid(
                "See the list of errors", errors=[FieldError(pointer, "Write a number from 1 to {most}", {"most": most})]
            )
    client.trial, client.daily_limit = trial, daily
    client.settings = client.settings | {"rate_limit": a_minute}


def archive(client: Client) -> None:
    """Accept nothing of a client any more; its messages stay."""
    client.archived_at = client.archived_at or datetime.now(UTC)


def rate_limit(client: Client) -> int:
    """Requests a minute that each of its keys may send."""
    limit: int = client.settings.get("rate_limit", RATE_LIMIT)
    return limit


def add_reply_to(client: Client, address: str) -> UUID:
    """An address that answers to a client's mails go to; the first one is for those that name none. Raises Invalid, Conflict."""
    if len(address) > 254 or not re.fullmatch(EMAIL, address):  # noqa: PLR2004 - RFC 5321
        raise Invalid("See the list of errors", errors=[FieldError("/address", "Write an e-mail address")])
    return _add(client, "reply_to", address)


def add_sms_sender(client: Client, name: str) -> UUID:
    """A name or number that a client's text messages come from; the first one is the usual one. Raises Invalid, Conflict."""
    if not re.fullmatch(r"[A-Za-z0-9 ]{3,11}|\+?[0-9]{3,15}", name):
        raise Invalid("See the list of errors", errors=[FieldError("/sender", "Write a number, or 3 to 11 letters and digits")])
    return _add(client, "sms_sender", name)


def _add(client: Client, kind: str, value: str) -> UUID:
    kept: list[dict[str, Any]] = client.settings.get(kind, [])
    if known := next((one for one in kept if one["value"] == value), None):
        return UUID(known["id"])
    if len(kept) >= MOST_ADDRESSES:
        raise Conflict("A client has at most {most} of these", most=MOST_ADDRESSES)
    made = new_id()
    client.settings = client.settings | {kind: [*kept, {"id": str(made), "value": value}]}
    return made


def chosen(client: Client, kind: str, which: UUID | None) -> str | None:
    """The reply-to address or sender that is meant; the first one for None. None if there is none. Raises LookupError."""
    kept: list[dict[str, str]] = client.settings.get(kind, [])
    if which is None:
        return kept[0]["value"] if kept else None
    return {one["id"]: one["value"] for one in kept}[str(which)]


def in_team(client: Client, recipient: str) -> bool:
    """Whether a recipient belongs to the client's team."""
    wanted = normalised(recipient)
    return any(normalised(one) == wanted for one in client.team)
