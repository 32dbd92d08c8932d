"""Receipts as PDF with their font embedded. (The documents of offices are set by the desk: services/review/documents.)"""

from __future__ import annotations

import threading
from importlib.resources import files
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode

from shared.i18n import Language, translate

_FONT = files("noto_cjk_sans_jp_regular") / "NotoSansCJKjp-Regular.otf"
# Embedding a font costs a second of processor: the other requests of the process must not wait for several.
ONE_AT_A_TIME = threading.Lock()
_MARGIN = 20  # mm
TEXT, SMALL, HEADING, TITLE = 10, 8, 12, 18  # pt
BLACK, GREY = 0, 90


class Sheet(FPDF):
    """A4 pages of labels and texts. Nothing on it is a table: an answer may be longer than a page."""

    def __init__(self, language: Language, title: str) -> None:
        super().__init__(format="A4")
        self.language = language
        self.name = title
        self.set_title(title)
        self.set_lang(language)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(True, margin=_MARGIN)
        self.add_font("sheet", fname=str(_FONT))
        self.set_font("sheet", size=TEXT)
        self.add_page()

    def footer(self) -> None:
        """Which paper, which page."""
        self.set_y(-_MARGIN + 5)
        self.set_font("sheet", size=SMALL)
        self.set_text_color(GREY)
        self.cell(0, 5, f"{self.name}  –  {self.page_no()}", align="R")
        self.set_text_color(BLACK)

    def say(self, text: str, *, size: int = TEXT, after: float = 0, colour: int = BLACK) -> None:
        """A paragraph, broken where its language allows."""
        self.set_font("sheet", size=size)
        self.set_text_color(colour)
        wrap = WrapMode.CHAR if self.language == "ja" else WrapMode.WORD
        self.multi_cell(0, size * 0.55, text, new_x="LMARGIN", new_y="NEXT", align="L", wrapmode=wrap)
        if after:
            self.ln(after)

    def heading(self, text: str) -> None:
        """A heading that does not stand alone at a page's end."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(3)
        self.say(text, size=HEADING, after=1)
        self.line(_MARGIN, self.y, self.w - _MARGIN, self.y)
        self.ln(2)

    def entry(self, term: str, text: str) -> None:
        """A label and what was entered there."""
        if self.will_page_break(12):
            self.add_page()
        self.say(term, size=SMALL, colour=GREY)
        self.say(text or translate("Not entered", self.language), after=2)

    def section(self, title: str, entries: list[dict[str, Any]]) -> None:
        """A page of the form."""
        self.heading(title)
        for entry in entries:
            if not entry["headers"]:
                self.entry(entry["label"], entry["text"])
                continue
            for number, row in enumerate(entry["rows"], start=1):
                between = translate(": ", self.language)
                empty = translate("Not entered", self.language)
                parts = [f"{head}{between}{text or empty}" for head, text in zip(entry["headers"], row, strict=True)]
                self.entry(f"{entry['label']} {number}", "\n".join(parts))
            if not entry["rows"]:
                self.entry(entry["label"], "")
