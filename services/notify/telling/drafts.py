"""A message to be."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events import Contact


@dataclass(frozen=True)
class Draft:
    """A message to be: to whom, by which template, filled with what."""

    to: Contact
    template: str
    filling: dict[str, str]
