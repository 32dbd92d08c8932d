"""How PostgreSQL and Redis are, and whether beat wakes what it should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import redis
from sqlalchemy import text

from deploy.signs.sign import Kind, Sign, size
from shared.bus import wakings
from shared.i18n import message

if TYPE_CHECKING:
    from pydantic import SecretStr
    from sqlmodel import Session

    from shared.bus.wakings import Waking

BEAT = message("Schedules")
FULL = 0.8  # of connections, or of the broker's memory
LONG_TRANSACTION = 600.0
OLDEST_ROWS = 1_000_000_000  # transactions; PostgreSQL stops writing at about two thousand millions
OLDEST_BROKER = 7
SLOT_BYTES = 4 * 1024**3  # of the log that a replica has not fetched

_DATABASE = text("""
select pg_database_size(current_database()) as bytes,
       (select sum(numbackends) from pg_stat_database)::int as connections,
       current_setting('max_connections')::int as most,
       (select extract(epoch from now() - min(xact_start))::float from pg_stat_activity
        where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()
          and backend_type = 'client backend') as oldest,
       (select max(age(datfrozenxid)) from pg_database) as frozen,
       pg_has_role('pg_read_all_stats', 'member') as sees,
       (select max(case when pg_is_in_recovery() then 0 else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) end)
        from pg_replication_slots)::float as behind
""")


def postgres(session: Session) -> Iterator[Sign]:
    """The database: its size, its connections, the oldest transaction and rows, and how far replicas are behind."""
    row = session.execute(_DATABASE).one()
    share = row.connections / row.most
    kind: Kind = "good" if share < FULL else "bad"
    text_ = message("{size} of data, {connections} of {most} connections")
    values = {"size": size(row.bytes), "connections": row.connections, "most": row.most}
    yield Sign("servers", "PostgreSQL", kind, text_, values, "database")
    if not row.sees:
        text_ = message("The console may not see how old transactions are")
        yield Sign("servers", "PostgreSQL", "mend", text_, runbook="database")
    elif (row.oldest or 0) > LONG_TRANSACTION:
        text_ = message("A transaction has been open for {age}")
        yield Sign("servers", "PostgreSQL", "bad", text_, {"age": row.oldest}, "database")
    if row.frozen > OLDEST_ROWS:
        text_ = message("Its oldest rows are {count} transactions old: autovacuum does not keep up")
        yield Sign("servers", "PostgreSQL", "bad", text_, {"count": f"{row.frozen:,}"}, "database")
    if row.behind is not None:
        kind = "good" if row.behind < SLOT_BYTES else "bad"
        text_ = message("The log keeps {size} for the slowest replica or backup")
        yield Sign("servers", "PostgreSQL", kind, text_, {"size": size(row.behind)}, "database")


def broker(broker_url: SecretStr) -> Iterator[Sign]:
    """Redis, and whether beat's wakings reach the workers, as they noted there."""
    try:
        with wakings.client_of(broker_url) as client:
            told: Any = client.info("all")
            known = wakings.read(client)
    except redis.RedisError:
        text_ = message("The broker does not answer; filing works on, and nothing else moves")
        yield Sign("servers", "Redis", "bad", text_, runbook="broker")
        return
    version = str(told.get("valkey_version") or told["redis_version"])
    if int(version.partition(".")[0]) < OLDEST_BROKER:
        text_ = message("The broker's version {version} is too old; {least} is the oldest that will do")
        yield Sign("servers", "Redis", "bad", text_, {"version": version, "least": OLDEST_BROKER}, "broker")
    most = told.get("maxmemory") or 0
    values = {"size": size(told.get("used_memory", 0)), "most": size(most) if most else "∞"}
    full = most and told["used_memory"] / most > FULL
    yield Sign("servers", "Redis", "bad" if full else "good", message("{size} of {most} memory"), values, "broker")
    if (policy := told.get("maxmemory_policy")) != "noeviction" or told.get("evicted_keys"):
        text_ = message("The broker may throw queues away (maxmemory-policy {policy})")
        yield Sign("servers", "Redis", "bad", text_, {"policy": policy}, "broker")
    if not told.get("aof_enabled") or told.get("aof_last_write_status") != "ok":
        text_ = message("The broker does not keep its queues on disk (appendonly)")
        yield Sign("servers", "Redis", "mend", text_, runbook="broker")
    yield from schedule(known, datetime.now(UTC))


def schedule(known: Sequence[Waking], now: datetime) -> Iterator[Sign]:
    """Whether beat wakes what it should, and whether that comes to its end."""
    late = [one.name for one in known if one.late(now)]
    failed = [one.name for one in known if not one.ok]
    if late:
        text_ = message("Scheduled work stands still: {names}")
        yield Sign("schedule", BEAT, "bad", text_, {"names": _some(late)}, "schedules", "/console/schedules")
    if failed:
        text_ = message("Scheduled work failed when it ran last: {names}")
        yield Sign("schedule", BEAT, "bad", text_, {"names": _some(failed)}, "schedules", "/console/schedules")
    if not known:
        yield Sign("schedule", BEAT, "mend", message("No worker has said yet what beat wakes"), runbook="schedules")
    elif not late and not failed:
        yield Sign("schedule", BEAT, "good", message("All {count} scheduled tasks run"), {"count": len(known)})


def _some(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")
