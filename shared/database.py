"""PostgreSQL: engines, sessions and the column types that every service shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import DateTime, Engine, MetaData, Row, Table, TextClause, create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import Field, Session, SQLModel
from uuid_utils.compat import uuid7

from shared.sealing.columns import Sealed

if TYPE_CHECKING:
    from pydantic import SecretStr

# Constraint names that migrations can refer to, the same on every machine.
NAMING = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

# A statement that waits longer than this is broken or attacked; the caller gets an error instead of a hang.
STATEMENT_TIMEOUT = "30s"
LOCK_TIMEOUT = "10s"


def metadata(schema: str) -> MetaData:
    """The tables of one service: its own registry, so that two services may both call a table `application`."""
    return MetaData(schema=schema, naming_convention=NAMING)


def connect(url: SecretStr, *, name: str, pool: int = 8, settings: Mapping[str, str] | None = None) -> Engine:
    """An engine whose connections answer or fail in bounded time. `name` shows up in pg_stat_activity.

    `settings` of PostgreSQL hold for each of its connections.
    """
    return create_engine(url.get_secret_value(), pool_pre_ping=True, **_options(name, pool, settings))


def connect_async(url: SecretStr, *, name: str, pool: int) -> AsyncEngine:
    """The same for an event loop. It does not ask first whether a pooled connection still lives: the caller tries again."""
    return create_async_engine(url.get_secret_value(), **_options(name, pool))


def _options(name: str, pool: int, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    further = "".join(f" -c {setting}={value}" for setting, value in (settings or {}).items())
    return {
        # What parameters hold is nobody's business but the statement's: the text of an error goes without them.
        "hide_parameters": True,
        "pool_size": pool,
        "max_overflow": 0,
        "pool_timeout": 10,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "connect_args": {
            "connect_timeout": 5,
            "application_name": f"madoguchi-{name}",
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout={LOCK_TIMEOUT} -c timezone=UTC{further}",
        },
    }


def new_id() -> UUID:
    """A UUID of version 7 (RFC 9562): it grows with time, so indexes stay compact."""
    return uuid7()


def timestamp(**options: Any) -> Any:
    """A column of the type `timestamp with time zone`."""
    return Field(sa_type=DateTime(timezone=True), **options)


def insert_many(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    computed: tuple[tuple[str, str], ...] = (),
    returning: tuple[str, ...] = (),
) -> Sequence[Row[Any]]:
    """Insert rows in one statement; a row that breaks a unique constraint is left out. Returns those columns of the inserted.

    All rows have the same keys. They travel as one JSON parameter: compiling and sending thousands of parameters costs the
    driver several times as much as the insert itself costs the database. `computed` are columns that the database fills in, each
    with its SQL expression. What belongs into sealed columns is sealed on the way.
    """
    if not rows:
        return []
    names = tuple(rows[0])
    statement = _insertion(table, names, computed, returning)
    if sealed := _sealed(table, names):
        rows = [{**row, **{name: one.written(row[name]) for name, one in sealed if row[name] is not None}} for row in rows]
    result = session.execute(statement, {"rows": orjson.dumps(rows, default=_bytes).decode()})
    return result.all() if returning else []


@cache
def _sealed(model: type[SQLModel], names: tuple[str, ...]) -> list[tuple[str, Sealed]]:
    columns = model.__table__.columns  # type: ignore[attr-defined] # every table model has it
    return [(name, columns[name].type) for name in names if isinstance(columns[name].type, Sealed)]


def _bytes(value: object) -> str:
    """A bytea as PostgreSQL reads it from a text."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError


@cache
def _insertion(
    model: type[SQLModel], names: tuple[str, ...], computed: tuple[tuple[str, str], ...], returning: tuple[str, ...]
) -> TextClause:
    table: Table = model.__table__  # type: ignore[attr-defined] # every table model has it
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped
    columns = [_quoted(name) for name in names]
    types = ", ".join(f'"{name}" {_type(table.columns[name].type.compile(dialect))}' for name in names)
    return text(
        f'insert into "{table.schema}"."{table.name}" ({", ".join([*columns, *(_quoted(name) for name, _ in computed)])}) '  # noqa: S608 - our own names
        f"select {', '.join([*columns, *(sql for _, sql in computed)])} "
        f"from json_to_recordset(cast(:rows as json)) as r ({types}) on conflict do nothing"
        + (f" returning {', '.join(map(_quoted, returning))}" if returning else "")
    )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _type(declared: str) -> str:
    return "bigint" if declared == "INTEGER" else declared  # as the tables have it


__all__ = ["Session", "connect", "datetime", "insert_many", "metadata", "new_id", "timestamp"]
