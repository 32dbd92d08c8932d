"""What a message says: the text of its template with its values, in the shape of its channel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from services.notify.wording.compiling import Compiled, Text, compile_template

_FOLDER = Path(__file__).parent / "texts"


def shipped(key: str, language: str) -> tuple[str, str]:
    """Subject and body of a text that comes with the house. Raises KeyError."""
    try:
        subject, _, body = (_FOLDER / f"{key}.{language}.txt").read_text(encoding="utf-8").partition("\n\n")
    except FileNotFoundError:
        raise KeyError(key) from None
    return subject, body


@cache
def _shipped(key: str, language: str, channel: str) -> Compiled:
    return compile_template(*shipped(key, language), channel, language)


def render(key: str, language: str, filling: Mapping[str, Any], channel: str = "email") -> Text:
    """The template filled. Raises KeyError for one that is not there, MissingPlaceholders for values that are not."""
    return _shipped(key, language, channel).fill(filling)
