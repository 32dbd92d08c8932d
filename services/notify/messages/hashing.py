"""An errand: messages get the keyed hash of their recipient, by which operators find them, where they have none yet."""

from __future__ import annotations

from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.notify.recipients.addresses import recipient_hash
from shared.sealing.columns import open_text

AT_ONCE = 1000
PLACE = "notify.message.recipient"

_TAKE = text(
    "select id, recipient from notify.message where recipient_hash is null order by id limit :most for update skip locked"
)
_GIVE = text("""
update notify.message m set recipient_hash = g.hash
from unnest(cast(:ids as uuid[]), cast(:hashes as bytea[])) as g (id, hash) where m.id = g.id
""")


def hash_some(engine: Engine, secret_key: SecretStr) -> bool:
    """Do some of those that lack it; whether there may be more."""
    with Session(engine) as session:
        rows = session.execute(_TAKE, {"most": AT_ONCE}).all()
        if rows:
            hashes = [recipient_hash(secret_key, open_text(PLACE, row.recipient)) for row in rows]
            session.execute(_GIVE, {"ids": [row.id for row in rows], "hashes": hashes})
            session.commit()
        return len(rows) == AT_ONCE
