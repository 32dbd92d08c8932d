"""Refusals in the shape and the words that the clients of GOV.UK Notify know."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer that is no success: `error` is its kind, each of `messages` one thing that is wrong."""

    def __init__(self, status: int, error: str, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status
        self.error = error
        self.messages = messages

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        errors = [{"error": self.error, "message": text} for text in dict.fromkeys(self.messages)]
        return {"status_code": self.status, "errors": errors}


def bad_request(text: str, status: int = 400) -> Refusal:
    """The request is understood, and cannot be done."""
    return Refusal(status, "BadRequestError", text)


def invalid(*texts: str) -> Refusal:
    """The request does not have the form it has to have."""
    return Refusal(400, "ValidationError", *texts)


def not_authenticated(text: str, status: int = 403) -> Refusal:
    """There is no valid token."""
    return Refusal(status, "AuthError", text)


def nothing_found() -> Refusal:
    """It is not there, or not this client's."""
    return Refusal(404, "NoResultFound", "No result found")
