"""A letter as PDF: A4, folded in three, its address in the window of an envelope (letter.typ)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from shared.i18n import JST, Language, show_date
from shared.typesetting.typesetting import set_sources

MOST_LINES = 8
LONGEST_LINE = 100


@dataclass(frozen=True)
class Letter:
    """What a letter says, and to whom."""

    address: Sequence[str]
    subject: str
    body: str
    at: datetime
    language: Language
    sender: str = ""


def address_lines(recipient: str, name: str, language: Language) -> list[str]:
    """The lines of an address, its last or first one the person. Raises ValueError for what fits no window."""
    lines = [" ".join(line.split()) for line in recipient.splitlines() if line.strip()]
    if name and language == "ja" and not any(name in line for line in lines):
        lines.append(f"{name} 様")
    if not 2 <= len(lines) <= MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):  # noqa: PLR2004 - a place and a person
        raise ValueError(f"an address has 2 to {MOST_LINES} lines of at most {LONGEST_LINE} characters")
    return lines


def drawn(letter: Letter) -> bytes:
    """The PDF of a letter: the same bytes each time. Raises shared.typesetting.Unset."""
    day = letter.at.astimezone(JST)
    doc = {
        "address": "\n".join(letter.address),
        "subject": " ".join(letter.subject.split()),
        "body": letter.body.strip(),
        "date": show_date(day, letter.language),
        "day": [day.year, day.month, day.day],
        "sender": letter.sender,
        "language": letter.language,
    }
    return set_sources("letter", {"letter": _template()}, doc, {}, letter.at)


@cache
def _template() -> str:
    return (Path(__file__).parent / "letter.typ").read_text(encoding="utf-8")
