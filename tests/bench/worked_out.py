"""What a measured cost means for many applications: `python -m tests.bench.worked_out --write` writes it into docs/scale.md.

Everything here is arithmetic over tests/bench/measured/cost.json, which `python -m tests.bench.cost --json` measured.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).parent / "measured" / "cost.json"
PAGE = Path(__file__).parent.parent.parent / "docs" / "scale.md"

# A core is planned to be busy so much: what comes in waves needs the rest.
BUSY = 0.6
# Connections a process keeps open, by kind (shared/database.py, services/*/tasks.py).
KEPT = {"counter web": 9, "desk web": 8, "mail worker": 8, "notify worker": 8}
KEPT_OTHERWISE = 2
OFFICE_SECONDS = 240 * 8 * 3600  # a year's, in which people file
DEADLINE = 10  # times as many in the busiest hours
EGOV = 30_000_000
STATE = 502_260_000
RATES = (1, 50, 1000)
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
    made = {"cost": _cost, "tables": _tables, "rates": _rates, "storage": _storage, "processors": _processors, "years": _years}
    return {name: "\n".join(make(found)) for name, make in made.items()}


def processors(found: dict[str, Any]) -> dict[str, float]:
    """Processor seconds an application, by kind of process."""
    return {name[4:]: seconds for name, seconds in found["used"].items() if name.startswith("cpu ") and name != "cpu beat"}


def _table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _cost(found: dict[str, Any]) -> Iterator[str]:
    one, used = found["reference"], found["used"]
    rows = [[kind, f"{seconds * 1e6:,.0f} µs"] for kind, seconds in processors(found).items()]
    rows += [
        ["**all processes**", f"**{sum(processors(found).values()) * 1e6:,.0f} µs**"],
        ["write-ahead log", f"{used['wal bytes']:,.0f} bytes"],
        ["commits", f"{used['commits']:.1f}"],
        ["events; deliveries; mails", f"{found['events']:.1f}; {found['deliveries']:.1f}; {found['mails']:.1f}"],
        ["commands at the broker", f"{used['broker commands']:.1f}"],
        ["bytes sent to the broker", f"{used['broker bytes in']:,.0f}"],
        ["bytes of tables and indexes, after vacuum", f"{sum(found['grown'].values()):,.0f}"],
        ["bytes of files (its document)", f"{found['file bytes']:,.0f}"],
        ["PostgreSQL's processor time: of one commit by psycopg", f"{used['cpu PostgreSQL'] / one['cpu PostgreSQL']:.0f} ×"],
        ["write-ahead log: of one commit by psycopg", f"{used['wal bytes'] / one['wal bytes']:.1f} ×"],
    ]
    yield from _table(["an application, through everything", "measured"], rows)


def _by_table(found: dict[str, Any]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, size in found["grown"].items():
        table = name.removesuffix(" (indexes)")
        sums[table] = sums.get(table, 0) + size
    return dict(sorted(sums.items(), key=lambda one: -one[1]))


def _tables(found: dict[str, Any]) -> Iterator[str]:
    rows = []
    for table, size in list(_by_table(found).items())[:SHOWN]:
        indexes = found["grown"].get(f"{table} (indexes)", 0)
        rows.append([f"`{table}`", f"{size - indexes:,.0f}", f"{indexes:,.0f}", f"{size * EGOV / 1e9:,.0f}"])
    yield from _table(["table", "rows, bytes", "indexes, bytes", f"{EGOV / 1e6:.0f} million of them, GB"], rows)


def _rates(found: dict[str, Any]) -> Iterator[str]:
    cpu, used = processors(found), found["used"]
    rows: list[list[str]] = []
    for kind, seconds in cpu.items():
        rows.append([f"cores: {kind}", *(f"{rate * seconds / BUSY:,.1f}" for rate in RATES)])
    rows.append(["**cores together**", *(f"**{rate * sum(cpu.values()) / BUSY:,.0f}**" for rate in RATES)])
    rows.append(["write-ahead log, MB/s", *(f"{rate * used['wal bytes'] / 1e6:,.1f}" for rate in RATES)])
    rows.append(["commits a second, at most", *(f"{rate * used['commits']:,.0f}" for rate in RATES)])
    rows.append(
        ["rows of `bus.delivery` written and marked a second", *(f"{2 * rate * found['deliveries']:,.0f}" for rate in RATES)]
    )
    rows.append(["new pages of 8 KB a second", *(f"{rate * sum(found['grown'].values()) / 8192:,.0f}" for rate in RATES)])
    rows.append(["mails a second", *(f"{rate * found['mails']:,.0f}" for rate in RATES)])
    rows.append(["commands at the broker a second, at most", *(f"{rate * used['broker commands']:,.0f}" for rate in RATES)])
    rows.append(["connections to PostgreSQL", *(f"{connections(found, rate):,}" for rate in RATES)])
    rows.append(
        ["GB of tables a day of 8 hours", *(f"{rate * 28_800 * sum(found['grown'].values()) / 1e9:,.1f}" for rate in RATES)]
    )
    yield from _table(["computed", *(f"{rate:,}/s" for rate in RATES)], rows)


def connections(found: dict[str, Any], rate: float) -> int:
    """How many connections the processes keep open that take so many a second; one process is one core."""
    kinds = {kind: seconds for kind, seconds in processors(found).items() if kind not in {"PostgreSQL", "broker"}}
    return sum(max(1, math.ceil(rate * seconds / BUSY)) * KEPT.get(kind, KEPT_OTHERWISE) for kind, seconds in kinds.items())


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
        "files": a_year * min(year, CASE_YEARS) * found["file bytes"] / 1e9,
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
