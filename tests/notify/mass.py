"""Many messages at once, for benchmarks and faults."""

from __future__ import annotations

from tests.notify.rough import RoughServer, address
from tests.site import Site

UNDER_WAY = "select exists (select from notify.message where state in ('created', 'deferred', 'sending'))"


def write(site: Site, count: int, first: int = 0) -> None:
    """Messages that applications arrived, to be sent; their addresses say how the rough server treats them."""
    from services.notify.models import Message
    from shared.database import insert_many

    filling = {
        "name": "窓口 花子",
        "procedure": "公園名義使用",
        "receipt_number": "R20261125-0000001",
        "arrival_number": "A20261125-0000001",
        "arrived_at": "2026年11月25日 10:00",
        "path": "/applications/1",
    }
    with site.session("notify") as session:
        for start in range(first, first + count, 1000):
            numbers = range(start, min(start + 1000, first + count))
            insert_many(session, Message, [_row(address(number), filling) for number in numbers])
        session.commit()


def _row(recipient: str, filling: dict[str, str]) -> dict[str, object]:
    from shared.database import new_id

    one = new_id()
    return {
        "id": one,
        "event_id": one,
        "subject": str(one),
        "channel": "email",
        "template": "arrived",
        "language": "ja",
        "recipient": recipient,
        "filling": filling,
        "state": "created",
        "attempts": 0,
    }


def came_of(site: Site) -> dict[str, int]:
    """State → how many messages."""
    return {row["state"]: row["n"] for row in site.rows("select state, count(*) as n from notify.message group by 1")}


def check(site: Site, server: RoughServer, count: int) -> None:
    """Each taken once, and sent but for the dropped ones, which are unknown. Raises AssertionError."""
    dropped = sum(address(number).startswith("drop") for number in range(count))
    found = came_of(site)
    if found != {"sent": count - dropped, "unknown": dropped}:
        raise AssertionError(f"of {count} mails, {dropped} dropped, came {found}")
    taken = server.taken()
    if {taken[address(number)] for number in range(count)} != {1} or len(taken) != count:
        raise AssertionError("the server took a mail twice, or not at all, or one too many")
