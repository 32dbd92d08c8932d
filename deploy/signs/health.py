"""How the services are, as the one address tells it."""

from __future__ import annotations

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

PATIENCE = 6.0
_LONGEST = 64 * 1024


@dataclass(frozen=True)
class Health:
    """A service, which of its parts are not well, and what each part says of itself. `status`: ok, degraded, down."""

    service: str
    status: str
    ill: list[str] = field(default_factory=list)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)


def healths(addresses: list[str]) -> list[Health] | None:
    """The services' health, each address telling of one or of all; None when the only address does not answer as it should."""
    with ThreadPoolExecutor(len(addresses)) as asking:
        told = list(asking.map(_told, addresses))
    if told == [None]:
        return None
    return [one for address, some in zip(addresses, told, strict=True) for one in some or [_silent(address)]]


def _told(address: str) -> list[Health] | None:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - the settings allow http(s) only
            body = answer.read(_LONGEST)
    except urllib.error.HTTPError as error:  # 503 tells who is down
        with error:
            body = error.read(_LONGEST)
    except OSError:
        return None
    try:
        told = orjson.loads(body)
        services = told["services"] if "services" in told else {told["service"]: told}
        return [_health(name, one) for name, one in services.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _silent(address: str) -> Health:
    return Health(urlsplit(address).hostname or address, "down")


def _health(name: str, told: dict[str, dict[str, dict[str, Any]]]) -> Health:
    parts = told.get("parts", {})
    ill = [part for part, how in parts.items() if not how["ok"]]
    return Health(name, str(told["status"]), ill, parts)
