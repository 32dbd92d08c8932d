"""A letter as PDF: A4, folded in three, its address in the window of an envelope (長形3号, window 90 × 45 mm)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.i18n import JST, Language, show_date
from shared.pdf import BLACK, GREY, HEADING, ONE_AT_A_TIME, SMALL, TEXT, Sheet

# Of the window, in mm from the sheet's upper left corner, with a margin so that the sheet may move in its envelope.
_WINDOW_LEFT, _WINDOW_TOP, _WINDOW_WIDTH, _WINDOW_HEIGHT = 22.0, 20.0, 78.0, 36.0
_FOLDS = (99.0, 198.0)
_BODY_TOP = 105.0
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


class _LetterSheet(Sheet):
    def footer(self) -> None:
        """Which page of how many."""
        self.set_y(-15)
        self.set_font("sheet", size=SMALL)
        self.set_text_color(GREY)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")
        self.set_text_color(BLACK)


def address_lines(recipient: str, name: str, language: Language) -> list[str]:
    """The lines of an address, its last or first one the person. Raises ValueError for what fits no window."""
    lines = [" ".join(line.split()) for line in recipient.splitlines() if line.strip()]
    if name and name not in lines and language == "ja" and not any(name in line for line in lines):
        lines.append(f"{name} 様")
    if not 2 <= len(lines) <= MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):  # noqa: PLR2004 - a place and a person
        raise ValueError(f"an address has 2 to {MOST_LINES} lines of at most {LONGEST_LINE} characters")
    return lines


def drawn(letter: Letter) -> bytes:
    """The PDF of a letter: the same bytes each time."""
    with ONE_AT_A_TIME:
        sheet = _LetterSheet(letter.language, letter.subject)
        sheet.set_creation_date(letter.at)
        _address(sheet, letter.address)
        sheet.set_draw_color(GREY)
        for fold in _FOLDS:
            sheet.line(4, fold, 8, fold)
        sheet.set_draw_color(BLACK)
        sheet.set_xy(sheet.l_margin, _WINDOW_TOP + _WINDOW_HEIGHT + 8)
        for line in (show_date(letter.at.astimezone(JST), letter.language), *letter.sender.splitlines()):
            sheet.set_font("sheet", size=TEXT)
            sheet.multi_cell(0, 5.5, line, align="R", new_x="LMARGIN", new_y="NEXT")
        sheet.set_y(max(_BODY_TOP, sheet.y + 6))
        sheet.say(letter.subject, size=HEADING, after=4)
        for part in letter.body.strip().split("\n\n"):
            sheet.say(part, after=3)
        return bytes(sheet.output())


def _address(sheet: Sheet, lines: Sequence[str]) -> None:
    """Each line as large as fits the window."""
    height = min(6.0, _WINDOW_HEIGHT / len(lines))
    for number, line in enumerate(lines):
        size = 11.0
        sheet.set_font("sheet", size=size)
        while sheet.get_string_width(line) > _WINDOW_WIDTH and size > 5:  # noqa: PLR2004 - smaller is not read
            size -= 0.5
            sheet.set_font("sheet", size=size)
        sheet.set_xy(_WINDOW_LEFT, _WINDOW_TOP + number * height)
        sheet.cell(_WINDOW_WIDTH, height, line)
