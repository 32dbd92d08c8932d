"""What is to be deleted in the storage: written down with the rows that named it, deleted after their commit.

So nothing is ever lost that a row still names, and nothing is left over: whoever is killed in between leaves the key here.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson
from sqlalchemy import Engine, text
from sqlmodel import Session

from shared.storage import Storage

AT_ONCE = 200


def leave(session: Session, schema: str, keys: Iterable[str | None]) -> None:
    """Have the files with these keys deleted after the commit."""
    rows = [{"key": key} for key in keys if key]
    if rows:
        insert = f"insert into {schema}.leaving (key) select key from json_to_recordset(cast(:rows as json)) as r(key text)"  # noqa: S608 - our own names
        session.execute(text(f"{insert} on conflict do nothing"), {"rows": orjson.dumps(rows).decode()})


def sweep(engine: Engine, storage: Storage, schema: str) -> bool:
    """Delete some of what is to be deleted; whether more waits. Raises StorageError: then it is done another time."""
    with Session(engine) as session:
        some = f"select key from {schema}.leaving order by at limit {AT_ONCE} for update skip locked"  # noqa: S608
        keys = session.scalars(text(some)).all()
        for key in keys:
            storage.delete(key)
        session.execute(text(f"delete from {schema}.leaving where key = any(:keys)"), {"keys": list(keys)})  # noqa: S608
        session.commit()
    return len(keys) == AT_ONCE
