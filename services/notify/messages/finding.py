"""Finding messages: whatever they are narrowed by, an index has them in the order they are shown in.

A list is put together from one piece for each channel and state, each of them the newest few of an index; so a rare state is
found as fast among a million messages as among ten. Ids grow with time (UUID version 7), so a time is a place in the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal_column, union_all
from sqlmodel import Session, col, select

from services.notify.models import CHANNELS, STATES, Channel, Message, State

# One application, or one number, has few messages.
MOST_OF_ONE = 1000

# Each number with the condition of its index. Those inside of `filling` are what an older version of the post wrote.
_NUMBERS: list[tuple[Any, ColumnElement[bool]]] = [
    *((col(one), col(one).is_not(None)) for one in (Message.arrival_number, Message.receipt_number)),
    *(
        (
            literal_column(f"(filling ->> '{name}')"),
            literal_column(f"client_id is null and length(filling ->> '{name}') <= 100"),
        )
        for name in ("arrival_number", "receipt_number")
    ),
]


@dataclass(frozen=True)
class Filter:
    """What a list of messages is narrowed by."""

    about: str = ""  # an application's id or number, or a client's reference
    recipient: bytes | None = None  # services.notify.recipients.addresses.recipient_hash
    channel: Channel | None = None
    state: State | None = None
    template: str = ""
    client: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    subject: str = ""  # exactly what it is about


def id_at(moment: datetime) -> UUID:
    """The least id (RFC 9562, version 7) that can be made at this moment."""
    return UUID(int=(max(int(moment.timestamp() * 1000), 0) << 80) | (7 << 76) | (2 << 62))


def listed(session: Session, wanted: Filter, *, limit: int = 50, before: UUID | None = None) -> Sequence[Message]:
    """Messages, newest first; `before` is the last id of the page before."""
    ids = found(session, wanted, limit=limit, before=before)
    query = select(Message).where(col(Message.id).in_(ids)).order_by(col(Message.id).desc())
    return session.exec(query).all() if ids else []


def found(
    session: Session, wanted: Filter, *, limit: int, before: UUID | None = None, states: Sequence[State] = STATES
) -> list[UUID]:
    """The ids of messages, newest first, that are in one of `states`."""
    within = [one for one in states if wanted.state in {None, one}]
    if not within:
        return []
    conditions = _conditions(session, wanted)
    if before is not None:
        conditions.append(Message.id < before)
    pieces = [_newest([*conditions, *piece], limit) for piece in _pieces(wanted, within)]
    if len(pieces) == 1:
        return list(session.scalars(pieces[0]))
    every = union_all(*(select(piece.subquery()) for piece in pieces)).subquery()
    return list(session.scalars(select(every.c.id).order_by(every.c.id.desc()).limit(limit)))


def counted(session: Session, wanted: Filter, most: int, states: Sequence[State] = STATES) -> int:
    """How many there are, as far as `most` + 1."""
    return len(found(session, wanted, limit=most + 1, states=states))


def _newest(conditions: list[Any], limit: int) -> Select[Any]:
    return select(Message.id).where(*conditions).order_by(col(Message.id).desc()).limit(limit)


def _conditions(session: Session, wanted: Filter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.about:
        conditions.append(col(Message.id).in_(_about(session, wanted.about)))
    if wanted.subject:
        conditions.append(Message.subject == wanted.subject)
    if wanted.recipient is not None:
        conditions.append(Message.recipient_hash == wanted.recipient)
    if wanted.client is not None:
        conditions.append(Message.client_id == wanted.client)
    if wanted.template:
        conditions.append(Message.template == wanted.template)
    if wanted.channel:
        conditions.append(Message.channel == wanted.channel)
    if wanted.since is not None:
        conditions.append(Message.id >= id_at(wanted.since))
    if wanted.until is not None:
        conditions.append(Message.id < id_at(wanted.until))
    return conditions


def _pieces(wanted: Filter, states: Sequence[State]) -> list[list[Any]]:
    """Conditions that together are `states`, so that each piece is the head of an index."""
    every = len(states) == len(STATES)
    one_of = [] if every else [col(Message.state).in_(states)]
    if wanted.about or wanted.subject or wanted.recipient is not None or wanted.client is not None:
        return [one_of]
    if wanted.template:
        return [[Message.state == state] for state in states]
    if not wanted.channel and every:
        return [[]]
    channels = [wanted.channel] if wanted.channel else CHANNELS
    return [[Message.channel == channel, Message.state == state] for channel in channels for state in states]


def _about(session: Session, about: str) -> list[UUID]:
    """The messages about one thing: by its id, and by the numbers that messages about it carry; or a message itself."""
    numbers, subjects = {about}, {about}
    for number, known in _NUMBERS:
        numbers.update(session.scalars(select(number).where(Message.subject == about, known).limit(MOST_OF_ONE)))
    for number, known in _NUMBERS:
        subjects.update(session.scalars(select(Message.subject).where(number.in_(numbers), known).limit(MOST_OF_ONE)))
    query = select(Message.id).where(col(Message.subject).in_(subjects)).limit(MOST_OF_ONE)
    return [*session.scalars(query), *_itself(about)]


def _itself(about: str) -> list[UUID]:
    try:
        return [UUID(about)]
    except ValueError:
        return []
