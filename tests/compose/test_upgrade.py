"""An upgrade under load: the old version takes filings while the schema is migrated and each container replaced.

The old version is this one, and the next one has a migration more. With MADOGUCHI_UPGRADE_FROM=<commit> the old version is
that commit, and the next one HEAD, which may replace PostgreSQL and the gateway too:

    MADOGUCHI_UPGRADE_FROM=08c0cc5 .venv/bin/pytest -p no:randomly -m compose --timeout=1800 tests/compose/test_upgrade.py
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.compose.stack import ROOT, SERVICES, Stack, until
from tests.site import DENKI, bearer, example

pytestmark = pytest.mark.compose
FROM = os.environ.get("MADOGUCHI_UPGRADE_FROM")
A_SECOND = 50
STILL = 60.0  # seconds
WORKERS = tuple(f"{service}-worker" for service in SERVICES)
# What is undone, by who has to do it; the canary of every minute is no filing.
WAITING = """select string_agg(subscriber || ' ' || n, ', ') from (select subscriber, count(*) n from bus.delivery
  where state = 'waiting' and subscriber not like '%canary' group by subscriber) waits"""
MIGRATION = '''"""The next version has a column more."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("application", sa.Column("of_the_next_version", sa.Text(), nullable=True), schema="intake")


def downgrade() -> None:
    op.drop_column("application", "of_the_next_version", schema="intake")
'''


@dataclass
class Filings:
    """Whoever files: so many a second, each repeated under its key until it is accepted, as a client should."""

    client: httpx.AsyncClient
    name: str
    a_second: int = A_SECOND
    accepted: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    without_hint: int = 0
    going_on: bool = True

    async def go(self) -> None:
        """File until told to stop, then wait for those on their way."""
        ways: set[asyncio.Task[None]] = set()
        number, began = 0, time.monotonic()
        while self.going_on:
            number += 1
            ways.add(asyncio.create_task(self._one(f"{self.name}-{number}")))
            await asyncio.sleep(max(0.0, began + number / self.a_second - time.monotonic()))
        await asyncio.gather(*ways)

    async def _one(self, key: str) -> None:
        while True:
            try:
                answer = await self.client.post("/v1/applications", json=example(DENKI), headers={"idempotency-key": key})
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
                await asyncio.sleep(1)
                continue
            self.answers[str(answer.status_code)] += 1
            if answer.status_code == httpx.codes.ACCEPTED:
                self.accepted[key] = answer.json()["id"]
                return
            self.without_hint += "retry-after" not in answer.headers
            await asyncio.sleep(1)


def next_version(stack: Stack) -> None:
    """Changes the clone as `git pull` would: every image differs, and the counter's tables."""
    if FROM:
        present = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True)
        stack.sh(f"git checkout --quiet {present}")
    else:
        shared = stack.folder / "shared" / "__init__.py"
        shared.write_text(shared.read_text() + "\nVERSION = 'next'\n")
        versions: Path = stack.folder / "services" / "intake" / "migrations" / "versions"
        migration = MIGRATION.format(revision="29991231_9999", before=revision(stack))
        (versions / "29991231_9999_next.py").write_text(migration)
    stack.sh("deploy/compose/secrets.sh; docker compose build --quiet", within=600)


def revision(stack: Stack) -> str:
    return stack.query("select version_num from intake.alembic_version")


def all_is_done(stack: Stack) -> None:
    """Wait for it as long as something is done: the machine may be slow, but nothing may lie there for a minute."""
    before, since = "", time.monotonic()
    while left := stack.query(WAITING):
        if (done := stack.query("select count(*) from bus.delivery where state = 'done'")) != before:
            before, since = done, time.monotonic()
        assert time.monotonic() - since < STILL, left
        time.sleep(2)


async def filed_while_rolling(stack: Stack, key: str, name: str, a_second: int) -> Filings:
    async with httpx.AsyncClient(base_url=stack.base, headers=bearer(key), timeout=60) as client:
        filings = Filings(client, name, a_second)
        filing = asyncio.create_task(filings.go())
        await asyncio.sleep(2)
        process = await asyncio.create_subprocess_exec(
            "deploy/compose/roll.sh", cwd=stack.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        await asyncio.sleep(2)
        filings.going_on = False
        await filing
        assert process.returncode == 0, said.decode()
        return filings


def roll(stack: Stack, people: dict[str, str], name: str, a_second: int = A_SECOND) -> Filings:
    """Rolls under load: nothing is lost, all get into review, nobody is sent away without a hint."""
    before, began = stack.inspected()["gateway"], time.monotonic()
    filings = asyncio.run(filed_while_rolling(stack, people["firm@example.com"], name, a_second))
    took = time.monotonic() - began
    logging.getLogger(__name__).warning("%s: %d filings in %.0f s: %s", name, len(filings.accepted), took, filings.answers)
    allowed = {"202", "503"}
    if stack.inspected()["gateway"]["Id"] != before["Id"]:  # then there is a moment without it
        allowed |= {"ConnectError", "ReadError", "RemoteProtocolError"}
    assert set(filings.answers) <= allowed, filings.answers
    assert filings.without_hint == 0
    assert len(filings.accepted) > a_second * took * 0.5
    filed = f"from intake.application where idempotency_key like '{name}-%'"
    assert int(stack.query(f"select count(*) {filed}")) == len(set(filings.accepted.values())) == len(filings.accepted)
    all_is_done(stack)
    assert int(stack.query(f"select count(*) {filed} and state = 'in_review'")) == len(filings.accepted)
    assert stack.query("select count(*) from bus.delivery where state = 'dead'") == "0"
    return filings


def test_an_upgrade_under_load_loses_nothing_and_nobody_is_sent_away_without_a_hint(stack: Stack, people: dict[str, str]) -> None:
    before, migrated = stack.inspected(), revision(stack)
    next_version(stack)
    roll(stack, people, "upgrade")
    after = stack.inspected()
    for part in () if FROM else ("gateway", "postgres", "redis"):  # what did not change is left alone
        assert after[part]["Id"] == before[part]["Id"], part
    for service in (*SERVICES, *WORKERS, "console", "beat"):
        assert after[service]["Image"] != before[service]["Image"], service
    assert revision(stack) != migrated


def test_another_key_for_personal_fields_begins_under_load_and_all_stays_readable(stack: Stack, people: dict[str, str]) -> None:
    """docs/operating.md, "Keys for personal fields": begin with it where there is none, or else change it."""
    secret = stack.folder / "secrets" / "madoguchi_sealing_keys"
    former, key = secret.read_text(), stack.tools("keys", "new")
    secret.write_text(f"{former or 'none'},{key}")
    known = roll(stack, people, "known", A_SECOND // 5)
    secret.write_text(f"{key},{former}")
    sealing = roll(stack, people, "sealing", A_SECOND // 5)
    stack.tools("keys", "reseal")
    until(lambda: "Nothing needs" in (said := stack.tools("keys", "status")) or (former and "Events go" in said), within=300)
    for table in ("intake.application", 'review."case"'):
        other = f"select count(*) from {table} where contact ->> '~' is distinct from '{key.partition(':')[0]}'"
        assert stack.query(other) == "0", table
    desk = bearer(people["desk@example.go.jp"])
    for application in (*list(known.accepted.values())[:3], *list(sealing.accepted.values())[-3:]):
        (case,) = httpx.get(f"{stack.base}/v1/cases?application_id={application}", headers=desk).json()
        read = httpx.get(f"{stack.base}/v1/cases/{case['id']}", headers=desk).json()
        assert read["answers"] == example(DENKI)["answers"]
        assert read["contact"]["email"] == "firm@example.com"
