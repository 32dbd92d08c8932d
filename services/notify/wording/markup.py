"""The Markdown of messages: headings, paragraphs, lists, links, rules and quotes, as HTML and as plain text.

Everything else of CommonMark is off: what looks like HTML, an image, code or emphasis is text. Places for values (slots) are
marked while a text is parsed, and filled in afterwards, so that no value is ever read as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.notify.wording.language import MARKS

_RULES = ("heading", "list", "hr", "blockquote", "link", "autolink", "newline", "escape")
_SLOT = re.compile(f"{MARKS[0]}([a-z]?)(\\d+){MARKS[1]}")
_LINKED = re.compile(rf"(?:https?://|mailto:)[^\s]+|{MARKS[0]}\d+{MARKS[1]}")
# A bare address in a text: the signs of RFC 3986, and places for values; the last one is no punctuation.
_ADDRESS = re.compile(rf"https?://[\w\-.~:/?#\[\]@!$&'*+,;=%{MARKS}]*[\w\-~/#@$&*+=%{MARKS}]", re.ASCII)
_NOTIFY_BULLET = re.compile(r"^([ \t]*)•[ \t]*", re.MULTILINE)
_NOTIFY_INSET = re.compile(r"^[ \t]*\^[ \t]?", re.MULTILINE)
_RULE = "-" * 60
_HEADINGS = {"h1": "=" * 40, "h2": "-" * 40}


@dataclass(frozen=True)
class Slot:
    """A place for a value: its number, and what stands around it.

    p: a paragraph, which a list may interrupt. l: an item of a list. o: an item that is nothing else. i: a line.
    t: the text of a link.
    u: the whole address of a link. q: a part of an address. s: the subject.
    """

    kind: str
    number: int


def mark(number: int, kind: str = "") -> str:
    """What stands for a value in a text."""
    return f"{MARKS[0]}{kind}{number}{MARKS[1]}"


def split(marked: str) -> tuple[tuple[str, ...], tuple[Slot, ...]]:
    """The stretches of a marked text, and the slots between them."""
    pieces = _SLOT.split(marked)
    slots = tuple(Slot(kind, int(number)) for kind, number in zip(pieces[1::3], pieces[2::3], strict=True))
    return tuple(pieces[::3]), slots


def _reader() -> MarkdownIt:
    reader = MarkdownIt("zero", {"breaks": True, "html": False}).enable(list(_RULES))
    own: Any = reader  # an address stays as it is written, with its slots
    own.normalizeLink = own.normalizeLinkText = str
    own.validateLink = _LINKED.fullmatch
    return reader


_READER = _reader()


def read(source: str) -> list[Token]:
    """The tokens of a text. The bullet • and the inset ^ of GOV.UK Notify are understood too."""
    return _READER.parse(_NOTIFY_INSET.sub("> ", _NOTIFY_BULLET.sub(r"\1- ", source)))


def html_of(tokens: list[Token]) -> str:
    """The marked HTML of a text."""
    return "".join(_blocks_as_html(tokens))


def _blocks_as_html(tokens: list[Token]) -> Iterator[str]:
    around: list[str] = []
    for token in tokens:
        if token.type == "inline":
            yield _line(token.children or [], _kind(around), as_html=True)
        elif token.nesting == 1:
            around.append("hidden" if token.hidden else token.type)
            if not token.hidden:
                start = f' start="{token.attrs["start"]}"' if "start" in token.attrs else ""
                yield f"<{token.tag}{start}>"
        elif token.nesting == -1:
            around.pop()
            if not token.hidden:
                yield f"</{token.tag}>"
        else:
            yield "<hr>"


def _kind(around: list[str]) -> str:
    """The paragraphs of items that follow each other closely have no tags of their own: they are hidden."""
    return {"paragraph_open": "p", "hidden": "l"}.get(around[-1] if around else "", "i")


def _line(children: list[Token], kind: str, *, as_html: bool) -> str:
    """One line of text with its links; an address that stands bare is a link too."""
    if kind == "l" and len(children) == 1 and _SLOT.fullmatch(children[0].content):
        kind = "o"
    out: list[str] = []
    href: str | None = None
    begun = 0
    for token in children:
        if token.type == "link_open":
            href, begun = str(token.attrs["href"]), len(out)
        elif token.type == "link_close":
            said = "".join(out[begun:])
            out[begun:] = [_link(href or "", said, as_html=as_html)]
            href = None
        elif token.type in {"softbreak", "hardbreak"}:
            out.append("<br>" if as_html else "\n")
        else:
            out.append(_text(token.content, "t" if href else kind, as_html=as_html))
    return "".join(out)


def _link(href: str, said: str, *, as_html: bool) -> str:
    whole = _SLOT.fullmatch(href)
    target = _marked(href, "u" if whole else "q")
    if as_html:
        return f'<a href="{escape(target)}">{said}</a>'
    return target if _SLOT.sub(r"\2", said) == _SLOT.sub(r"\2", href) else f"{said}: {target}"


def _text(content: str, kind: str, *, as_html: bool) -> str:
    out, at = [], 0
    for found in _ADDRESS.finditer(content) if kind != "t" else ():
        address = _marked(found[0], "q")
        out.append(_plain(content[at : found.start()], kind, as_html=as_html))
        out.append(f'<a href="{escape(address)}">{escape(address)}</a>' if as_html else address)
        at = found.end()
    return "".join(out) + _plain(content[at:], kind, as_html=as_html)


def _plain(content: str, kind: str, *, as_html: bool) -> str:
    return _marked(escape(content) if as_html else content, kind)


def _marked(content: str, kind: str) -> str:
    return _SLOT.sub(lambda found: mark(int(found[2]), kind), content)


def text_of(tokens: list[Token]) -> str:
    """The marked plain text of a text: bullets as hyphens, quotes after “> ”, links as text and address."""
    return _joined(tokens, "i").strip("\n")


def _joined(tokens: list[Token], inside: str) -> str:
    """The blocks of these tokens, a blank line between them; none between the items of a list."""
    blocks: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        end = at
        if token.nesting == 1:
            end = next(i for i in range(at + 1, len(tokens)) if tokens[i].nesting == -1 and tokens[i].level == token.level)
        blocks.append(_block(token, tokens[at + 1 : end], inside))
        at = end + 1
    return ("\n" if inside == "list" else "\n\n").join(blocks)


def _block(token: Token, within: list[Token], inside: str) -> str:
    if token.type == "hr":
        return _RULE
    if token.type in {"paragraph_open", "heading_open"}:
        heading = token.type == "heading_open"
        line = _line(within[0].children or [], "i" if heading else "l" if inside == "item" else "p", as_html=False)
        return f"{line}\n{_HEADINGS[token.tag]}" if token.tag in _HEADINGS else line
    if token.type == "blockquote_open":
        return _indented(_joined(within, inside), "> ", "> ")
    if token.type == "list_item_open":
        head = f"{token.info}{token.markup} " if token.info else "- "
        return _indented(_joined(within, "item").replace("\n\n", "\n"), head, " " * len(head))
    return _joined(within, "list")


def _indented(text: str, first: str, others: str) -> str:
    return "\n".join((others if number else first) + line for number, line in enumerate(text.split("\n")))
