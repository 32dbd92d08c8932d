"""More filings at once than are taken: each is recorded, or told at once to come again; nothing hangs, nothing grows."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Count
from pathlib import Path

import httpx

from tests.intake.parts import APPLICATIONS, recorded
from tests.machine import Machine
from tests.site import KOEN, Site, bearer, example

CONNECTIONS = 1000
WAITING = 100


async def flood(url: str, key: str, names: list[str]) -> dict[str, httpx.Response]:
    """File once for each name, each on a connection of its own, all at the same time."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client:

        async def one(name: str) -> httpx.Response:
            return await client.post(APPLICATIONS, json=example(KOEN), headers={**bearer(key), "idempotency-key": name})

        return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))


def resident(pid: int) -> int:
    """The memory of a process, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def test_a_flood_is_recorded_or_sent_away_at_once_and_memory_stays_flat(clean: Site, machine: Machine) -> None:
    machine.settings["MADOGUCHI_INTAKE_WAITING_FILINGS"] = str(WAITING)
    url = machine.web()
    key = clean.an_applicant()
    names = [f"f-{number}" for number in range(CONNECTIONS)]
    asyncio.run(flood(url, key, names[:20]))  # everything is loaded and known
    before = resident(machine.running[-1].pid)
    todo, rounds, away = names, 0, 0
    while todo and rounds < 30:
        answers = asyncio.run(flood(url, key, todo))
        assert {answer.status_code for answer in answers.values()} <= {202, 503}, Count(map(str, answers.values()))
        refused = [name for name, answer in answers.items() if answer.status_code == 503]
        assert all(int(answers[name].headers["retry-after"]) > 0 for name in refused)
        away += len(refused)
        todo, rounds = refused, rounds + 1
        time.sleep(0.1)
    assert todo == []
    assert away > 0
    assert recorded(clean) == CONNECTIONS
    assert resident(machine.running[-1].pid) - before < 60
