"""The form that narrows the list of messages: what was entered, and what the list is narrowed by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import SecretStr

from services.notify.messages.finding import Filter
from services.notify.messages.states import CHANNELS, STATES
from services.notify.recipients.addresses import recipient_hash
from shared.i18n import JST, Language, message, show_date, translate
from shared.problems import FieldError
from shared.validation import text_errors

LABELS = {
    "about": message("Application or number"),
    "recipient": message("Recipient"),
    "state": message("State"),
    "channel": message("Channel"),
    "template": message("Template"),
    "client": message("Client"),
    "from": message("Written from"),
    "to": message("Written until"),
}
TEXT_LIMIT = 100
RECIPIENT_LIMIT = 500


def _one_of(known: Mapping[str, object]) -> Callable[[str], str]:
    def chosen(entry: str) -> str:
        if entry not in known:
            raise ValueError(entry)
        return entry

    return chosen


def _day(entry: str, plus: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(entry) + timedelta(days=plus), time(), JST)


# How an entry is read, and what to do where it cannot be.
_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "recipient": (bytes.fromhex, message("Enter the recipient again")),
    "channel": (_one_of(CHANNELS), message("Choose one of these")),
    "state": (_one_of(STATES), message("Choose one of these")),
    "client": (UUID, message("Write an id of the form 01234567-89ab-7cde-8f01-23456789abcd")),
    "from": (_day, message("Write a day, such as 2026-04-01")),
    "to": (partial(_day, plus=1), message("Write a day, such as 2026-04-01")),
}


@dataclass
class Entered:
    """What was entered, without what is empty, and the filter; entries with errors do not narrow."""

    entries: dict[str, str]
    filter: Filter
    errors: list[FieldError] = field(default_factory=list)

    @property
    def query(self) -> str:
        """The entries as a query."""
        return urlencode(self.entries)


def read(query: Mapping[str, str]) -> Entered:
    """What an address narrows the list by. The recipient stands there by his keyed hash only."""
    entries = {name: query[name].strip() for name in LABELS if query.get(name, "").strip()}
    if "about" not in entries and query.get("subject", "").strip():  # as other pages link here
        entries["about"] = query["subject"].strip()
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, entry in entries.items():
        if wrong := text_errors(f"/{name}", entry, TEXT_LIMIT):
            errors += wrong
            continue
        read_entry, to_do = _READERS.get(name, (str, ""))
        try:
            values[name] = read_entry(entry)
        except (ValueError, OverflowError):
            errors.append(FieldError(f"/{name}", to_do))
    wanted = Filter(
        about=values.get("about", ""),
        template=values.get("template", ""),
        since=values.get("from"),
        until=values.get("to"),
        recipient=values.get("recipient"),
        channel=values.get("channel"),
        state=values.get("state"),
        client=values.get("client"),
    )
    return Entered(entries, wanted, errors)


def address(sent: Mapping[str, str], secret_key: SecretStr) -> str:
    """The query of what was sent, in which nobody can read a recipient."""
    entries = {name: sent[name].strip() for name in LABELS if sent.get(name, "").strip()}
    if to := sent.get("who", "").strip()[:RECIPIENT_LIMIT]:
        entries["recipient"] = recipient_hash(secret_key, to).hex()
    return urlencode(entries)


def chips(entered: Entered, language: Language, without: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """What the list is narrowed by: label, text, and the address without it."""
    wrong = {error.pointer[1:] for error in entered.errors}
    return [
        (translate(LABELS[name], language), _said(name, entry, language), without(name))
        for name, entry in entered.entries.items()
        if name not in wrong
    ]


def _said(name: str, entry: str, language: Language) -> str:
    match name:
        case "recipient":
            return translate(message("as entered"), language)
        case "state":
            return translate(STATES[entry].name, language)
        case "channel":
            return translate(CHANNELS[entry], language)
        case "from" | "to":
            return show_date(date.fromisoformat(entry), language)
    return entry
