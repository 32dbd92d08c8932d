"""`python -m tests.checks.migrations`: do migrations and models say the same, and are the migrations safe to run?

Safe is what squawk says: timeouts, no long locks, no rewrites under the old code (.squawk.toml).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import create_engine, pool

from deploy.database import OWNER
from shared import migrations
from tests.site import running_site

SQUAWK = Path(sys.executable).parent / "squawk"


def drifted() -> list[str]:
    """What models and migrated tables disagree on."""
    with running_site() as site:
        engine = create_engine(site.url(OWNER), poolclass=pool.NullPool)
        with engine.connect() as connection:
            found = [f"{schema}: {change}" for schema in migrations.HISTORIES for change in migrations.drift(schema, connection)]
        engine.dispose()
    return found


def unsafe() -> int:
    """Squawk's verdict on every migration, as an exit code."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for schema in migrations.HISTORIES:
            # A file for each migration, as each runs in its own transaction; all of them begin with the timeouts.
            timeouts, *steps = migrations.as_sql(schema).split("BEGIN;")
            for number, step in enumerate(steps, start=1):
                file = Path(folder) / f"{schema}_{number:04}.sql"
                file.write_text(f"{timeouts}BEGIN;{step}", encoding="utf-8")
                files.append(str(file))
        return subprocess.run([SQUAWK, "--config", ".squawk.toml", *files], check=False).returncode


def main() -> None:
    """Exit with 1 if something is to be mended."""
    changes = drifted()
    for change in changes:
        print(f"models and migrations differ: {change}")  # noqa: T201
    sys.exit(1 if unsafe() or changes else 0)


if __name__ == "__main__":
    main()
