"""Whether the work gets done: the canary, what failed for good, backups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from deploy.checkup.database import variable
from deploy.checkup.findings import Finding
from deploy.paths import SERVICES
from shared.operation.measuring import BACKUPS, BASE, WAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# One is sent a minute.
CANARY_LATE = timedelta(minutes=4)
BACKUPS_LATE = {BASE: timedelta(hours=26), WAL: timedelta(minutes=15)}
BACKUP_PAGE = "docs/runbooks/backup-late.md"

_HEARD = """
select d.service, max(e.time) filter (where d.state = 'done') from bus.delivery d join bus.event e on e.id = d.event_id
where d.source = 'intake' and d.subject = 'canary' group by 1
"""
_SENT = "select max(time), now() - pg_postmaster_start_time() from bus.event where source = 'intake' and subject = 'canary'"
_DEAD = "select subscriber, count(*) from bus.delivery where state = 'dead' group by 1 order by 1"
_UNKNOWN = "select count(*) from notify.message where state = 'unknown'"


def look(get: Callable[[str], str], *, production: bool) -> Iterator[Finding]:
    """As the owner sees it. `production`: a backup must be there."""
    with psycopg.connect(get(variable("owner")).replace("+psycopg", "", 1), connect_timeout=5, autocommit=True) as connection:
        yield from _canary(connection)
        yield from _failed(connection)
        yield from _backups(connection, production=production)


def _canary(connection: psycopg.Connection) -> Iterator[Finding]:
    sent, up = connection.execute(_SENT).fetchone() or (None, timedelta())
    now = datetime.now(UTC)
    page = "docs/runbooks/canary-late.md"
    if sent is None or now - sent > CANARY_LATE:
        if up < CANARY_LATE:
            yield Finding("beat and workers: too early to tell, the first canary is not sent yet")
            return
        when = "was ever sent" if sent is None else f"was sent for {_minutes(now - sent)}"
        yield Finding(
            f"no canary {when}: beat or the counter's worker does not run",
            "See their logs and start them: madoguchi status; docker compose ps beat intake-worker.",
            page,
        )
        return
    heard: dict[str, datetime | None] = dict(connection.execute(_HEARD).fetchall())
    for service in SERVICES:
        last = heard.get(service)
        if last is None or now - last > CANARY_LATE:
            since = "never" if last is None else f"for {_minutes(now - last)} not"
            yield Finding(
                f"the worker of {service} has {since} handled the canary",
                f"See its log and start it: madoguchi status; docker compose ps {service}-worker.",
                page,
            )
        else:
            yield Finding(f"the worker of {service} handles what comes")


def _failed(connection: psycopg.Connection) -> Iterator[Finding]:
    for subscriber, count in connection.execute(_DEAD):
        yield Finding(
            f"{count} deliveries to {subscriber} failed for good",
            "madoguchi deadletters, or the console: mend the cause, then replay.",
            "docs/runbooks/dead-letters.md",
        )
    unknown = (connection.execute(_UNKNOWN).fetchone() or (0,))[0]
    if unknown:
        yield Finding(
            f"of {unknown} messages nobody knows whether they were sent",
            "madoguchi messages list --state unknown; look at the mail server's log, then settle each.",
            "docs/runbooks/messages-unknown.md",
        )


def _backups(connection: psycopg.Connection, *, production: bool) -> Iterator[Finding]:
    found = {kind: (age, failed) for kind, age, failed in connection.execute(BACKUPS.encode())}
    if found.get(BASE, (None, False))[0] is None:
        yield Finding(
            "no backup was ever made",
            "Set one up: docker compose --profile backup up --detach." if production else "",
            "docs/backup.md",
        )
    for kind, (age, failed) in found.items():
        late = BACKUPS_LATE.get(kind)
        if failed:
            yield Finding(f"the last {kind} failed", "See the log of the backups; then try: madoguchi backup now.", BACKUP_PAGE)
        elif late and age is not None and age > late.total_seconds():
            old = _minutes(timedelta(seconds=age))
            yield Finding(
                f"the newest {kind} is {old} old", "See the log of the backups, and madoguchi backup list.", BACKUP_PAGE
            )
        elif age is not None:
            yield Finding(f"{kind} is well")


def _minutes(passed: timedelta) -> str:
    minutes = int(passed.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"  # noqa: PLR2004 - two hours
