"""An upgrade under load: the old version takes filings while the schema is migrated and each container replaced."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.compose.stack import SERVICES, Stack
from tests.site import DENKI, bearer, example

pytestmark = pytest.mark.compose
A_SECOND = 50
WORKERS = tuple(f"{service}-worker" for service in SERVICES)
WAITING = (
    "select string_agg(subscriber || ' ' || n, ', ') from "
    "(select subscriber, count(*) n from bus.delivery where state = 'waiting' group by subscriber) waiting"
)
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
            ways.add(asyncio.create_task(self._one(f"upgrade-{number}")))
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
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


def next_version(stack: Stack) -> str:
    """Changes the clone: every image differs, and the counter's tables. Returns the new revision."""
    shared = stack.folder / "shared" / "__init__.py"
    shared.write_text(shared.read_text() + "\nVERSION = 'next'\n")
    versions: Path = stack.folder / "services" / "intake" / "migrations" / "versions"
    before = stack.query("select version_num from intake.alembic_version")
    (versions / "29991231_9999_next.py").write_text(MIGRATION.format(revision="29991231_9999", before=before))
    stack.docker("compose", "build", "--quiet", within=600)
    return "29991231_9999"


def test_an_upgrade_under_load_loses_nothing_and_nobody_is_sent_away_without_a_hint(stack: Stack, people: dict[str, str]) -> None:
    revision = next_version(stack)
    before = stack.inspected()

    async def file_and_roll() -> Filings:
        async with httpx.AsyncClient(base_url=stack.base, headers=bearer(people["firm@example.com"]), timeout=60) as client:
            filings = Filings(client)
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

    began = time.monotonic()
    filings = asyncio.run(file_and_roll())
    took = time.monotonic() - began
    logging.getLogger(__name__).warning("%d filings in %.0f s: %s", len(filings.accepted), took, dict(filings.answers))
    assert set(filings.answers) <= {"202", "503"}, filings.answers
    assert filings.without_hint == 0
    assert len(filings.accepted) > A_SECOND * took * 0.5
    after = stack.inspected()
    for part in ("gateway", "postgres", "redis"):  # what did not change is left alone
        assert after[part]["Id"] == before[part]["Id"], part
    for service in (*SERVICES, *WORKERS, "console", "beat"):
        assert after[service]["Image"] != before[service]["Image"], service
    assert stack.query("select version_num from intake.alembic_version") == revision
    filed = "from intake.application where idempotency_key like 'upgrade-%'"
    assert int(stack.query(f"select count(*) {filed}")) == len(set(filings.accepted.values())) == len(filings.accepted)
    until = time.monotonic() + 300
    while left := stack.query(WAITING):
        assert time.monotonic() < until, left
        time.sleep(2)
    assert int(stack.query(f"select count(*) {filed} and state = 'in_review'")) == len(filings.accepted)
    assert stack.query("select count(*) from bus.delivery where state = 'dead'") == "0"
