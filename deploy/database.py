"""Preparing PostgreSQL: the database, a role for each service, a schema for each room, and what each role may touch."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import create_engine, make_url, pool, text
from sqlalchemy.exc import ProgrammingError

from shared import migrations

DATABASE = "madoguchi"
OWNER = "madoguchi_owner"
OPERATOR = "madoguchi_operator"
BACKUP = "madoguchi_backup"
SERVICES = ("intake", "review", "notify", "opendata")
# For our roles PostgreSQL does not log errors, since their text, their details and the statement quote what people wrote. Who had
# the error notes its kind, state and constraint. What the server says of itself is written as ever.
UNLOGGED = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
ROLES = (OWNER, OPERATOR, BACKUP, *(f"madoguchi_{service}" for service in SERVICES))


def bootstrap(admin_url: str, passwords: dict[str, str], *, database: str = DATABASE) -> None:
    """Create database, roles, schemas and grants where they are missing; set the roles' passwords.

    `admin_url` is a superuser's URL of the database `postgres`; `passwords` is keyed by role name. Can be run again.
    """
    engine = create_engine(admin_url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for role in ROLES:
            exists = connection.execute(text("select 1 from pg_roles where rolname = :role"), {"role": role}).first()
            verb = "alter" if exists else "create"
            quoted = "'" + passwords[role].replace("'", "''") + "'"
            connection.exec_driver_sql(f"{verb} role {role} login nosuperuser nocreatedb nocreaterole password {quoted}")
            for name, value in UNLOGGED.items():
                with suppress(ProgrammingError):  # an administrator who may not: `madoguchi doctor` says so
                    connection.exec_driver_sql(f"alter role {role} set {name} = '{value}'")
        with suppress(ProgrammingError):  # where PostgreSQL is somebody else's, so are its backups
            # Whoever may copy the whole server may read it anyway; so it can count what it copied, and see what came over.
            connection.exec_driver_sql(f"alter role {BACKUP} replication bypassrls")
            connection.exec_driver_sql(f"grant pg_read_all_data, pg_read_all_stats to {BACKUP}")
        if not connection.execute(text("select 1 from pg_database where datname = :name"), {"name": database}).first():
            connection.exec_driver_sql(f'create database "{database}" owner {OWNER}')
        connection.exec_driver_sql(f'revoke all on database "{database}" from public')
        connection.exec_driver_sql(f'grant connect on database "{database}" to {", ".join(ROLES)}')
    engine.dispose()
    _schemas(make_url(admin_url).set(database=database).render_as_string(hide_password=False))


def _schemas(url: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        run = connection.exec_driver_sql
        run("revoke all on schema public from public")
        for schema in migrations.HISTORIES:
            run(f"create schema if not exists {schema} authorization {OWNER}")
        for service in SERVICES:
            role = f"madoguchi_{service}"
            run(f"grant usage on schema bus, identity, operation, {service} to {role}")
            run(
                f"alter default privileges for role {OWNER} in schema {service} "
                f"grant select, insert, update, delete on tables to {role}"
            )
            run(f"alter default privileges for role {OWNER} in schema {service} grant usage on sequences to {role}")
            run(f"alter role {role} set search_path = {service}")
        run(f"grant usage on schema bus, identity, operation to {OPERATOR}")
        # Who holds connections and transactions is what an operator looks for; an administrator who may not give it leaves it.
        run(f"""
        do $$ begin
          grant pg_read_all_stats to {OPERATOR};
        exception when insufficient_privilege then raise notice 'the operator will not see the oldest transaction';
        end $$
        """)
        run(f"grant usage on schema {', '.join(SERVICES)} to {OPERATOR}")
    engine.dispose()


def migrate(owner_url: str) -> None:
    """Bring every schema to its newest version. Can be run again, and at the same time."""
    migrations.upgrade(owner_url)
