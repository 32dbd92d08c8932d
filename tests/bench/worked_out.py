"""What a measured cost means for many applications: `python -m tests.bench.worked_out --write` writes it into docs/scale.md.

Everything here is arithmetic over tests/bench/measured/cost.json, which `python -m tests.bench.cost --json` measured.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ONE_BY_ONE, BATCHES = "one by one", "in batches"
MEASURED = Path(__file__).parent / "measured" / "cost.json"
PAGE = Path(__file__).parent.parent.parent / "docs" / "scale.md"

# Processor seconds of PostgreSQL for a commit of psycopg when nothing else runs: 5,832 a second on two cores, half of them the
# client's (docs/performance.md). Rates are computed for such a machine, whatever ran beside the measurement.
QUIET_COMMIT = 1 / 5832
# A core is planned to be busy so much: what comes in waves needs the rest.
BUSY = 0.6
# Connections a process keeps open, by kind (shared/database.py, services/*/tasks.py).
KEPT = {"counter web": 9, "desk web": 8, "mail worker": 8, "notify worker": 8}
KEPT_OTHERWISE = 2
OFFICE_SECONDS = 240 * 8 * 3600  # a year's, in which people file
DEADLINE = 10  # times as many in the busiest hours
EGOV = 30_000_000
STATE = 502_260_000
WAYS = (ONE_BY_ONE, BATCHES)
# Applications a second, and how the workers meet them.
RATES = ((1, ONE_BY_ONE), (50, ONE_BY_ONE), (1000, BATCHES))
FILING_ROWS = "application, event, two deliveries"
# How long it lies: the bus and what is of the message itself days, the rest years.
BUS_DAYS, MESSAGE_YEARS, CASE_YEARS = 30, 1, 5
YEARS = (1, 2, 3, 5, 10)
SHOWN = 12


def measured() -> dict[str, Any]:
    """What tests.bench.cost found."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def sections(found: dict[str, Any]) -> dict[str, str]:
    """Each computed part of the page by its name."""
    made = {
        "machine": _machine,
        "cost": _cost,
        "tables": _tables,
        "rates": _rates,
        "storage": _storage,
        "processors": _processors,
        "years": _years,
    }
    return {name: "\n".join(make(found)) for name, make in made.items()}


def processors(found: dict[str, Any], way: str = ONE_BY_ONE) -> dict[str, float]:
    """Processor seconds an application, by kind of process."""
    return {name[4:]: seconds for name, seconds in found[way]["used"].items() if name.startswith("cpu ") and name != "cpu beat"}


def _machine(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['day']}: {found['machine']}; {found['count']} applications each way; load of the machine {found['load']:.1f}"
    yield "(it is shared; the load above 2 is others')."


def _table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _cost(found: dict[str, Any]) -> Iterator[str]:
    one, ways = found["reference"], [found[way] for way in WAYS]
    cpu = [processors(found, way) for way in WAYS]
    rows = [[kind, *(f"{of[kind] * 1e6:,.0f} µs" for of in cpu)] for kind in cpu[0]]
    rows.append(["**all processes**", *(f"**{sum(of.values()) * 1e6:,.0f} µs**" for of in cpu)])
    for name, key in (
        ("write-ahead log, bytes", "wal bytes"),
        ("commits", "commits"),
        ("commands at the broker", "broker commands"),
    ):
        rows.append([name, *(f"{way['used'][key]:,.0f}" for way in ways)])
    rows.append(["bytes sent to the broker", *(f"{way['used']['broker bytes in']:,.0f}" for way in ways)])
    rows.append(
        ["events; deliveries; mails", *(f"{way['events']:.0f}; {way['deliveries']:.0f}; {way['mails']:.0f}" for way in ways)]
    )
    rows.append(["bytes of tables and indexes, after vacuum", *(f"{sum(way['grown'].values()):,.0f}" for way in ways)])
    rows.append(["bytes of files (its document)", *(f"{way['file bytes']:,.0f}" for way in ways)])
    for name, key in (("processor time of PostgreSQL", "cpu PostgreSQL"), ("write-ahead log", "wal bytes")):
        rows.append([f"{name}, in commits of psycopg", *(f"{way['used'][key] / one[key]:.0f}" for way in ways)])
    yield from _table(["an application, through everything", *WAYS], rows)
    yield ""
    commit = f"{one['cpu PostgreSQL'] * 1e6:,.0f} µs and {one['wal bytes']:,.0f} bytes of the log"
    yield f"One commit of psycopg (the same rows as a filing: {FILING_ROWS}) costs PostgreSQL {commit}."


def _by_table(found: dict[str, Any]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, size in found[ONE_BY_ONE]["grown"].items():
        table = name.removesuffix(" (indexes)")
        sums[table] = sums.get(table, 0) + size
    return dict(sorted(sums.items(), key=lambda one: -one[1]))


def _tables(found: dict[str, Any]) -> Iterator[str]:
    rows = []
    for table, size in list(_by_table(found).items())[:SHOWN]:
        indexes = found[ONE_BY_ONE]["grown"].get(f"{table} (indexes)", 0)
        rows.append([f"`{table}`", f"{size - indexes:,.0f}", f"{indexes:,.0f}", f"{size * EGOV / 1e9:,.0f}"])
    yield from _table(["table", "rows, bytes", "indexes, bytes", f"{EGOV / 1e6:.0f} million of them, GB"], rows)


def _rates(found: dict[str, Any]) -> Iterator[str]:
    def row(name: str, value: Callable[[dict[str, Any]], float], digits: int = 0) -> list[str]:
        return [name, *(f"{rate * value(found[way]):,.{digits}f}" for rate, way in RATES)]

    rows = [row(f"cores: {kind}", partial(_cores, quiet(found), kind), 1) for kind in processors(found)]
    rows += [
        [
            "**cores together**",
            *(f"**{rate * quiet(found) * sum(processors(found, way).values()) / BUSY:,.0f}**" for rate, way in RATES),
        ],
        row("write-ahead log, MB/s", lambda way: way["used"]["wal bytes"] / 1e6, 1),
        row("commits a second", lambda way: way["used"]["commits"]),
        row("rows of `bus.delivery` written and marked a second", lambda way: 2 * way["deliveries"]),
        row("new pages of 8 KB a second", lambda way: sum(way["grown"].values()) / 8192),
        row("mails a second", lambda way: way["mails"]),
        row("commands at the broker a second", lambda way: way["used"]["broker commands"]),
        ["connections to PostgreSQL", *(f"{connections(found, rate, way):,}" for rate, way in RATES)],
        row("GB of tables in 8 hours", lambda way: 28_800 * sum(way["grown"].values()) / 1e9, 1),
    ]
    yield from _table(["computed", *(f"{rate:,}/s, {way}" for rate, way in RATES)], rows)


def _cores(share: float, kind: str, way: dict[str, Any]) -> float:
    cores: float = way["used"][f"cpu {kind}"] * share / BUSY
    return cores


def quiet(found: dict[str, Any]) -> float:
    """The share of the measured processor time that it takes on a machine where nothing else runs."""
    return min(1.0, QUIET_COMMIT / float(found["reference"]["cpu PostgreSQL"]))


def connections(found: dict[str, Any], rate: float, way: str) -> int:
    """How many connections the processes keep open that take so many a second; one process is one core."""
    kinds = {kind: seconds for kind, seconds in processors(found, way).items() if kind not in {"PostgreSQL", "broker"}}
    return sum(
        max(1, math.ceil(rate * quiet(found) * seconds / BUSY)) * KEPT.get(kind, KEPT_OTHERWISE)
        for kind, seconds in kinds.items()
    )


def gigabytes(found: dict[str, Any], a_year: float, year: int) -> dict[str, float]:
    """What lies at the end of a year: the bus, messages, and the cases with what belongs to them, and files."""
    sums = _by_table(found)
    bus = sum(size for table, size in sums.items() if table.startswith("bus."))
    post = sum(size for table, size in sums.items() if table.startswith("notify."))
    rest = sum(sums.values()) - bus - post
    return {
        "bus": a_year * BUS_DAYS / 365 * bus / 1e9,
        "messages": a_year * min(year, MESSAGE_YEARS) * post / 1e9,
        "applications and cases": a_year * min(year, CASE_YEARS) * rest / 1e9,
        "files": a_year * min(year, CASE_YEARS) * found[ONE_BY_ONE]["file bytes"] / 1e9,
    }


def _storage(found: dict[str, Any]) -> Iterator[str]:
    parts = list(gigabytes(found, EGOV, 1))
    rows = []
    for year in YEARS:
        sizes = gigabytes(found, EGOV, year)
        rows.append([str(year), *(f"{sizes[part]:,.0f}" for part in parts), f"{sum(sizes.values()):,.0f}"])
    yield from _table(["after years", *(f"{part}, GB" for part in parts), "together, GB"], rows)


def _processors(found: dict[str, Any]) -> Iterator[str]:
    yield "```mermaid\npie showData title Processor time of an application, µs"
    for kind, seconds in sorted(processors(found).items(), key=lambda one: -one[1]):
        yield f'  "{kind}" : {seconds * 1e6:.0f}'
    yield "```"


def _years(found: dict[str, Any]) -> Iterator[str]:
    years = range(1, 9)
    sums = [sum(gigabytes(found, EGOV, year).values()) for year in years]
    yield '```mermaid\nxychart-beta\n  title "GB at 30 million applications a year"'
    yield f"  x-axis [{', '.join(map(str, years))}]"
    yield '  y-axis "GB"'
    yield f"  bar [{', '.join(f'{size:.0f}' for size in sums)}]\n```"


def with_sections(page: str, made: dict[str, str]) -> str:
    """The page with its computed parts made anew."""
    for name, text in made.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.partition(begin)
        page = before + begin + text + "\n" + end + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    done = with_sections(PAGE.read_text(encoding="utf-8"), sections(measured()))
    if "--write" in sys.argv:
        PAGE.write_text(done, encoding="utf-8")
    print(done)  # noqa: T201
