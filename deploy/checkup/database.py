"""PostgreSQL: its version and promises, the roles and their walls, the migrations, its clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg

from deploy.checkup.findings import Finding
from deploy.database import UNLOGGED
from deploy.paths import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROLES = ("owner", "operator", *SERVICES)
OLDEST = 15
CLOCK_SECONDS = 2.0
# Tables behind a wall: what belongs to a service's deliveries and to a case.
WALLED = ("bus.event", "bus.delivery", "review.case")
PROMISES = {"fsync": "on", "full_page_writes": "on"}

# The role of the backups copies the whole server, so no wall is for it (docs/adr/0025).
_RIGHTS = """
select rolname from pg_roles
where rolname like 'madoguchi%' and (rolsuper or rolbypassrls and rolname <> 'madoguchi_backup') order by 1
"""
_WALLS = """
select c.oid::regclass::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relrowsecurity
  and (n.nspname || '.' || c.relname = any(%s) or exists (select from pg_policy p where p.polrelid = c.oid))
order by 1
"""


def variable(role: str) -> str:
    """The setting with the address for a role."""
    return f"MADOGUCHI_{role.upper()}_DATABASE_URL"


def look(get: Callable[[str], str]) -> Iterator[Finding]:
    """Every role logs in; the rest is asked as the owner, if he can."""
    entered = {role: [*_role(role, get(variable(role)))] for role in ROLES}
    for found in entered.values():
        yield from found
    if not entered["owner"][0].well:
        return
    with _connected(get(variable("owner"))) as connection:
        yield from _server(connection)
        yield from _walls(connection)
        yield from _migrations(connection)
        yield _clock(connection)


def _connected(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=5, autocommit=True)


def _value(connection: psycopg.Connection[tuple[Any, ...]], query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _role(role: str, url: str) -> Iterator[Finding]:
    name = f"role madoguchi_{role}"
    try:
        with _connected(url) as connection:
            logged = [one for one, value in UNLOGGED.items() if _value(connection, f"show {one}") != value]
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        yield Finding(
            f"{name} can't log in: {reason}",
            f"Check {variable(role)} and that PostgreSQL runs; start again (in containers: docker compose up migrate), which sets"
            " the roles right.",
        )
        return
    yield Finding(f"{name} can log in")
    if logged:
        yield Finding(
            f"PostgreSQL logs errors of {name} with what people wrote in them ({', '.join(logged)})",
            "As superuser: " + " ".join(f"alter role madoguchi_{role} set {one} = '{UNLOGGED[one]}';" for one in logged),
        )


def _server(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    version = connection.info.server_version
    said = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    if version // 10_000 < OLDEST:
        yield Finding(f"{said} is too old", f"Upgrade to {OLDEST} or newer (pg_upgrade, or dump and restore).")
    else:
        yield Finding(said)
    broken = [name for name, value in PROMISES.items() if _value(connection, f"show {name}") != value]
    if _value(connection, "show synchronous_commit") == "off":
        broken.append("synchronous_commit")
    if broken:
        yield Finding(
            f"PostgreSQL may forget what it has confirmed: {', '.join(broken)} off",
            "Turn it on in postgresql.conf: an application that was confirmed must be there after a crash.",
        )
    else:
        yield Finding("PostgreSQL keeps what it has confirmed (fsync, full_page_writes, synchronous_commit)")


def _walls(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    strong = [str(row[0]) for row in connection.execute(_RIGHTS)]
    if strong:
        yield Finding(
            f"no wall holds for {', '.join(strong)}: superuser, or past row-level security",
            "As superuser: " + " ".join(f"alter role {role} nosuperuser nobypassrls;" for role in strong),
            "docs/adr/0016-who-gets-and-sees-a-case.md",
        )
    without = [str(row[0]) for row in connection.execute(_WALLS, [list(WALLED)])]
    if without:
        yield Finding(
            f"row-level security is off on {', '.join(without)}",
            "As owner: " + " ".join(f"alter table {table} enable row level security;" for table in without),
            "docs/adr/0016-who-gets-and-sees-a-case.md",
        )
    if not strong and not without:
        yield Finding("row-level security holds for every role")


def _migrations(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[Finding]:
    # Loaded only here: it brings SQLAlchemy and Alembic.
    from alembic.script import ScriptDirectory

    from shared.migrations import HISTORIES, config

    for schema in HISTORIES:
        newest = set(ScriptDirectory.from_config(config(schema)).get_heads())
        if connection.execute("select to_regclass(%s)", [f"{schema}.alembic_version"]).fetchone() == (None,):
            present = set()
        else:
            present = {row[0] for row in connection.execute(f"select version_num from {schema}.alembic_version")}  # noqa: S608 - names of our own schemas
        if present == newest:
            yield Finding(f"schema {schema} is at {', '.join(newest) or 'its beginning'}")
        else:
            yield Finding(
                f"schema {schema} is at {', '.join(present) or 'nothing'}, this version needs {', '.join(newest)}",
                "Start again with this version: madoguchi up migrates; in containers docker compose up migrate.",
                "docs/operating.md#upgrade",
            )


def _clock(connection: psycopg.Connection[tuple[Any, ...]]) -> Finding:
    apart = abs(time.time() - float(_value(connection, "select extract(epoch from clock_timestamp())::float")))
    if apart > CLOCK_SECONDS:
        return Finding(f"the clocks of PostgreSQL and of this machine are {apart:.0f} s apart", "Set both by NTP.")
    return Finding("PostgreSQL's clock agrees")
