"""Is what was restored what was there, and do the restored keys open it: tables, files, sealed columns, the traces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psycopg
from sqlalchemy import create_engine, pool, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session

from deploy.backup import counting
from deploy.backup.errors import BackupError
from services.review.audit import heads as signed
from services.review.audit.verification import verify
from shared import migrations
from shared.operation import acts
from shared.sealing.columns import Sealed, key_of
from shared.sealing.ring import Ring, SealingError, using
from shared.storage import StorageError

if TYPE_CHECKING:
    from sqlalchemy import Column

    from deploy.backup.counting import Point

PAGE = 500
AT_ONCE = 4
# Every file that the database knows by its digest: where it lies, and its SHA-256. What is arriving or being deleted is left out.
FILES = """
select 'attachments/' || right(id::text, 2) || '/' || id, encode(sha256, 'hex') from intake.attachment
where state not in ('arriving', 'leaving')
union all
select 'attachments/' || right(id::text, 2) || '/' || id, encode(sha256, 'hex') from review.file
where state not in ('arriving', 'leaving')
union all
select key, sha256 from review.document where key is not null and sha256 is not null
"""


def tables(url: str, point: Point) -> Iterator[str]:
    """Tables that hold something else than they did at that point."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = counting.tables(connection)
    for name in sorted({*found, *point.tables}):
        was, is_ = point.tables.get(name), found.get(name)
        if was is None or is_ is None:
            yield f"table {name}: {'was not there' if was is None else 'is missing'}"
        elif was != is_:
            yield f"table {name}: {is_[0]} rows, there were {was[0]}" if was[0] != is_[0] else f"table {name}: other content"


def files(url: str, read: Callable[[str, IO[bytes]], None]) -> Iterator[str | None]:
    """For each file that the database knows: what is wrong with it, or None. `read` writes a file's content; several call it."""

    def look(row: tuple[str, str]) -> str | None:
        key, expected = row
        digest = _Digest()
        try:
            read(key, digest)  # type: ignore[arg-type] # it is only written to
        except (BackupError, StorageError) as error:
            return f"file {key}: {str(error) or type(error).__name__}"
        return None if digest.sha256.hexdigest() == expected else f"file {key}: other content than the database says"

    connection = psycopg.connect(url.replace("+psycopg", ""))
    with connection, connection.cursor("files") as cursor, ThreadPoolExecutor(AT_ONCE) as some:
        cursor.execute(FILES.encode())
        while page := cursor.fetchmany(PAGE):
            yield from some.map(look, page)


class _Digest:
    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""


def sealed(url: str, keys: str) -> Iterator[str]:
    """What those keys do not open: of each sealed column, a value for each key that it is sealed with is tried."""
    try:
        restored = Ring.read(keys)
    except ValueError:
        yield "the keys of sealed columns among the secrets cannot be read"
        return
    engine = create_engine(url, poolclass=pool.NullPool)
    try:
        with Session(engine) as session, using(restored):
            for column, kind in _sealed_columns():
                named = select(key_of(column).label("key"), kind.raw(column).label("value")).subquery()
                for row in session.execute(select(named).where(named.c.key != "").ext(distinct_on(named.c.key))):
                    try:
                        kind.opened(row.value)
                    except SealingError:
                        yield f"{kind.place}: what is sealed with the key {row.key} is not opened by the keys among the secrets"
    finally:
        engine.dispose()


def _sealed_columns() -> Iterator[tuple[Column[Any], Sealed]]:
    for schema in migrations.HISTORIES:
        for table in migrations.tables(schema).sorted_tables:
            yield from ((column, column.type) for column in table.columns if isinstance(column.type, Sealed))


def traces(url: str, folder: Path, audit_key: str, most: int = 20) -> Iterator[str]:
    """What is wrong with the trace of officials (services.review.audit) and that of operators (shared.operation.acts)."""
    engine = create_engine(url, poolclass=pool.NullPool)
    try:
        with Session(engine) as session:
            try:
                key = signed.private_key(audit_key).public_key()
            except ValueError:
                yield "the key of the trace is missing among the secrets"
            else:
                yield from (
                    f"trace: {one}" for one in islice(verify(session, signed.every(folder), {signed.name_of(key): key}), most)
                )
            yield from (f"operators' acts: {one} does not seal the one before it" for one in acts.broken(session)[:most])
    finally:
        engine.dispose()
