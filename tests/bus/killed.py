"""`python -m tests.bus.killed <database url> <event id> …`: take deliveries as a worker does, and die where one says `kill`."""

from __future__ import annotations

import sys
from uuid import UUID

from tests.bus.parts import Listener

if __name__ == "__main__":
    print(Listener(sys.argv[1]).takes([UUID(one) for one in sys.argv[2:]]))  # noqa: T201 - its parent reads it
