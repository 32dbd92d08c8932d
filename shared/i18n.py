"""Texts in the reader's language: Japanese first, English too. Message ids are the English texts.

Catalogues are gettext files under shared/locale/<language>/LC_MESSAGES/madoguchi.po, read at first use.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any, Literal

from babel.core import negotiate_locale
from babel.messages.pofile import read_po

from shared.japanese import wareki

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")
DEFAULT: Language = "ja"
JST = timezone(timedelta(hours=9), "JST")

_LOCALE = Path(__file__).parent / "locale"


@cache
def _catalogue(language: Language) -> dict[str, str]:
    path = _LOCALE / language / "LC_MESSAGES" / "madoguchi.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}


def message(text: str) -> str:
    """Mark a text for the catalogues that is translated elsewhere, where it is shown."""
    return text


def translate(text: str, language: Language, /, **values: Any) -> str:
    """The English `text` in `language`, its placeholders filled. An unknown text stays as it is."""
    translated = _catalogue(language).get(text, text)
    return translated.format(**values) if values else translated


class Said:
    """A text for people before it is known who reads it: an English message id with what fills its placeholders."""

    def __init__(self, text: str, /, **values: Any) -> None:
        self.text, self.values = text, values

    def within(self, language: Language) -> str:
        """The text in `language`."""
        return translate(self.text, language, **self.values)

    def __str__(self) -> str:
        return self.within("en")

    def __repr__(self) -> str:
        return f"Said({str(self)!r})"


def negotiate(accept_language: str | None) -> Language:
    """The language for an Accept-Language header (RFC 9110 section 12.5.4); Japanese where nothing fits."""
    wishes: list[tuple[float, str]] = []
    for part in (accept_language or "")[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wishes.append((float(quality or 1), tag))
        except ValueError:
            continue
    preferred = [tag for quality, tag in sorted(wishes, key=lambda wish: -wish[0]) if tag and quality > 0]
    found = negotiate_locale(preferred, LANGUAGES, sep="-")
    return found if found in LANGUAGES else DEFAULT


def show_date(moment: date | datetime, language: Language) -> str:
    """A day as people write it: in Japanese with the era and the western year, in Japan's time."""
    day = moment.astimezone(JST).date() if isinstance(moment, datetime) else moment
    return f"{wareki(day)}（{day.year}年）" if language == "ja" else f"{day.day} {day:%B %Y}"


def show_month(day: date, language: Language) -> str:
    """A month as people write it: in Japanese with the era and the western year."""
    return f"{wareki(day.replace(day=1)).removesuffix('1日')}（{day.year}年）" if language == "ja" else f"{day:%B %Y}"


def show_time(moment: datetime, language: Language) -> str:
    """A day and a time of day in Japan's time."""
    local = moment.astimezone(JST)
    return f"{show_date(moment, language)} {local:%H:%M}" + ("" if language == "ja" else " JST")


def show_age(seconds: float, language: Language) -> str:
    """How long something has waited, in its largest whole unit."""
    for unit, text in ((86400, message("{count} d")), (3600, message("{count} h")), (60, message("{count} min"))):
        if seconds >= unit:
            return translate(text, language, count=int(seconds // unit))
    return translate(message("{count} s"), language, count=int(seconds))
