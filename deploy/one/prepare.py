"""`python -m deploy.one.prepare [--demo]`: database, roles, schemas, migrations, procedures and the accounts of the demo.

A process of its own, so that it loads its modules while the servers start, and the supervisor stays small.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

import psycopg
from pydantic import SecretStr
from sqlmodel import Session

from deploy.database import ROLES, bootstrap, migrate
from deploy.one import demo
from deploy.one.home import Home
from deploy.one.parts import Site
from services.intake.catalogue.procedures import publish
from shared.bus.bell import bell_of
from shared.bus.publish import ring_with
from shared.database import connect
from shared.procedure.files import procedure_files, read

PROCEDURES = Path(__file__).parent.parent.parent / "procedures"
PATIENCE = 60.0


def prepare(site: Site, *, with_demo: bool) -> None:
    """Make the database fit for this version. Can be run again."""
    wait_for_database(site)
    bootstrap(site.postgres.admin_url, {role: site.home.secret(role) for role in ROLES})
    settings = site.settings()
    migrate(settings["MADOGUCHI_OWNER_DATABASE_URL"])
    bell = bell_of(site.valkey.url)
    ring_with(bell)
    publish_procedures(settings["MADOGUCHI_INTAKE_DATABASE_URL"])
    bell.close()
    if with_demo:
        demo.make_accounts(site)


def wait_for_database(site: Site) -> None:
    """Wait until PostgreSQL takes connections; it starts at the same time as we do, and may have to recover first."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection = psycopg.connect(site.postgres.admin_url.replace("+psycopg", "", 1), connect_timeout=5)
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            connection.close()
            return


def publish_procedures(database_url: str) -> None:
    """Put the shipped procedures into force; one that did not change keeps its version."""
    engine = connect(SecretStr(database_url), name="prepare", pool=1)
    with Session(engine) as session:
        for path in procedure_files(PROCEDURES):
            publish(session, read(path))
        session.commit()
    engine.dispose()


def main() -> None:
    """Prepare the site of MADOGUCHI_HOME."""
    parser = argparse.ArgumentParser(description="Bring the database of one machine to what this version needs.")
    parser.add_argument("--port", type=int, required=True, help="the port of the one address")
    parser.add_argument("--demo", action="store_true", help="make the people of the demo too")
    options = parser.parse_args()
    home = Home.at()
    try:
        prepare(Site(home, home.ports(), options.port), with_demo=options.demo)
    except Exception:  # noqa: BLE001 - whatever failed, an error may quote a statement that sets a password
        sys.exit(without_secrets(traceback.format_exc(), home))


def without_secrets(text: str, home: Home) -> str:
    """The text with every secret of this home struck out."""
    for secret in home.secrets():
        text = text.replace(secret, "********")
    return text


if __name__ == "__main__":
    main()
