"""What the house sends to itself, to see that it works."""

from __future__ import annotations

from typing import ClassVar

from shared.events.envelope import Event


class CanarySent(Event):
    """Nothing happened. That every service answers it within a minute shows that the bus, the bell and the workers do their work.

    Its sequence is the minute since the epoch, so there is one a minute however many send it.
    """

    type: ClassVar[str] = "canary.sent.v1"
    source: ClassVar[str] = "intake"
    personal: ClassVar[bool] = False
