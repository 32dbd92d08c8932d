"""Errors that reach a caller, as RFC 9457 problems.

    Problem
    ├── Invalid          422  the content breaks a rule; `errors` lists each place and what to do
    ├── Malformed        400  the request can't be read
    ├── Unauthorised     401  no valid key or session
    ├── Forbidden        403  the caller is known, but may not
    ├── NotFound         404  it is not there, or not for this caller to see
    ├── Conflict         409  the thing is in another state than the request needs
    ├── Gone             410  a link was used, or is too old
    ├── TooLarge         413  over a limit of size
    ├── TooMany          429  over a limit of rate; `retry_after` in seconds
    └── Unavailable      503  a part is down or full; nothing was accepted; `retry_after` in seconds

Every text is an English message id, translated when it is shown (shared.i18n), with `{placeholders}` filled after that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One place that needs mending: `pointer` is a JSON Pointer (RFC 6901) into the request's body."""

    pointer: str
    detail: str
    values: dict[str, Any] = field(default_factory=dict)


def json_pointer(*steps: str | int) -> str:
    """A JSON Pointer (RFC 6901) along these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


class Problem(Exception):
    """A failure with an HTTP status, said in the caller's language. `values` fill the placeholders of `detail`."""

    status: ClassVar[int] = 500
    name: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self, detail: str = "", /, *, errors: list[FieldError] | None = None, retry_after: int | None = None, **values: Any
    ) -> None:
        super().__init__(detail.format(**values) if values else detail)
        self.detail = detail
        self.values = values
        self.errors = errors or []
        self.retry_after = retry_after


class Malformed(Problem):
    """The request can't be read."""

    status, name, title = 400, "malformed", "The request cannot be read"


class Unauthorised(Problem):
    """No valid key or session."""

    status, name, title = 401, "unauthorised", "Sign in, or send a valid key"


class Forbidden(Problem):
    """The caller is known, but may not."""

    status, name, title = 403, "forbidden", "This is not allowed for you"


class NotFound(Problem):
    """It is not there, or not for this caller to see."""

    status, name, title = 404, "not-found", "There is no such thing here"


class Conflict(Problem):
    """The thing is in another state than the request needs."""

    status, name, title = 409, "conflict", "This cannot be done in the present state"


class Gone(Problem):
    """A link was used, or is too old."""

    status, name, title = 410, "gone", "This link does not work any more"


class TooLarge(Problem):
    """Over a limit of size."""

    status, name, title = 413, "too-large", "The request is too large"


class Invalid(Problem):
    """The content breaks a rule; `errors` lists each place and what to do."""

    status, name, title = 422, "invalid", "Some entries need mending"


class TooMany(Problem):
    """Over a limit of rate; `retry_after` in seconds."""

    status, name, title = 429, "too-many", "Too many requests"


class Unavailable(Problem):
    """A part is down or full; nothing was accepted; `retry_after` in seconds."""

    status, name, title = 503, "unavailable", "The service is not available for the moment"
