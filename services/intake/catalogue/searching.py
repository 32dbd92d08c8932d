"""Searching the catalogue, in Japanese and English.

The catalogue is at hand in every process and small (a ministry has some thousands of procedures at most), so the search runs
there. Japanese has no blanks between words, and PostgreSQL's pg_trgm finds nothing in kanji under the locale C; what helps is
to compare pairs of neighbouring signs (bigrams).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from services.intake.catalogue.procedures import Published
from shared.japanese import folded
from shared.procedure.model import ApplicantKind, Procedure

QUERY_LIMIT = 200
# So much of a word's pairs have to be there where the word itself is not.
ENOUGH = 0.6
# Words that differ by more letters in length are not slips of one another.
SLIP = 2
_RUNS = re.compile(r"[一-鿿々〆ヶ]+|[ァ-ヺー]+|[^\W_一-鿿々ァ-ヺー]+")
_HIRAGANA = re.compile(r"[ぁ-ゖ]+")


def found(
    every: Iterable[Published], wanted: str = "", *, applicant: ApplicantKind | None = None, only_open: bool = False
) -> Sequence[Published]:
    """The procedures that a search finds, the best first; without words to search for, all in their order."""
    now = datetime.now(UTC)
    fitting = [
        one
        for one in every
        if (applicant is None or applicant in one.procedure.applicants) and (not only_open or one.is_open(now))
    ]
    words = wanted[:QUERY_LIMIT].split()
    if not words:
        return fitting
    ranked = [(score(one.procedure, words), one) for one in fitting]
    return [one for points, one in sorted(ranked, key=lambda pair: -pair[0]) if points > 0]


def score(procedure: Procedure, words: Sequence[str]) -> float:
    """How well a procedure fits; 0 when one of the words is nowhere in it."""
    texts = _texts(procedure)
    points = [_points(word, texts) for word in words]
    return sum(points) if all(points) else 0.0


def _texts(procedure: Procedure) -> list[tuple[float, str]]:
    """The procedure's texts in both languages, each with its weight."""
    weighed = [(4.0, [procedure.title]), (3.0, procedure.keywords), (2.0, [procedure.law, procedure.owner])]
    weighed.append((1.0, [one for one in (procedure.summary, procedure.deadline, procedure.decides) if one]))
    weighed.append((1.0, [document.title for document in procedure.documents]))
    return [(weight, folded(text)) for weight, labels in weighed for one in labels for text in (one.ja, one.en) if text]


def _points(word: str, texts: Sequence[tuple[float, str]]) -> float:
    """The word as it is counts full; else its pieces, or most of their pairs of signs, have to be found."""
    whole = folded(word)
    if not whole:
        return 0.0
    if exact := [weight for weight, text in texts if whole in text]:
        return max(exact)
    # 「電気用品の届出」: particles and endings are hiragana, and say little where there is more
    pieces = _RUNS.findall(folded(_HIRAGANA.sub(" ", word))) or [whole]
    found = [max((weight * _alike(piece, text) for weight, text in texts), default=0.0) for piece in pieces]
    return sum(found) / len(found) if all(found) else 0.0


def _alike(piece: str, text: str) -> float:
    """How much of a piece a text holds: 1 for all of it, 0 for too little."""
    short = len(piece) < 3  # noqa: PLR2004 - one pair of signs alone says nothing
    if piece in (_RUNS.findall(text) if short and piece.isascii() else text):
        return 1.0
    if short:
        return 0.0
    pairs = _pairs(piece)
    if piece.isascii():  # most pairs of letters are in any longer English text, so a word is compared with words
        words = [other for other in _RUNS.findall(text) if abs(len(other) - len(piece)) <= SLIP]
        return max((_share(pairs, _pairs(other)) for other in words), default=0.0)
    return _share(pairs, _pairs(text))


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


def _share(pairs: set[str], others: set[str]) -> float:
    share = len(pairs & others) / len(pairs)
    return share / 2 if share >= ENOUGH else 0.0
