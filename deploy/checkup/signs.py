"""What the console shows too, said at the command line: deploy/signs judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr
from sqlmodel import Session

from deploy.checkup.findings import OPERATING, Finding
from deploy.signs.every import around_it, in_the_database
from deploy.signs.runbooks import remedy
from deploy.signs.sign import said
from shared.database import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.signs.sign import Sign


def in_database(get: Callable[[str], str]) -> Iterator[Finding]:
    """What the operator's role sees there: workers, deliveries, PostgreSQL, backups, retention, switches."""
    engine = connect(SecretStr(get("MADOGUCHI_OPERATOR_DATABASE_URL")), name="doctor", pool=1)
    try:
        with Session(engine) as session:
            yield from map(_finding, in_the_database(session))
    finally:
        engine.dispose()


def around(get: Callable[[str], str]) -> Iterator[Finding]:
    """What the broker and the services tell: queues, schedules, storage, scanner, channels."""
    addresses = get("MADOGUCHI_OPERATOR_HEALTH_URL") or f"{get('MADOGUCHI_BASE_URL')}/health/ready"
    yield from map(_finding, around_it(SecretStr(get("MADOGUCHI_BROKER_URL")), addresses.split()))


def _finding(sign: Sign) -> Finding:
    what = f"{sign.part}: {said(sign, 'en')}"
    if sign.kind == "good":
        return Finding(what)
    what_to_do = remedy(sign.runbook) if sign.runbook else f"See {sign.href} of the console."
    page = f"docs/runbooks/{sign.runbook}.md" if sign.runbook else OPERATING
    return Finding(what, what_to_do, page, noted=sign.kind == "mend")
