"""What Prometheus is told of messages."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlmodel import Session

from services.notify.messages.channels import counts
from shared.telemetry.measuring import Measured

_WAITING = text("""
select channel, count(*) as waiting, coalesce(extract(epoch from now() - min(next_attempt_at)), 0) as oldest
from notify.message
where state in ('created', 'deferred', 'sending') and next_attempt_at <= now() and not digest
group by channel
""")


def measured(session: Session) -> Iterator[Measured]:
    """What is due on each channel, and what ended badly."""
    for row in session.execute(_WAITING):
        labels = {"channel": row.channel}
        yield Measured("madoguchi_messages_due", "Messages that are due and not handed over", row.waiting, labels)
        yield Measured("madoguchi_message_oldest_seconds", "How long the oldest message that is due has been", row.oldest, labels)
    for (channel, state), number in counts(session, states=("failed", "unknown", "bounced")).items():
        if number:
            labels = {"channel": channel, "state": state}
            yield Measured("madoguchi_messages_held", "Messages that failed, bounced or are unknown", number, labels)
