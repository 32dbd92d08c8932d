"""Alembic, the same way for every schema: its own history, timeouts, and one migration at a time."""

from __future__ import annotations

import io
import re
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic.command
from alembic import context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BIGINT, TEXT, Connection, Integer, create_engine, event, pool, text
from sqlalchemy.exc import OperationalError
from sqlmodel import AutoString

if TYPE_CHECKING:
    from sqlalchemy import MetaData
    from sqlalchemy.types import TypeEngine

# schema → where its tables and its migrations are
HISTORIES: dict[str, tuple[str, str]] = {
    "bus": ("shared.bus.tables", "shared/bus/migrations"),
    "identity": ("shared.identity.tables", "shared/identity/migrations"),
    "operation": ("shared.operation.tables", "shared/operation/migrations"),
    "intake": ("services.intake.models", "services/intake/migrations"),
    "review": ("services.review.models", "services/review/migrations"),
    "notify": ("services.notify.models", "services/notify/migrations"),
    "opendata": ("services.opendata.models", "services/opendata/migrations"),
}
_ROOT = Path(__file__).parent.parent
_ASK_AGAIN = 0.2  # seconds
# A migration that can't get its lock soon must not make every query behind it wait; it is tried again. It gives up before
# PostgreSQL looks for deadlocks (1 s), lest somebody's filing ends instead. Outside of transactions it may wait: there it keeps
# nobody out.
_SOON = "set local lock_timeout = '500ms'"
_PATIENCE = 300.0  # seconds
_IN_THE_WAY = {"40P01", "55P03"}  # a deadlock, a lock that is not available


def tables(schema: str) -> MetaData:
    """The tables a service's models declare."""
    module = import_module(HISTORIES[schema][0])
    record = getattr(module, f"{schema.capitalize()}Record")
    metadata: MetaData = record.metadata
    return metadata


def config(schema: str, connection: Connection | None = None, output: Any = None) -> Config:
    """Alembic's configuration for one schema."""
    made = Config(output_buffer=output)
    made.set_main_option("script_location", str(_ROOT / HISTORIES[schema][1]))
    made.set_main_option("path_separator", "os")
    made.attributes["schema"] = schema
    made.attributes["connection"] = connection
    return made


def upgrade(owner_url: str) -> None:
    """Bring every schema to its newest version, beside those who work. Two at the same time wait for each other."""
    engine = create_engine(owner_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        _wait_for_others(connection)
        event.listen(connection, "begin", lambda begun: begun.exec_driver_sql(_SOON))
        for schema in HISTORIES:
            _upgrade_patiently(schema, connection)
    engine.dispose()


def _upgrade_patiently(schema: str, connection: Connection) -> None:
    """Each migration is a transaction of its own: what is done stays done when the next one has to be tried again."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            alembic.command.upgrade(config(schema, connection), "head")
        except OperationalError as error:
            connection.rollback()
            if getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY or time.monotonic() > until:
                raise
            time.sleep(1)
        else:
            connection.commit()
            return


def _wait_for_others(connection: Connection) -> None:
    """Take the lock of migrations, asking again and again.

    Waiting for it inside a statement would hold a snapshot, and an index that the other one makes concurrently waits for those:
    the two would wait for each other.
    """
    while not connection.scalar(text("select pg_try_advisory_lock(hashtext('madoguchi.migrations'))")):
        connection.rollback()
        time.sleep(_ASK_AGAIN)
    connection.commit()


def as_sql(schema: str) -> str:
    """What upgrading an empty database would run, as SQL, without Alembic's own table (for the linter)."""
    output = io.StringIO()
    alembic.command.upgrade(config(schema, output=output), "head", sql=True)
    return re.sub(r"CREATE TABLE \w+\.alembic_version \(.*?\);", "", output.getvalue(), flags=re.DOTALL)


def drift(schema: str, connection: Connection) -> list[Any]:
    """How the models differ from the migrated tables; empty when they say the same."""
    from alembic.autogenerate import compare_metadata

    migration = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_name": _only(schema),
            "version_table_schema": schema,
            "compare_type": _differ,
            "compare_server_default": False,
        },
    )
    return list(compare_metadata(migration, tables(schema)))


def _differ(_context: Any, _column: Any, _declared: Any, migrated: TypeEngine[Any], declared: TypeEngine[Any]) -> bool | None:
    """A model says `str` and `int`; the tables have text and bigint for them. Anything else Alembic compares itself."""
    if (
        isinstance(migrated, TEXT)
        and isinstance(declared, AutoString)
        and getattr(declared.impl_instance, "length", None) is None
    ):
        return False
    if isinstance(migrated, BIGINT) and isinstance(declared, Integer):
        return False
    return None


def _only(schema: str) -> Any:
    def include(name: str | None, kind: str, _parents: Any) -> bool:
        if kind == "schema":
            return name == schema
        return not (kind == "table" and name == "alembic_version")

    return include


def run() -> None:
    """What each history's env.py calls."""
    schema = context.config.attributes["schema"]
    options = {
        "target_metadata": tables(schema),
        "version_table_schema": schema,
        "include_schemas": True,
        "include_name": _only(schema),
        "transaction_per_migration": True,
    }
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", literal_binds=True, **options)
        with context.begin_transaction():
            context.execute("set lock_timeout = '500ms'; set statement_timeout = '10min'")
            context.run_migrations()
        return
    connection: Connection = context.config.attributes["connection"]
    connection.execute(text("set statement_timeout = '10min'"))
    connection.commit()
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()
