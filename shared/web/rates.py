"""Limits of rate on what changes something: a token bucket for each key or cookie, and one for each address.

The buckets live in the process: with n processes behind one address a caller may get n times as far. They keep one caller from
crowding out the others; they are no accounting.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from shared.buckets import Buckets
from shared.problems import Problem, TooMany
from shared.web.callers import COOKIE, bearer


@dataclass(frozen=True)
class Rate:
    """Requests a second that may change something; 0 is without limit."""

    per_caller: float
    per_address: float


_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class RateLimit:
    """Around the application: answers 429 with Retry-After to who sends too fast. `paths` have rates of their own."""

    def __init__(
        self, app: Any, *, rate: Rate, paths: Mapping[str, Rate], refuse: Callable[[Request, Problem], Response]
    ) -> None:
        self.app = app
        self._refuse = refuse
        self._common = _both(rate)
        self._own = {path: _both(own) for path, own in paths.items()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "http" and scope["method"] in _CHANGING:
            callers, addresses = self._own.get(scope["path"], self._common)
            if callers or addresses:
                wait = _wait(Request(scope), callers, addresses)
                if wait:
                    problem = TooMany("Send more slowly; nothing was accepted", retry_after=math.ceil(wait))
                    await self._refuse(Request(scope), problem)(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def _both(rate: Rate) -> tuple[Buckets | None, Buckets | None]:
    return (
        Buckets(rate.per_caller) if rate.per_caller else None,
        Buckets(rate.per_address) if rate.per_address else None,
    )


def _wait(request: Request, callers: Buckets | None, addresses: Buckets | None) -> float:
    secret = bearer(request) or request.cookies.get(COOKIE)
    wait = 0.0
    if callers and secret:
        wait = callers.take(hashlib.sha256(secret.encode()).digest())
    if addresses and not wait and request.client:
        wait = addresses.take(request.client.host.encode())
    return wait
