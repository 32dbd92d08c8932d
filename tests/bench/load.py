"""A lean HTTP/1.1 client: CONNECTIONS keep-alive connections that send prepared filings one after the other.

`python -m tests.bench.load HOST PORT KEY CONNECTIONS SECONDS` prints answers a second and the latencies as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid

from tests.bench.sample import ACCEPTED, body


async def _connection(address: tuple[str, int], head: str, until: float, latencies: list[float], failures: list[str]) -> None:
    reader, writer = await asyncio.open_connection(*address)
    content = body(ACCEPTED)
    while (started := time.perf_counter()) < until:
        request = f"{head}Idempotency-Key: {uuid.uuid4()}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        rest = await reader.readexactly(length)
        if answer.startswith(b"HTTP/1.1 202"):
            latencies.append(time.perf_counter() - started)
        else:
            failures.append((answer + rest).decode()[:500])
    writer.close()


async def run(host: str, port: int, key: str, connections: int, seconds: float) -> dict[str, object]:
    """File as fast as the answers come."""
    latencies: list[float] = []
    failures: list[str] = []
    until = time.perf_counter() + seconds
    head = f"POST /v1/applications HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    await asyncio.gather(*(_connection((host, port), head, until, latencies, failures) for _ in range(connections)))
    latencies.sort()
    return {
        "accepted": len(latencies),
        "per_second": len(latencies) / seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
        "failures": failures[:3],
    }


if __name__ == "__main__":
    host_, port_, key_, connections_, seconds_ = sys.argv[1:]
    print(json.dumps(asyncio.run(run(host_, int(port_), key_, int(connections_), float(seconds_)))))  # noqa: T201
