"""The kinds of messages, and what each is filled with: names, what they mean, and a sample of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from services.notify.telling.table import TOLD
from services.notify.wording.compiling import Link
from services.notify.wording.rendering import keys, render
from shared.i18n import Language, message

Channel = Literal["email", "sms", "letter"]
CHANNELS: tuple[Channel, ...] = ("email", "sms", "letter")
CHANNEL_NAMES: dict[Channel, str] = {"email": message("E-mail"), "sms": message("SMS"), "letter": message("Letter on paper")}


@dataclass(frozen=True)
class Name:
    """A name that a text may have between double brackets."""

    about: str
    ja: Any
    en: Any

    def sample(self, language: str) -> Any:
        """A value to show."""
        return self.ja if language == "ja" else self.en


def _name(about: str, ja: Any, en: Any = None) -> Name:
    return Name(about, ja, ja if en is None else en)


_DAY = ("令和8年12月9日（2026年）", "9 December 2026")
_TIME = ("令和8年11月25日（2026年） 14:30", "25 November 2026 14:30 JST")

NAMES: dict[str, Name] = {
    "name": _name(message("The name of whom it is for"), "窓口 花子", "Hanako Madoguchi"),
    "link": _name(message("The address of the page about it"), Link("https://madoguchi.example/applications/1")),
    "procedure": _name(message("The title of the procedure"), "後援名義の使用承認申請", "Approval of the use of our name"),
    "receipt_number": _name(message("The receipt number"), "R20261125-0000123"),
    "arrival_number": _name(message("The arrival number"), "A20261125-0000123"),
    "arrived_at": _name(message("When it arrived"), *_TIME),
    "corrected_at": _name(message("When the correction came"), *_TIME),
    "withdrawn_at": _name(message("When it was withdrawn"), *_TIME),
    "decided_at": _name(message("The day of the decision"), *_DAY),
    "expires_at": _name(message("Until when the link works"), *_TIME),
    "due_on": _name(message("The last day"), *_DAY),
    "starts_on": _name(message("The first day of the mandate"), *_DAY),
    "ends_on": _name(message("The last day of the mandate"), *_DAY),
    "group": _name(message("The office that has the case"), "近畿経済産業局", "Kinki Bureau of Economy"),
    "official": _name(message("The official who has the case"), "審査 一郎", "Ichiro Shinsa"),
    "by": _name(message("The official who passed the case on"), "審査 一郎", "Ichiro Shinsa"),
    "author": _name(message("Who wrote the note"), "審査 一郎", "Ichiro Shinsa"),
    "asked": _name(message("Who was asked for an opinion"), "照会先 次郎", "Jiro Shokai"),
    "asked_by": _name(message("Who asks for an opinion"), "近畿経済産業局", "Kinki Bureau of Economy"),
    "organisation": _name(message("The organisation that invites"), "窓口電機株式会社", "Madoguchi Electric"),
    "invited_by": _name(message("Who invites"), "窓口 花子", "Hanako Madoguchi"),
    "principal": _name(message("The organisation that gives the mandate"), "窓口電機株式会社", "Madoguchi Electric"),
    "stage": _name(message("The stage that the case is in"), "審査", "Review"),
    "number": _name(message("The number of the document"), "近畿第123号", "Kinki 123"),
    "decision": _name(message("The decision"), "承認", "Approved"),
    "reasons": _name(message("The reasons of the decision"), "基準を満たしていません。", "A criterion is not met."),
    "reason": _name(message("The reason that the applicant gave; may be empty"), "事業の中止", "The event was cancelled."),
    "note": _name(message("What the official added; may be empty"), "よろしくお願いします。", "Please have a look."),
    "late": _name(
        message("That the correction came after the decision; else empty"),
        "この補正の前に決定が行われました。",
        "The case was decided before this came.",
    ),
    "mends": _name(
        message("What has to be mended: a list"),
        ["期間を直す", "住所を書く"],
        ["Mend the period.", "Enter the address."],
    ),
    "amount": _name(message("The amount granted; may be empty"), "交付額：1,000,000円", "Amount granted: 1,000,000 yen"),
    "has_conditions": _name(message("yes where there are conditions"), "yes"),
    "conditions": _name(message("The conditions of the decision: a list"), ["終了後の報告"], ["Report after the event."]),
    "has_criteria": _name(message("yes where criteria are not met"), "yes"),
    "criteria": _name(message("The criteria that are not met: a list"), ["公益性"], ["Public interest"]),
    "appeal": _name(
        message("How to appeal; may be empty"),
        "不服があるときは審査請求ができます。",
        "You may appeal.",
    ),
    "count": _name(message("How many there are"), "2"),
    "items": _name(message("What is in it: a list"), ["【担当】後援名義"], ["[Assigned] Use of our name"]),
    "more": _name(message("How many more there are; may be empty"), "ほか3件", "and 3 more"),
    "code": _name(message("The code to enter"), "123456"),
}
# What is made by no event, and so is not in the table of who is told what.
_OTHERS: dict[str, tuple[str, ...]] = {
    "digest": ("name", "count", "items", "more", "link"),
    "phone-check": ("code",),
    "preferences-changed": ("name", "link"),
    "webhook-disabled": ("name", "link"),
}


@cache
def names_of(key: str) -> dict[str, Name]:
    """What messages of a kind are filled with, by name. Raises KeyError for what is no kind."""
    if key in _OTHERS:
        return {name: NAMES[name] for name in _OTHERS[key]}
    found: dict[str, None] = {}
    for event, tellings in TOLD.items():
        for one in tellings:
            if one.kind == key:
                known = ("name", *(("procedure",) if "procedure" in event.model_fields else ()), *one.names, "link")
                found |= dict.fromkeys(name for name in known if name != "link_id")
    if not found:
        raise KeyError(key)
    return {name: NAMES.get(name) or _name(name, name) for name in found}  # a test finds what NAMES lacks


def samples(key: str, language: str) -> Mapping[str, Any]:
    """A value for each name of a kind."""
    return {name: one.sample(language) for name, one in names_of(key).items()}


# For whom: the roles that the table of who is told what finds people in.
_GROUPS = {
    "applicant": message("To applicants"),
    "official": message("To officials"),
    "other": message("About accounts, organisations and opinions"),
}


def grouped() -> dict[str, list[str]]:
    """All kinds by whom they are for."""
    found: dict[str, list[str]] = {title: [] for title in _GROUPS.values()}
    for key in keys():
        found[_GROUPS[_for(key)]].append(key)
    return found


def _for(key: str) -> str:
    finders = {one.to.__name__ for tellings in TOLD.values() for one in tellings if one.kind == key}
    if "applicant" in finders:
        return "applicant"
    return "official" if finders & {"official", "new_official", "former_official", "managers"} else "other"


@cache
def title_of(key: str, language: Language) -> str:
    """What a kind is called: the subject it is shipped with, as a sample."""
    return render(key, language, samples(key, language)).subject
