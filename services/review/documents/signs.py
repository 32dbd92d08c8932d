"""Signs that a document can show. PDF/A takes none without a glyph: what the fonts lack becomes 〓 (下駄), as in print."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

GETA = "〓"
# The font that every text of the frame falls back on (typst/frame.typ).
_FONT = ("noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf")
_SELECTORS = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # which shape of the sign before (IVS)

_NO_SIGN = 0xFFFE  # U+FFFE, U+FFFF and those like them in other planes


@cache
def _known() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # with the first document: it is a tenth of a second

    package, name = _FONT
    with TTFont(str(files(package) / name), lazy=True) as font:
        return frozenset(font.getBestCmap())


def shown(text: str) -> str:
    """A text with signs only that can be shown; controls, those of the direction of writing too, are left out."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


@lru_cache(maxsize=8192)
def _shown(sign: str) -> str:
    if sign in "\n\t" or _SELECTORS.match(sign):
        return sign
    if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or ord(sign) & _NO_SIGN == _NO_SIGN:
        return ""
    return sign if ord(sign) in _known() else GETA
