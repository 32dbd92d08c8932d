"""Texts of messages: a file a template and language, its first line the subject, with ((placeholders)) to fill."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "texts"
_PLACEHOLDER = re.compile(r"\(\((\w+)\)\)")


@dataclass(frozen=True)
class Text:
    """A subject without line breaks, and a plain text."""

    subject: str
    body: str


@cache
def _template(name: str, language: str) -> Text:
    subject, _, body = (_FOLDER / f"{name}.{language}.txt").read_text(encoding="utf-8").partition("\n\n")
    return Text(subject, body)


def render(name: str, language: str, filling: Mapping[str, str]) -> Text:
    """The template filled. Values are put in as they are, once; a line break in the subject becomes a space. Raises KeyError."""
    template = _template(name, language)
    subject = _PLACEHOLDER.sub(lambda found: " ".join(filling[found[1]].split()), template.subject)
    body = _PLACEHOLDER.sub(lambda found: filling[found[1]], template.body)
    return Text(subject, body)
