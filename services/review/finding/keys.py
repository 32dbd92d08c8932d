"""The text a case is found by, and the pieces of it that an index can hold.

Japanese has no blanks between words, and PostgreSQL's pg_trgm finds no kanji under the locale C. So a text is folded (NFKC,
small letters, one kana, only letters and digits), and the index has its pairs of neighbouring signs: all pairs of what is
searched for have to be there, and then the text itself is asked. Pairs of Latin letters and digits are in nearly every text; of
those the index has pieces of three and six.

What tells of a person is not in the text: in its place there is a token, a keyed hash of the whole value, so that the value is
found and no part of it is (docs/adr/0027).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from services.review.models import Case
from shared.japanese import folded
from shared.procedure.fields import PERSONAL, GroupField, ShownField, SimpleField
from shared.procedure.model import Procedure
from shared.procedure.reading import shown
from shared.sealing.blind import blind

QUERY_LIMIT = 200
WORDS = 10
# Signs of a text that are looked at; an application has some hundreds.
TEXT_LIMIT = 50_000
# Pieces of a word that are looked up: more do not narrow it down.
MOST_GRAMS = 24
SHORT, LONG = 3, 6
_DASH_AFTER_KANA = re.compile(r"(?<=[ァ-ヺー])[-‐‑‒–—―−ー]+")  # a long vowel, however it was typed
# Of a personal value less than this says nothing; and what its token begins with.
LEAST, _TOKEN = 2, "\ue100"
_NUMBER = re.compile(r"[ra][0-9]{8}-[0-9]{6,}")


def plain(text: str) -> str:
    """A text as it is compared: 株式会社 窓口電機 and 株式会社窓口電機, 03-1234-5678 and 0312345678 are the same."""
    return "".join(sign for sign in _DASH_AFTER_KANA.sub("ー", folded(text)) if sign.isalnum())


def text_of(case: Case, procedure: Procedure) -> str:
    """What a case is found by, a line each: its numbers, who applies, and what was answered, as people read it."""
    applicant = case.applicant
    agent = applicant.get("agent") or {}
    answered = list(_answered(procedure, case.answers))
    found = [case.receipt_number, case.arrival_number]
    found += [party.get(part) or "" for party in (applicant, agent) for part in ("name", "corporate_number")]
    found += [shown(one, answer, "ja") for one, answer in answered if not _is_personal(one)]
    personal = [case.contact.get("name", ""), case.contact.get("email", "")]
    personal += [text for one, answer in answered if _is_personal(one) for text in (shown(one, answer, "ja"), *_parts(answer))]
    tokens = dict.fromkeys(token(word) for word in map(plain, personal) if len(word) >= LEAST)
    lines = "\n".join(line for line in map(plain, found) if line)
    return "\n".join([*tokens, lines[:TEXT_LIMIT]])


def _answered(procedure: Procedure, answers: Mapping[str, Any]) -> Iterator[tuple[SimpleField, Any]]:
    """Every field that was answered, with its answer; those of a group once for each row."""
    for one in procedure.fields():
        if isinstance(one, GroupField):
            yield from ((part, row[part.key]) for row in answers.get(one.key) or [] for part in one.fields if part.key in row)
        elif not isinstance(one, ShownField) and one.key in answers:
            yield one, answers[one.key]


def _is_personal(one: SimpleField) -> bool:
    return one.personal or one.type in PERSONAL


def _parts(answer: Any) -> Iterator[str]:
    """What else somebody may know of a personal answer: a name without its reading, the number of an account, a date's digits."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, Mapping):
        yield from (part for part in answer.values() if isinstance(part, str) and part.isdigit())
        yield from (f"{answer.get(f'family{kind}', '')}{answer.get(f'given{kind}', '')}" for kind in ("", "_kana"))


def token(word: str) -> str:
    """What stands in a text for a personal value that is found by its whole: signs that nobody can search for."""
    return _TOKEN + "".join(chr(0xE000 + byte) for byte in blind("review.finding.text", word))


def words(wanted: str) -> list[str]:
    """What somebody searches for, word by word, as texts are compared."""
    return [word for word in map(plain, folded(wanted[:QUERY_LIMIT]).split()[:WORDS]) if word]


def numbers(wanted: str) -> list[str]:
    """The receipt and arrival numbers in what somebody searches for; these are looked up as they are."""
    return [word.upper() for word in folded(wanted[:QUERY_LIMIT]).split()[:WORDS] if _NUMBER.fullmatch(word)]


def grams(text: str) -> set[int]:
    """The pieces of a text that the index holds."""
    lines = text.split("\n")
    return {_hash(piece) for line in lines for piece in ([line] if line.startswith(_TOKEN) else _pieces(line))}


def gram_of(word: str) -> int:
    """The piece that a text has which holds the token of this word."""
    return _hash(token(word))


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
