"""How the services are, as the one address tells it."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass, field

import orjson

PATIENCE = 6.0
_LONGEST = 64 * 1024


@dataclass(frozen=True)
class Health:
    """A service and which of its parts are not well. `status`: ok, degraded, down."""

    service: str
    status: str
    ill: list[str] = field(default_factory=list)


def healths(address: str) -> list[Health] | None:
    """The services' health; None when the address does not answer as it should."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - the settings allow http(s) only
            body = answer.read(_LONGEST)
    except urllib.error.HTTPError as error:  # 503 tells who is down
        with error:
            body = error.read(_LONGEST)
    except OSError:
        return None
    try:
        told = orjson.loads(body)["services"]
        return [_health(name, one) for name, one in told.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _health(name: str, told: dict[str, dict[str, dict[str, object]]]) -> Health:
    ill = [part for part, how in told.get("parts", {}).items() if not how["ok"]]
    return Health(name, str(told["status"]), ill)
