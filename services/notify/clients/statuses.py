"""How a message stands, in the words of GOV.UK Notify, told by the database: a filter and an answer never differ."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case
from sqlmodel import col

from services.notify.models import Message

STATUSES = (
    "cancelled", "created", "sending", "sent", "delivered", "pending", "failed", "technical-failure", "temporary-failure",
    "permanent-failure", "pending-virus-check", "validation-failed", "virus-scan-failed", "returned-letter", "accepted",
    "received",
)  # fmt: skip
FAILURES = ("technical-failure", "temporary-failure", "permanent-failure")
_state, _error = col(Message.state), col(Message.error)
_mail, _letter = col(Message.channel) == "email", col(Message.channel) == "letter"

# A mail that the next server has is delivered: so Notify means it, nothing more is heard of most, and a bounce still changes it.
# Of a text message the provider tells. `unknown` is pending, since the client must not send
# it again: an operator finds out. A failure is temporary if the last answer was no refusal for good.
STATUS: ColumnElement[str] = case(
    (_letter & _state.in_(("created", "deferred", "sending", "sent")), "accepted"),
    (_letter & (_state == "delivered"), "received"),
    (_state == "created", "created"),
    (_state.in_(("deferred", "sending")), "sending"),
    (_mail & (_state == "sent"), "delivered"),
    (_state == "sent", "sending"),
    (_state == "merged", "delivered"),
    (_state == "delivered", "delivered"),
    (_state == "unknown", "pending"),
    (_state == "cancelled", "cancelled"),
    (_state == "bounced", "permanent-failure"),
    (_error.startswith("the recipient is suppressed"), "permanent-failure"),
    (_error.op("~")("^(no connection|no answer|the connection broke|the name )"), "temporary-failure"),
    # of a mail by RFC 5321 section 4.2.1, of all others by RFC 9110
    (_mail & _error.op("~")("^5[0-9][0-9]"), "permanent-failure"),
    (_mail & _error.op("~")("^4[0-9][0-9]"), "temporary-failure"),
    (_error.op("~")("^(408|409|425|429|5[0-9][0-9])"), "temporary-failure"),
    (_error.op("~")("^4[0-9][0-9]"), "permanent-failure"),
    else_="technical-failure",
)


def has_status(wanted: list[str]) -> ColumnElement[bool]:
    """The condition that a message has one of these statuses; `failed` is any failure."""
    every = [*wanted, *(FAILURES if "failed" in wanted else ())]
    return STATUS.in_(every)
