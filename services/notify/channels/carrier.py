"""What a channel has to offer: a carrier, which hands one message over and says what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from services.notify.models import Message

# Called just before a message is handed over for good: False if another sender was faster, and then it must not be.
Mark = Callable[[], bool]


@dataclass(frozen=True)
class Outcome:
    """What came of one try.

    sent: the next server has it. delivered: the recipient has it, and nothing more will be heard. deferred: refused for now.
    failed: refused for good. unknown: nobody can know whether it was taken (RFC 1047).
    """

    state: Literal["sent", "delivered", "deferred", "failed", "unknown"]
    answer: str = ""
    server: str = ""
    # Seconds until the next try, where the other side said so.
    wait: float | None = None


class Unreachable(Exception):
    """The next server cannot be reached, or hung up before anything was handed over. The message waits, and so does the rest."""

    def __init__(self, answer: str, server: str = "") -> None:
        super().__init__(answer)
        self.answer = answer
        self.server = server


class Carrier(Protocol):
    """Hands messages of one channel over, one at a time. It keeps what it opened for the next one."""

    # Seconds until the next try after a refusal for now, one for each try; after the last one a message is failed.
    backoff: Sequence[float]

    def carry(self, message: Message, mark: Mark) -> Outcome | None:
        """Hand it over. None: another sender was faster. Raises Unreachable.

        Whatever else it raises, such as SQLAlchemyError, makes the message `unknown` after it was marked, and else deferred.
        """

    def close(self) -> None:
        """Let go of what is open."""
