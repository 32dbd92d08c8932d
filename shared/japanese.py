"""What is particular to Japan: the era calendar, corporate numbers, prefectures. Thin over libraries."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from stdnum.jp import cn

_ERAS = ((date(2019, 5, 1), "令和"), (date(1989, 1, 8), "平成"), (date(1926, 12, 25), "昭和"))

# The 47 prefectures by their code (JIS X 0401).
_NAMES = """
北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 新潟県 富山県
石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県
岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県
"""
PREFECTURES: dict[str, str] = {f"{code:02}": name for code, name in enumerate(_NAMES.split(), start=1)}


def wareki(day: date) -> str:
    """A day in the Japanese era calendar, as in 令和8年11月23日 (元号法)."""
    for start, era in _ERAS:
        if day >= start:
            year = day.year - start.year + 1
            return f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return f"{day.year}年{day.month}月{day.day}日"


def is_corporate_number(number: str) -> bool:
    """Whether the 13 digits of a 法人番号 carry the right check digit (法人番号の指定等に関する省令2条)."""
    return cn.is_valid(number) and number.isdigit()


_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_DASH_AFTER_KANA = re.compile(r"(?<=[ァ-ヺー])[-‐‑‒–—―−ー]+")  # a long vowel, however it was typed
_LEGAL_FORM = (
    r"(?:(?:特例)?(?:株式|有限|合同|合資|合名)会社|(?:一般|公益)?(?:社団|財団)法人"
    r"|[(](?:株|有|同|資|名|社|財|一社|一財|公社|公財)[)])"
)
_BEFORE_OR_AFTER = re.compile(rf"^\s*{_LEGAL_FORM}|{_LEGAL_FORM}\s*$")


def folded(text: str) -> str:
    """A text to search in or for: NFKC, small letters, hiragana as katakana."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_HIRAGANA_TO_KATAKANA)


def same_text(text: str) -> str:
    """A text without what people write differently, to compare by: 株式会社 窓口電機 and 窓口電機㈱ become one.

    NFKC, small letters, hiragana as katakana, no legal form at either end, no blanks and marks. Kanji stay as NFKC leaves them.
    """
    whole = folded(text)
    bare = _BEFORE_OR_AFTER.sub("", whole) or whole
    return "".join(sign for sign in _DASH_AFTER_KANA.sub("ー", bare) if sign.isalnum())
