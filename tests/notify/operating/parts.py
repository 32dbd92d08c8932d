"""Messages in every state, written as the post would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from services.notify.models import Message
from services.notify.recipients.addresses import recipient_hash
from shared.database import insert_many, new_id
from tests.site import Site

FILLING = {
    "name": "窓口 花子",
    "procedure": "後援名義の使用承認申請",
    "receipt_number": "R-1",
    "arrival_number": "A-1",
    "arrived_at": "令和8年11月25日",
    "path": "/applications/1",
}


def a_message(site: Site, state: str = "sent", **more: Any) -> UUID:
    """Write one; its id."""
    return some_messages(site, [{"state": state, **more}])[0]


def some_messages(site: Site, rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Write many, the oldest first; their ids."""
    made = []
    for row in rows:
        given = {
            "id": new_id(),
            "event_id": uuid4(),
            "subject": str(uuid4()),
            "channel": "email",
            "template": "arrived",
            "language": "ja",
            "recipient": "hanako@example.com",
            "filling": FILLING,
            "state": "sent",
            "attempts": 1,
            "error": None,
            "client_id": None,
            "recipient_hash": None,
            **row,
        }
        ours = given["filling"] if given["client_id"] is None else {}
        made.append(given | {name: ours.get(name) for name in ("arrival_number", "receipt_number")})
    with Session(site.owner) as session:
        insert_many(session, Message, made)
        session.commit()
    return [one["id"] for one in made]


def hash_of(site: Site, recipient: str) -> bytes:
    from pydantic import SecretStr

    return recipient_hash(SecretStr(site.environment["MADOGUCHI_SECRET_KEY"]), recipient)


def state_of(site: Site, message_id: UUID) -> str:
    return str(site.value("select state from notify.message where id = :id", id=message_id))


def acts_of(site: Site, message_id: UUID) -> list[tuple[str, str, str]]:
    """What was done with a message: the act, who, and why."""
    rows = site.rows("select act, name, reason from operation.act where subject = :id order by id", id=str(message_id))
    return [(row["act"], row["name"], row["reason"]) for row in rows]
