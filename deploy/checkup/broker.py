"""Redis or Valkey: that it answers, throws nothing away, and has room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis

from deploy.checkup.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OLDEST = 7
MEMORY_USED = 0.8
WANTED = (
    ("maxmemory-policy", "noeviction", "any other may throw a queue away"),
    ("appendonly", "yes", "without it a restart forgets the queues"),
)


def look(get: Callable[[str], str]) -> Iterator[Finding]:
    """As the services reach it."""
    try:
        with redis.Redis.from_url(
            get("MADOGUCHI_BROKER_URL"), socket_timeout=5, socket_connect_timeout=5, decode_responses=True
        ) as client:
            client.ping()
            said: Any = client.config_get("maxmemory-policy", "appendonly", "maxmemory")
            info: Any = client.info()
    except redis.RedisError as error:
        yield Finding(
            f"the broker does not answer: {error}",
            "Check MADOGUCHI_BROKER_URL and that the broker runs; its account needs INFO and CONFIG GET. Filing works on.",
        )
        return
    yield _version(info)
    for name, wanted, why in WANTED:
        if said.get(name) == wanted:
            yield Finding(f"broker: {name} {wanted}")
        else:
            yield Finding(f"broker: {name} is {said.get(name)}", f"Set {name} {wanted} in its configuration: {why}.")
    if info.get("aof_last_write_status", "ok") != "ok" or info.get("aof_last_bgrewrite_status", "ok") != "ok":
        yield Finding("the broker can't write its log", "Free some disk; see its log file.")
    most, used = int(said.get("maxmemory") or 0), int(info["used_memory"])
    if most and used > most * MEMORY_USED:
        yield Finding(
            f"the broker has used {used / 1e6:.0f} of {most / 1e6:.0f} MB; when it is full nobody is rung, only swept",
            "See whether the workers run (madoguchi status, docker compose ps); if they do, add some, or raise maxmemory.",
            "docs/runbooks/deliveries-late.md",
        )
    else:
        yield Finding(f"the broker has used {used / 1e6:.0f} MB" + (f" of {most / 1e6:.0f}" if most else ""))


def _version(info: dict[str, Any]) -> Finding:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info["redis_version"])
    if int(version.partition(".")[0]) < OLDEST:
        return Finding(f"{name} {version} is too old", f"Upgrade to {OLDEST} or newer.")
    return Finding(f"the broker answers: {name} {version}")
