"""Messages to send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from services.notify.settings import Settings
from shared.bus.deliver import deliver
from shared.events import Contact, Event, SignInRequested
from shared.settings import load
from tests.bus.parts import announce, arrived
from tests.site import Site

if TYPE_CHECKING:
    from services.notify.sending.sending import Sender


def tell(site: Site, *events: Event, service: str = "intake") -> None:
    """Publish events, and let the post hear of them."""
    from services.notify.tasks import work

    assert deliver(work.post, announce(site, *events, service=service)) == len(events)


def write_to(site: Site, *emails: str, name: str = "窓口 花子", language: str = "ja") -> None:
    """Messages that an application arrived, to be sent."""
    contacts = [Contact(name=name, email=email, language=language) for email in emails]
    tell(site, *(arrived().model_copy(update={"contact": contact}) for contact in contacts))


def a_link(email: str = "a@example.com") -> SignInRequested:
    return SignInRequested(
        subject=str(uuid4()),
        sequence=1,
        link_id=uuid4(),
        path="/sign-in/open",
        contact=Contact(name="窓口 花子", email=email),
        expires_at=datetime.now(UTC) + timedelta(minutes=15),
    )


@contextmanager
def sender_to(smtp_url: str, connections: int = 1, **settings: str) -> Iterator[Sender]:
    """What the errand sends with, by this server."""
    from services.notify.channels.email.smtp import SmtpCarrier, domain_of
    from services.notify.sending.pacing import Pace
    from services.notify.sending.sending import Sender
    from services.notify.tasks import engine
    from services.notify.wording.rendering import Wordings

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"smtp_url": smtp_url, **settings}.items():
            patch.setenv(f"MADOGUCHI_NOTIFY_{name.upper()}", value)
        loaded = load(Settings)
    wordings = Wordings(engine, loaded)
    pace = Pace(domain_of, at_once=loaded.smtp_domain_connections, per_second=loaded.smtp_domain_rate)
    sender = Sender(engine, "email", [SmtpCarrier(loaded, wordings) for _ in range(connections)], pace)
    try:
        yield sender
    finally:
        sender.close()


def send(smtp_url: str, connections: int = 1, **settings: str) -> int:
    """What the errand does, by this server, until nothing more is due. Returns how many were taken."""
    more, sent, all_sent = True, 0, 0
    with sender_to(smtp_url, connections, **settings) as sender:
        while more or sent:
            more = sender.turn()
            sent = sender.settle()
            all_sent += sent
    return all_sent


def message(site: Site, email: str) -> dict[str, Any]:
    """The one message to an address."""
    every = site.rows("select *, extract(epoch from next_attempt_at - now()) as wait from notify.message")
    (found,) = (one for one in every if one["recipient"] == email)
    return found


def states(site: Site) -> dict[str, str]:
    """Address → state."""
    return {row["recipient"]: row["state"] for row in site.rows("select recipient, state from notify.message")}


def make_due(site: Site) -> None:
    """Let the wait pass."""
    site.run("update notify.message set next_attempt_at = now() - interval '1 second'")
