"""The desk with 100,000 cases: lists, filters and searches beside the same with 1,000. `python -m tests.bench.desk [--quick]`."""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import Session

from deploy.database import OWNER, bootstrap, migrate
from deploy.one import postgres, valkey
from tests.bench import cases
from tests.bench.ground import settle
from tests.site import PROCEDURES, Site

FEW, MANY = 1_000, 100_000
FORMATS = ("csv", "xlsx", "ods", "json", "zip")
EVERYWHERE = ("kinki-bureau", "kanto-bureau", "okinawa-office", "hokkaido-bureau", "public-relations")


def queries(mine: UUID) -> dict[str, dict[str, Any]]:
    """What is asked, by name."""
    then = date.today() - timedelta(days=900)  # noqa: DTZ011 - a day some years ago
    return {
        "list": {},
        "oldest first": {"sort": "oldest"},
        "last day first": {"sort": "due"},
        "open": {"state": "open"},
        "being mended": {"state": "correcting"},
        "decided": {"state": "decided"},
        "withdrawn": {"state": "withdrawn"},
        "mine": {"mine": True, "state": "open"},
        "of an official": {"official": mine},
        "nobody's": {"unassigned": True},
        "overdue": {"overdue": True},
        "a procedure": {"procedure": "hojokin-kofu"},
        "a group": {"group": "okinawa-office", "state": "open"},
        "arrived in a month": {"arrived_from": then, "arrived_to": then + timedelta(days=30)},
        "refused": {"decision": "refuse"},
        "amount": {"amount_from": 5_000_000, "amount_to": 5_010_000},
        "search: a name": {"q": cases.named(7)},
        "search: part of a name": {"q": cases.named(7)[4:7]},
        "search: two signs": {"q": "東西"},
        "search: one sign": {"q": "竹"},
        "search: in all": {"q": "株式会社"},
        "search: in a third": {"q": "電気用品"},
        "search: nowhere": {"q": "存在しない催事"},
        "search: two words": {"q": "株式会社 東西", "state": "decided"},
        "search: a number": {"q": "R20261125-0000500"},
        "search: a corporate number": {"q": "0000000000500"},
        "search: among open": {"q": "東", "state": "open", "group": "kinki-bureau"},
    }


def measure(keys: list[str], repeat: int) -> dict[str, float]:
    """The p95 of each query in ms, list and count together, for an official of all groups and one of a small group."""
    from services.review.finding import finding
    from services.review.finding.finding import Filter
    from services.review.tasks import engine
    from services.review.wall import acts
    from shared.identity.callers import Callers

    found: dict[str, float] = {}
    gc.freeze()  # as the desk does before its first request (shared/web/app.py)
    with Session(engine) as session:
        for title, key in zip(("", ", small group"), keys, strict=True):
            caller = Callers().by_key(session, key)
            if caller is None:
                raise LookupError("the benchmark's own key is unknown")
            acts(session, caller)
            session.rollback()
            for name, query in queries(caller.account_id).items():
                sort = query.get("sort", "newest")
                wanted = Filter(**{part: value for part, value in query.items() if part != "sort"})

                def ask(wanted: Filter = wanted, sort: Any = sort) -> None:
                    session.expunge_all()
                    finding.listed(session, caller, wanted, sort=sort, limit=21)  # noqa: B023 - called at once
                    finding.counted(session, caller, wanted)  # noqa: B023 - called at once
                    session.rollback()

                found[name + title] = _p95(ask, repeat)
    return found


def _p95(ask: Callable[[], None], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[math.ceil(len(times) * 0.95) - 1]


def exports(key: str) -> dict[str, dict[str, Any]]:
    """Everything in each format, each in a process of its own."""
    found = {}
    for form in FORMATS:
        command = [sys.executable, "-m", "tests.bench.exporting", form, key]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[form] = json.loads(done.stdout)
        if found[form]["state"] != "done":
            raise RuntimeError(f"the export as {form} is {found[form]}")
    return found


def measure_desk(*, quick: bool) -> None:
    """Measure, and print the report."""
    many, repeat = (10_000, 10) if quick else (MANY, 40)
    with tempfile.TemporaryDirectory() as name, postgres.ephemeral() as database, valkey.ephemeral() as broker:
        site = Site(database.admin_url, broker.url, Path(name) / "storage")
        bootstrap(site.admin_url, site.passwords)
        migrate(site.url(OWNER))
        os.environ.update(site.environment)
        site.publish_procedures(PROCEDURES)
        keys = [site.a_reviewer(*EVERYWHERE), site.a_reviewer("okinawa-office", email="small@example.go.jp")]
        officials = [site.account(email).id for email in ("official@example.go.jp", "small@example.go.jp")]
        found, exported = [], []
        for count in (FEW, many):
            site.run('truncate review."case", review.job cascade')
            started = time.perf_counter()
            cases.seed(site, count, [*officials, *(UUID(int=one) for one in range(1, 20))])
            settle(site)
            _say(f"{count:,} cases written in {time.perf_counter() - started:.0f} s")
            exported.append(exports(keys[0]))
            found.append(measure(keys, repeat))
        _say(f"\nThe desk, {many:,} cases beside {FEW:,}: p95 of list and count")
        worst = 0.0
        for one, few in found[0].items():
            worst = max(worst, found[1][one] / few)
            _say(f"  {one:44} {few:8.2f} ms {found[1][one]:8.2f} ms {found[1][one] / few:6.1f} x")
        _say(f"  {'worst':44} {worst:32.1f} x")
        _say("\nExports: cases, seconds, size, most memory of the process")
        for form in FORMATS:
            for told in (exported[0][form], exported[1][form]):
                size = told["bytes"] / 1e6
                _say(f"  {form:5} {told['cases']:8,} {told['seconds']:8.1f} s {size:8.1f} MB {told['peak_mb']:8.1f} MB")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main() -> None:
    """The desk alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer cases, and so less telling")
    measure_desk(quick=parser.parse_args().quick)


if __name__ == "__main__":
    main()
