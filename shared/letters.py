"""Documents that an office issues (通知書): a text to an applicant with its number and day, as a PDF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.i18n import show_date, translate

TITLE_LIMIT, TEXT_LIMIT = 200, 20_000  # characters


@dataclass(frozen=True)
class Letter:
    """A document. Its language is that of the office: Japanese."""

    number: str
    title: str
    text: str
    addressee: str
    office: str
    procedure: str
    arrival_number: str
    issued_at: datetime


def letter_pdf(letter: Letter) -> bytes:
    """The document as a PDF; the same bytes each time, as long as the programs that make it are the same."""
    from shared.pdf import ONE_AT_A_TIME, TITLE, Sheet  # with the first PDF: it is a quarter of what a process loads

    with ONE_AT_A_TIME:
        sheet = Sheet("ja", f"{letter.title} {letter.number}")
        sheet.set_creation_date(letter.issued_at)
        sheet.side(letter.number)
        sheet.side(show_date(letter.issued_at, "ja"), after=4)
        sheet.say(f"{letter.addressee} 様", after=4)
        sheet.side(letter.office, after=8)
        sheet.say(letter.title, size=TITLE, after=8)
        sheet.say(letter.text, after=8)
        sheet.entry(translate("Procedure", "ja"), letter.procedure)
        sheet.entry(translate("Arrival number", "ja"), letter.arrival_number)
        return bytes(sheet.output())
