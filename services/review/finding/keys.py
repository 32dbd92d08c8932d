"""The text a case is found by, and the pieces of it that an index can hold.

Japanese has no blanks between words, and PostgreSQL's pg_trgm finds no kanji under the locale C. So a text is folded (NFKC,
small letters, one kana, only letters and digits), and the index has its pairs of neighbouring signs: all pairs of what is
searched for have to be there, and then the text itself is asked. Pairs of Latin letters and digits are in nearly every text; of
those the index has pieces of three and six.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from services.review.models import Case
from shared.japanese import folded
from shared.procedure.model import Procedure
from shared.procedure.reading import sections

QUERY_LIMIT = 200
WORDS = 10
# Signs of a text that are looked at; an application has some hundreds.
TEXT_LIMIT = 50_000
# Pieces of a word that are looked up: more do not narrow it down.
MOST_GRAMS = 24
SHORT, LONG = 3, 6
_DASH_AFTER_KANA = re.compile(r"(?<=[ァ-ヺー])[-‐‑‒–—―−ー]+")  # a long vowel, however it was typed
_NUMBER = re.compile(r"[ra][0-9]{8}-[0-9]{6,}")


def plain(text: str) -> str:
    """A text as it is compared: 株式会社 窓口電機 and 株式会社窓口電機, 03-1234-5678 and 0312345678 are the same."""
    return "".join(sign for sign in _DASH_AFTER_KANA.sub("ー", folded(text)) if sign.isalnum())


def text_of(case: Case, procedure: Procedure) -> str:
    """What a case is found by, a line each: its numbers, who applies, and what was answered, as people read it."""
    applicant = case.applicant
    agent = applicant.get("agent") or {}
    found = [case.receipt_number, case.arrival_number, case.contact.get("name")]
    found += [party.get(part) for party in (applicant, agent) for part in ("name", "corporate_number")]
    lines = (plain(text) for text in (*found, *_answered(case, procedure)) if text)
    return "\n".join(line for line in lines if line)[:TEXT_LIMIT]


def _answered(case: Case, procedure: Procedure) -> Iterator[str]:
    for section in sections(procedure, case.answers, "ja"):
        for entry in section.entries:
            yield entry.text
            yield from (text for row in entry.rows for text in row)


def words(wanted: str) -> list[str]:
    """What somebody searches for, word by word, as texts are compared."""
    return [word for word in map(plain, folded(wanted[:QUERY_LIMIT]).split()[:WORDS]) if word]


def numbers(wanted: str) -> list[str]:
    """The receipt and arrival numbers in what somebody searches for; these are looked up as they are."""
    return [word.upper() for word in folded(wanted[:QUERY_LIMIT]).split()[:WORDS] if _NUMBER.fullmatch(word)]


def grams(text: str) -> set[int]:
    """The pieces of a text that the index holds."""
    return {_hash(piece) for line in text.split("\n") for piece in _pieces(line)}


def grams_of(word: str) -> list[int]:
    """The pieces that a text needs to hold a word; none where the word is too short or too common to tell."""
    if word.isascii():
        length = LONG if len(word) >= LONG else SHORT
        pieces = [word[at : at + length] for at in range(len(word) - length + 1)]
    elif len(word) == 1:
        pieces = [word] if _is_kanji(word) else []
    else:
        pairs = [word[at : at + 2] for at in range(len(word) - 1)]
        pieces = [pair for pair in pairs if not pair.isascii()]
    return list(dict.fromkeys(map(_hash, pieces)))[:MOST_GRAMS]


def _pieces(line: str) -> Iterator[str]:
    for at, sign in enumerate(line):
        if not sign.isascii():
            if _is_kanji(sign):
                yield sign
            yield line[at : at + 2]
            continue
        if at + 1 < len(line) and not line[at + 1].isascii():
            yield line[at : at + 2]
        for length in (SHORT, LONG):
            piece = line[at : at + length]
            if len(piece) == length and piece.isascii():
                yield piece


def _is_kanji(sign: str) -> bool:
    return "㐀" <= sign <= "鿿" or "豈" <= sign <= "﫿" or sign >= "\U00020000"


def _hash(piece: str) -> int:
    """As a signed number of 32 bits; two pieces with the same one only cost a look at the text."""
    return zlib.crc32(piece.encode()) - 2**31
