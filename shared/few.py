"""What takes long is done for few at a time, so that it holds up nobody who wants something else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from shared.problems import Unavailable


class Few:
    """Places for so many threads of a process; whoever finds none is sent away instead of waiting with a thread of his own."""

    def __init__(self, most: int) -> None:
        self._places = BoundedSemaphore(most)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place, for as long as the block takes. Raises Unavailable."""
        if not self._places.acquire(blocking=False):
            raise Unavailable("Many papers are asked for at this moment; try again shortly", retry_after=5)
        try:
            yield
        finally:
            self._places.release()
