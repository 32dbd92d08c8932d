"""Problems in OpenAPI: which a route may answer with."""

from __future__ import annotations

from typing import Any

_MEANING = {
    400: "The request cannot be read",
    401: "No valid key or session",
    403: "Not allowed for this caller",
    404: "Not there, or not for this caller to see",
    409: "The present state does not allow it",
    410: "Used already, or too old",
    413: "Too large",
    422: "Entries need mending; `errors` lists them",
    429: "Too many requests; see Retry-After",
    503: "A part is down; nothing was accepted; see Retry-After",
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem (RFC 9457)",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901) into the body"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["type", "title", "status"],
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems."""
    return {
        status: {"description": _MEANING[status], "content": {"application/problem+json": {"schema": PROBLEM_SCHEMA}}}
        for status in statuses
    }
