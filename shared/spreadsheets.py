"""Texts in files that people open with a spreadsheet."""

from __future__ import annotations

import re

# With what formulas begin, also in full width, as Japanese input writes them; whatever blanks stand before it.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula (CSV injection, CWE-1236): one that it would gets an apostrophe in front."""
    return f"'{text}" if _FORMULA.match(text) else text
