"""Rows and digests of every table at one place of the log, to compare what is restored with what was there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.migrations import HISTORIES

if TYPE_CHECKING:
    import psycopg

    from deploy.backup.server import Server

TRIES, PAUSE = 600, 0.1
_TABLES = """
select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = any(%s) order by 1
"""
# The sum does not depend on the order of the rows; each row's text has all its columns.
_DIGEST = "select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text from {} t"
# So that a row's text is the same wherever it is read.
_SAME = ("timezone = 'UTC'", "datestyle = 'ISO, YMD'", "bytea_output = 'hex'", "extra_float_digits = 1", "statement_timeout = 0")


@dataclass(frozen=True)
class Point:
    """A place of the log, and what each table held there: rows, and a digest of them."""

    lsn: str
    tables: dict[str, list[int | str]] = field(default_factory=dict)


def tables(connection: psycopg.Connection) -> dict[str, list[int | str]]:
    """Rows and digest of each table of ours."""
    for setting in _SAME:
        connection.execute(f"set {setting}".encode())
    found: dict[str, list[int | str]] = {}
    for (name,) in connection.execute(_TABLES, [[*HISTORIES]]).fetchall():
        row = connection.execute(_DIGEST.format(name).encode()).fetchone()
        found[name] = [*row] if row else []
    return found


def take(server: Server, tries: int = TRIES) -> Point | None:
    """What the tables hold at a place of the log; None where it was never quiet for a moment.

    A snapshot belongs to a place of the log exactly when nobody is writing: no transaction has an id at the snapshot, and none
    got one until the place was read.
    """
    with server.connect() as counting, server.connect() as looking:
        for _ in range(tries):
            counting.execute("begin isolation level repeatable read, read only")
            row = counting.execute("select pg_current_snapshot()::text").fetchone()
            snapshot = row[0] if row else ""
            row = looking.execute("select pg_current_wal_insert_lsn()::text").fetchone()
            lsn = row[0] if row else ""
            row = looking.execute("select pg_current_snapshot()::text").fetchone()
            xmin, xmax, others = snapshot.split(":")
            if row and row[0] == snapshot and xmin == xmax and not others:
                return Point(lsn, tables(counting))
            counting.execute("rollback")
            time.sleep(PAUSE)
    return None
