"""A worker that could not acknowledge goes on reading.

kombu (5.7) counts a message whose acknowledgement failed as being worked on for ever. When the broker is gone at the moment
when all of a worker's places end their work, none is ever free again: the worker no longer reads from its queues, so it does
not even notice that the broker is back. Here the place is freed all the same. The broker gives such a message out once more
after the visibility timeout, and a bell rung twice does no harm.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis, virtual


class ForgivingQoS(redis.QoS):
    """What a worker has taken and not acknowledged yet."""

    def ack(self, delivery_tag: Any) -> None:
        """Acknowledge; the place is free afterwards, whether the broker heard it or not."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call] # kombu has no types
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call] # as above
            raise


def install() -> None:
    """From now on the workers of this process acknowledge so."""
    redis.Channel.QoS = ForgivingQoS
