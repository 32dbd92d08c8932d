"""What is wrong with a text, and what may be: before it is saved, and of all that the house ships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.notify.editing.kinds import Channel, names_of, samples
from services.notify.wording.compiling import Compiled, compile_template
from services.notify.wording.language import name_key
from services.notify.wording.rendering import shipped
from shared.i18n import LANGUAGES, message
from shared.problems import Invalid

# Three parts of a long SMS in Japanese (UCS-2, 67 characters a part).
LONG_SMS = 201
_PAIRS = (("(", ")"), ("（", "）"), ("「", "」"), ("[", "]"), ("【", "】"))


@dataclass(frozen=True)
class Finding:
    """Something to mend (an error keeps a text from being saved) or to look at."""

    level: str
    detail: str
    values: dict[str, Any] = field(default_factory=dict)


def lint(key: str, channel: Channel, language: str, subject: str, body: str) -> list[Finding]:
    """The findings on a text of a kind. Raises KeyError for what is no kind."""
    known = {name_key(name) for name in names_of(key)}
    try:
        compiled = compile_template(subject, body, channel, language)
    except Invalid as error:
        return [Finding("error", error.detail, error.values)]
    found = list(_missing(subject, body, channel))
    if unknown := [name for name in compiled.placeholders if name_key(name) not in known]:
        found.append(Finding("error", message("Messages of this kind have no {names}"), {"names": ", ".join(unknown)}))
    return found or list(_doubts(key, channel, language, compiled, subject + "\n" + body))


def _missing(subject: str, body: str, channel: Channel) -> Iterator[Finding]:
    if channel != "sms" and not subject.strip():
        yield Finding("error", message("Write a subject"))
    if not body.strip():
        yield Finding("error", message("Write a text"))


def _doubts(key: str, channel: Channel, language: str, compiled: Compiled, text: str) -> Iterator[Finding]:
    filled = compiled.fill(samples(key, language))
    if channel == "sms" and len(filled.body) > LONG_SMS:
        detail = message("With sample values the SMS has {count} characters, which is long")
        yield Finding("warning", detail, {"count": len(filled.body)})
    used = {name_key(name) for name in compiled.placeholders}
    if "link" not in used and "((link))" in shipped(key, language, channel)[1]:
        yield Finding("warning", message("The text does not say ((link)): its readers find no way to the page"))
    for opening, closing in _PAIRS:
        if text.count(opening) != text.count(closing):
            values = {"opening": opening, "closing": closing}
            yield Finding("warning", message("There are not as many {opening} as {closing}"), values)
    if any(sign in text for sign in ("{{", "{%", "${")):
        yield Finding("warning", message("Placeholders are written ((name)); other signs stay as they are"))


def lint_shipped(key: str, channel: Channel = "email") -> list[Finding]:
    """The findings on a text that the house ships, in all languages."""
    found = []
    for language in LANGUAGES:
        try:
            found += lint(key, channel, language, *shipped(key, language, channel))
        except KeyError as missing:
            found.append(Finding("error", message("It is missing in {language}"), {"language": f"{language} ({missing})"}))
    return found
