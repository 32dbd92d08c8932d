"""A template made ready: parsed, laid out and styled once, so that a message costs no more than putting its values in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from services.notify.wording.language import (
    MARKS,
    MOST_BODY,
    MOST_SUBJECT,
    Conditional,
    Part,
    Placeholder,
    by_key,
    names_of,
    parse,
    says_yes,
)
from services.notify.wording.layout import opening, page
from services.notify.wording.markup import Slot, html_of, mark, read, split, text_of
from shared.i18n import message
from shared.problems import Invalid

_MOST_VARIANTS = 64
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Control characters, our marks, and what turns the direction of the text around it.
_UNSEEN = re.compile(f"[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff{MARKS}]")
_HTTP = re.compile(r"https?://[\w\-.~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)
_MANY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Text:
    """A subject in one line, a plain text, and HTML: a whole page for a mail, a fragment for a letter or inbox, "" for SMS."""

    subject: str
    body: str
    html: str = ""


class Link(str):
    """An address that the house itself made. As a value it becomes a link; other values are only ever text."""

    __slots__ = ()


class MissingPlaceholders(Invalid):
    """Values that a template needs are not there; `names` as the template writes them."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(message("Missing values: {names}"), names=", ".join(names))
        self.names = tuple(names)


@dataclass(frozen=True)
class _Variant:
    """What a template is when its conditions are decided: stretches of text, and the slots between them."""

    text: tuple[tuple[str, ...], tuple[Slot, ...]]
    html: tuple[tuple[str, ...], tuple[Slot, ...]]
    keys: tuple[str, ...]


class Compiled:
    """A template for one channel and language. Threads may share it."""

    def __init__(self, subject: str, body: str, channel: str, language: str, frame: tuple[str, str]) -> None:
        self.channel = channel
        self.language = language
        self._subject = parse(" ".join(subject.split()))
        self._body = parse(body.replace("\r\n", "\n"))
        self._frame = frame
        self._names = names_of(self._subject, self._body)
        # Their names in their order, each as it is first written.
        self.placeholders = tuple(self._names.values())
        self._flags = tuple({part.key: True for part in self._body if isinstance(part, Conditional)})
        self._variants: dict[tuple[bool, ...], _Variant] = {}

    def fill(self, personalisation: Mapping[str, Any]) -> Text:
        """The text with these values: strings, numbers, or lists of them. What is not in the template is passed over.

        Values are text and nothing else: none is read as Markdown, HTML or a placeholder, none adds a line to the subject.
        A list is bullets in a mail or letter, and commas in a line. Raises MissingPlaceholders.
        """
        values = by_key(personalisation)
        if lacking := [name for key, name in self._names.items() if key not in values]:
            raise MissingPlaceholders(lacking)
        subject = " ".join(self._in_line(self._subject, values).split())
        if self.channel == "sms":
            return Text(subject, _MANY_LINES.sub("\n\n", self._in_line(self._body, values)).strip())
        variant = self._variant(tuple(says_yes(values[key]) for key in self._flags))
        given = [values[key] for key in variant.keys]
        text = _fill(variant.text, given, "\n", self._as_text)
        as_html = _Html(self.language, subject, inlined=self.channel == "email")
        html = as_html.tidied(_fill(variant.html, given, "<br>", as_html.value))
        return Text(subject, _MANY_LINES.sub("\n\n", text).strip("\n") + "\n", html)

    def _in_line(self, parts: Iterable[Part], values: Mapping[str, Any]) -> str:
        """These parts without any Markdown, as subjects and SMS are."""
        out = []
        for part in parts:
            match part:
                case str():
                    out.append(part)
                case Placeholder():
                    out.append(in_line(values[part.key], self.language))
                case Conditional() if says_yes(values[part.key]):
                    out.append(part.text)
        return "".join(out)

    def _variant(self, flags: tuple[bool, ...]) -> _Variant:
        found = self._variants.get(flags)
        if found is None:
            if len(self._variants) >= _MOST_VARIANTS:
                self._variants.clear()
            found = self._variants[flags] = self._laid_out(dict(zip(self._flags, flags, strict=True)))
        return found

    def _laid_out(self, flags: Mapping[str, bool]) -> _Variant:
        source: list[str] = []
        keys: list[str] = []
        for part in self._body:
            match part:
                case str():
                    source.append(part)
                case Placeholder():
                    source.append(mark(len(keys)))
                    keys.append(part.key)
                case Conditional() if flags[part.key]:
                    source.append(part.text)
        blocks = [read(one) for one in (self._frame[0], "".join(source), self._frame[1])]
        header, body, footer = (html_of(tokens) for tokens in blocks)
        html = page(self.language, body, header, footer) if self.channel == "email" else header + body + footer
        text = "\n\n".join(text for tokens in blocks if (text := text_of(tokens)))
        return _Variant(split(text), split(html), tuple(keys))

    def _as_text(self, slot: Slot, value: Any) -> str:
        if isinstance(value, list | tuple) and slot.kind == "o":
            return "\n- ".join(items(value))
        if isinstance(value, list | tuple) and slot.kind in "pl":
            head = "\n- " if slot.kind == "p" else "\n  - "
            return "".join(head + item for item in items(value)) + "\n"
        shown = in_line(value, self.language)
        return _address(shown, slot.kind) if slot.kind in "uq" else shown


class _Html:
    """How values are written in HTML."""

    def __init__(self, language: str, subject: str, *, inlined: bool) -> None:
        self._language = language
        self._subject = subject
        self._inlined = inlined
        self._blocks = False

    def value(self, slot: Slot, value: Any) -> str:
        if slot.kind == "s":
            return escape(self._subject)
        if isinstance(value, list | tuple) and slot.kind in "plo":
            return self._bullets(slot, items(value))
        shown = in_line(value, self._language)
        if slot.kind in "uq":
            return escape(_address(shown, slot.kind))
        if isinstance(value, Link) and slot.kind != "t":
            return f'{opening("a", inlined=self._inlined)[:-1]} href="{escape(shown)}">{escape(shown)}</a>'
        self._blocks = self._blocks or not shown
        return escape(shown).replace("\n", "<br>")

    def _bullets(self, slot: Slot, given: list[str]) -> str:
        self._blocks = True
        item = opening("li", inlined=self._inlined)
        if slot.kind == "o":
            return f"</li>{item}".join(map(escape, given))
        listed = "".join(f"{item}{escape(one)}</li>" for one in given)
        bullets = f"{opening('ul', inlined=self._inlined)}{listed}</ul>" if given else ""
        return f"</p>{bullets}{opening('p', inlined=self._inlined)}" if slot.kind == "p" else bullets

    def tidied(self, html: str) -> str:
        """Without the paragraphs and breaks that a list or an empty value left empty."""
        if not self._blocks:
            return html
        paragraph = opening("p", inlined=self._inlined)
        html = html.replace("<br></p>", "</p>").replace(f"{paragraph}<br>", paragraph)
        return html.replace(f"{paragraph}</p>", "")


def compile_template(
    subject: str, body: str, channel: str, language: str = "ja", *, header: str = "", footer: str = ""
) -> Compiled:
    """A template made ready for a channel. Header and footer are Markdown without placeholders.

    Raises TemplateError where it breaks the language, Invalid where it is too long.
    """
    for text, most in ((subject, MOST_SUBJECT), (body, MOST_BODY)):
        if len(text) > most:
            raise Invalid(message("Use at most {max_length} characters"), max_length=most)
    return Compiled(subject, body, channel, language, (header, footer))


def cleaned(value: Any) -> str:
    """A value as text: line breaks are line feeds, nothing is unseen."""
    text = str(value)
    return text if text.isprintable() else _UNSEEN.sub("", _BREAKS.sub("\n", text))


def items(value: Iterable[Any]) -> list[str]:
    """The items of a list, each in one line; those of nothing are passed over."""
    lines = (" ".join(cleaned(one).split()) for one in value if one is not None)
    return [line for line in lines if line]


def in_line(value: Any, language: str) -> str:
    """A value within a line: the items of a list with commas, as the language has them. Line breaks stay."""
    if not isinstance(value, list | tuple):
        return cleaned(value).strip("\n")
    given = items(value)
    if language == "ja":
        return "、".join(given)
    return " and ".join(one for one in (", ".join(given[:-1]), *given[-1:]) if one)


def _address(value: str, kind: str) -> str:
    """A value as an address, or as a part of one. What is no http address leads nowhere."""
    if kind == "q":
        return quote(value, safe="")
    return value if _HTTP.fullmatch(value) else "#"


def _fill(
    marked: tuple[tuple[str, ...], tuple[Slot, ...]], given: Sequence[Any], line: str, write: Callable[[Slot, Any], str]
) -> str:
    """The stretches with the values between them. A line that holds nothing but an empty value is left out."""
    stretches, slots = marked
    out, before = [stretches[0]], stretches[0]
    for slot, stretch in zip(slots, stretches[1:], strict=True):
        value = write(slot, None if slot.kind == "s" else given[slot.number])
        lonely = not value and stretch.startswith(line) and (not before or before.endswith(line))
        before = stretch[len(line) :] if lonely else stretch
        out += (value, before)
    return "".join(out)
