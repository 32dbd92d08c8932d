"""What a procedure says of its messages: who is told what, by which channels, and in which words. Written with hyphens in YAML.

Nothing of it needs to be written. What the post writes of each kind of event, it says in services/notify/telling/table.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.procedure.amiss import Amiss
from shared.procedure.fields import Text, Written, must_differ
from shared.validation import EMAIL

Role = Literal["applicant", "official", "managers"]
Way = Literal["email", "sms", "letter", "inbox"]
# By which an official notice can be given: an SMS has no room for one, and the inbox is the officials'.
LASTING = frozenset({"email", "letter"})
MOST_ADDRESSES = 10
# What every message about an application is filled with.
ALWAYS = ("name", "procedure", "link")
_PLACEHOLDER = re.compile(r"\(\(\s*([^()?]+?)\s*(?:\?\?[^()]*)?\)\)")
_IGNORED = str.maketrans("", "", " \u3000\t\n_-")


@dataclass(frozen=True)
class Kind:
    """A kind of message: what it is filled with, and who is told it unless a procedure says otherwise.

    `office`: the event knows which office has the case, so that its managers can be told too. `by_law`: the law wants the
    applicant told (行政手続法7条, 8条), so that it cannot be left out.
    """

    names: tuple[str, ...]
    to: tuple[Role, ...] = ("applicant",)
    office: bool = True
    by_law: bool = False

    @property
    def may_be_told(self) -> tuple[Role, ...]:
        """Whom a procedure may name."""
        return (*self.to, *(("managers",) if self.office and "managers" not in self.to else ()))


_OFFICIAL: tuple[Role, ...] = ("official",)
_OVERSEEN: tuple[Role, ...] = ("official", "managers")
_CASE = ("arrival_number", "group")
_ASSIGNED = (*_CASE, "official", "note")
_CLOCK = (*_CASE, "official", "due_on")
_DUE = ("arrival_number", "due_on")
_DOCUMENT = ("arrival_number", "number")

KINDS: dict[str, Kind] = {
    # the application
    "arrived": Kind(("receipt_number", "arrival_number", "arrived_at"), office=False),
    "returned": Kind(("receipt_number", "mends"), office=False, by_law=True),
    "withdrawn": Kind(("receipt_number", "withdrawn_at"), office=False),
    "corrected": Kind(("receipt_number", "corrected_at"), office=False),
    "decided": Kind(
        (
            *("arrival_number", "decision", "decided_at", "amount", "has_conditions", "conditions"),
            *("has_criteria", "criteria", "reasons", "appeal"),
        ),
        by_law=True,
    ),
    # to who does not want the notice itself electronically (デジタル手続法7条1項): that it comes by post
    "decided-by-post": Kind(("arrival_number", "decided_at")),
    "edited": Kind(("arrival_number",)),
    # the case, at the desk
    "case-opened": Kind(_CASE, _OFFICIAL),
    "case-assigned": Kind(_ASSIGNED, _OFFICIAL),
    "case-handed-over": Kind(_ASSIGNED, _OFFICIAL),
    "case-awaiting": Kind((*_CASE, "stage", "by"), _OFFICIAL),
    "case-due-soon": Kind(_CLOCK, _OVERSEEN),
    "case-overdue": Kind(_CLOCK, _OVERSEEN),
    "case-withdrawn": Kind(("arrival_number", "withdrawn_at", "reason"), _OFFICIAL, office=False),
    "case-corrected": Kind(("arrival_number", "late"), _OFFICIAL, office=False),
    "note-mentioned": Kind(("arrival_number", "author"), _OFFICIAL, office=False),
    # corrections; what is to be mended stands on the page
    "correction-requested": Kind(_DUE, by_law=True),
    "correction-extended": Kind(_DUE, by_law=True),
    "correction-reminded": Kind(_DUE),
    "correction-expired": Kind(_DUE),
    "case-correction-expired": Kind(_DUE, _OFFICIAL),
    "correction-closed": Kind(("arrival_number", "note")),
    # what applicant and office write to each other; the text stays on the page
    "message": Kind(("arrival_number",), ("applicant", "official"), office=False),
    # documents
    "document": Kind(("arrival_number",), by_law=True),
    "document-by-post": Kind(_DOCUMENT),
    "document-ended": Kind(_DOCUMENT, by_law=True),
    "document-reminded": Kind(_DOCUMENT),
    "document-unfetched": Kind(_DOCUMENT, _OFFICIAL),
}


def placeholders(text: str) -> list[str]:
    """The names between double brackets, as they are written."""
    return _PLACEHOLDER.findall(text)


def unknown_placeholders(kind: str, text: str) -> list[str]:
    """What nobody fills in messages of a kind."""
    known = {_folded(name) for name in (*ALWAYS, *KINDS[kind].names)}
    return [name for name in placeholders(text) if _folded(name) not in known]


def _folded(name: str) -> str:
    return name.translate(_IGNORED).lower()


class Words(Written):
    """A text of the procedure's own, in the language of the post's templates: ((name)), ((flag??text)), Markdown."""

    subject: Text
    body: Text


def _different(addresses: list[str]) -> list[str]:
    must_differ(addresses)
    return addresses


Addresses = Annotated[
    list[Annotated[str, Field(max_length=254, pattern=EMAIL)]], Field(max_length=MOST_ADDRESSES), AfterValidator(_different)
]


class Message(Written):
    """What is special about one kind of message."""

    to: list[Role] | None = Field(default=None, max_length=3, description="who is told; nobody where the list is empty")
    addresses: Addresses = Field(default_factory=list, description="further addresses of offices that are told")
    channels: list[Way] | None = Field(
        default=None, min_length=1, max_length=4, description="by which it may go; each who is told chooses among them"
    )
    text: Words | None = Field(default=None, description="instead of the text that the house ships")


def fitting(messages: dict[str, Message]) -> dict[str, Message]:
    """Raises ValueError for what no kind of message, or not this one, can do."""
    for name, message in messages.items():
        kind = KINDS.get(name)
        if kind is None:
            raise Amiss("there are no messages {name}; there are {kinds}", name=name, kinds=", ".join(KINDS))
        if wrong := sorted(set(message.to or ()) - set(kind.may_be_told)):
            raise Amiss(
                "{name} cannot be told to {wrong}; it can be to {right}",
                name=name,
                wrong=", ".join(wrong),
                right=", ".join(kind.may_be_told),
            )
        if kind.by_law and message.to is not None and "applicant" not in message.to:
            raise Amiss("the law wants the applicant told of {name}; leave `to` out, or name `applicant`", name=name)
        if kind.by_law and message.channels is not None and not LASTING & set(message.channels):
            raise Amiss("{name} is an official notice: let it go by email or letter, too", name=name)
        if message.channels == ["inbox"] and "applicant" in (kind.to if message.to is None else message.to):
            raise Amiss("applicants have no inbox: let {name} go by email, sms or letter, too", name=name)
    return messages


Messages = Annotated[dict[str, Message], AfterValidator(fitting)]
