"""What processes and tables use, as the kernel and PostgreSQL count it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.site import Site

_TICK = os.sysconf("SC_CLK_TCK")
_SIZES = """
select n.nspname || '.' || c.relname as name, pg_table_size(c.oid) as rows, pg_indexes_size(c.oid) as indexes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname in ('intake', 'review', 'notify', 'opendata', 'bus', 'identity', 'operation')
"""


def processor_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Of each process, its children and theirs, those that ended with them: user and system time."""
    parents, ticks = {}, {}
    for pid, parent, counted in _processes():
        parents[pid], ticks[pid] = parent, counted
    found = dict.fromkeys(pids, 0)
    names = {pid: name for name, pid in pids.items()}
    for pid, counted in ticks.items():
        ancestor = pid
        while ancestor in parents and ancestor not in names:
            ancestor = parents[ancestor]
        if ancestor in names:
            found[names[ancestor]] += counted
    return {name: counted / _TICK for name, counted in found.items()}


def _processes() -> Iterator[tuple[int, int, int]]:
    """Each process of this machine: id, parent, ticks."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name is in brackets and may hold anything. Then: state, parent … utime, stime, cutime, cstime.
            told = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        yield int(stat.parent.name), int(told[1]), sum(map(int, told[11:15]))


def family(pid: int) -> list[int]:
    """A process, its children and theirs."""
    parents = {one: parent for one, parent, _ in _processes()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def child_named(program: str) -> int:
    """The child of this process that runs a program."""
    for pid, parent, _ in _processes():
        if parent == os.getpid() and program in Path(f"/proc/{pid}/cmdline").read_text():
            return pid
    raise LookupError(program)


def tables(site: Site) -> dict[str, float]:
    """Bytes of each table, and of its indexes."""
    found = {}
    for row in site.rows(_SIZES):
        found[row["name"]] = float(row["rows"])
        found[f"{row['name']} (indexes)"] = float(row["indexes"])
    return found
