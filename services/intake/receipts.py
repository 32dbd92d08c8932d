"""The receipt of a filing: what was filed, when, by whom, and the digest of what was sent. It never changes."""

from __future__ import annotations

import threading
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from fpdf import FPDF
from fpdf.enums import WrapMode

from services.intake.models import Application
from services.intake.procedures import Published
from shared.i18n import JST, Language, show_time, translate
from shared.procedure.reading import sections
from shared.procedure.rules import computed

_FONT = files("noto_cjk_sans_jp_regular") / "NotoSansCJKjp-Regular.otf"
# Embedding a font costs a second of processor: the other requests of the process must not wait for several.
_ONE_AT_A_TIME = threading.Lock()
_MARGIN = 20  # mm
_TEXT, _SMALL, _HEADING, _TITLE = 10, 8, 12, 18  # pt
_BLACK, _GREY = 0, 90


def receipt(application: Application, published: Published, language: Language) -> dict[str, Any]:
    """The receipt as JSON values, its texts in one language."""
    procedure = published.procedure
    answers = computed(procedure, application.answers, today=application.filed_at.astimezone(JST).date())
    return {
        "id": application.id,
        "receipt_number": application.receipt_number,
        "filed_at": application.filed_at,
        "filed_at_text": show_time(application.filed_at, language),
        "applicant": {
            "name": application.applicant["name"],
            "corporate_number": application.applicant.get("corporate_number"),
            "verified": application.applicant.get("verified", True),
        },
        "agent": _agent(application.applicant.get("agent")),
        "procedure": {
            "id": published.ref.id,
            "version": published.ref.version,
            "title": procedure.title.within(language),
            "law": procedure.law.within(language),
            "owner": procedure.owner.within(language),
        },
        "filed": [asdict(section) for section in sections(procedure, answers, language)],
        "sha256": application.digest.hex(),
    }


def _agent(agent: dict[str, Any] | None) -> dict[str, Any] | None:
    return {"name": agent["name"], "corporate_number": agent["corporate_number"]} if agent else None


def receipt_pdf(application: Application, published: Published, language: Language) -> bytes:
    """The receipt as a PDF with its font embedded; the same bytes each time."""
    said = receipt(application, published, language)
    with _ONE_AT_A_TIME:
        sheet = _Sheet(language, f"{translate('Receipt', language)} {said['receipt_number']}")
        sheet.set_creation_date(application.filed_at)
        sheet.say(translate("Receipt", language), size=_TITLE, after=2)
        sheet.say(translate("The application below was received and recorded.", language), after=6)
        for term, text in _facts(said, language):
            sheet.entry(term, text)
        sheet.heading(translate("What was filed", language))
        for section in said["filed"]:
            sheet.section(section["title"], section["entries"])
        return bytes(sheet.output())


def _facts(said: dict[str, Any], language: Language) -> list[tuple[str, str]]:
    procedure, applicant = said["procedure"], said["applicant"]
    version = translate("version {version}", language, version=procedure["version"])
    return [
        (translate("Receipt number", language), said["receipt_number"]),
        (translate("Filed on", language), said["filed_at_text"]),
        (translate("Applicant", language), applicant["name"]),
        (translate("Corporate number", language), applicant["corporate_number"] or translate("None", language)),
        *_identity(said, language),
        (translate("Procedure", language), f"{procedure['title']} ({procedure['id']}, {version})"),
        (translate("Law", language), procedure["law"]),
        (translate("Division in charge", language), procedure["owner"]),
        (translate("SHA-256 of the filing as it was sent", language), said["sha256"]),
    ]


def _identity(said: dict[str, Any], language: Language) -> list[tuple[str, str]]:
    """What is out of the ordinary: nobody checked who the applicant is, or an agent filed for him."""
    facts = [] if said["applicant"]["verified"] else [(translate("Identity", language), translate("Not verified", language))]
    if agent := said["agent"]:
        number = f" ({agent['corporate_number']})" if agent["corporate_number"] else ""
        facts.append((translate("Agent under a mandate", language), f"{agent['name']}{number}"))
    return facts


class _Sheet(FPDF):
    """A4 pages of labels and texts. Nothing on it is a table: an answer may be longer than a page."""

    def __init__(self, language: Language, title: str) -> None:
        super().__init__(format="A4")
        self.language = language
        self.name = title
        self.set_title(title)
        self.set_lang(language)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(True, margin=_MARGIN)
        self.add_font("sheet", fname=str(_FONT))
        self.set_font("sheet", size=_TEXT)
        self.add_page()

    def footer(self) -> None:
        """Which receipt, which page."""
        self.set_y(-_MARGIN + 5)
        self.set_font("sheet", size=_SMALL)
        self.set_text_color(_GREY)
        self.cell(0, 5, f"{self.name}  –  {self.page_no()}", align="R")
        self.set_text_color(_BLACK)

    def say(self, text: str, *, size: int = _TEXT, after: float = 0, colour: int = _BLACK) -> None:
        """A paragraph, broken where its language allows."""
        self.set_font("sheet", size=size)
        self.set_text_color(colour)
        wrap = WrapMode.CHAR if self.language == "ja" else WrapMode.WORD
        self.multi_cell(0, size * 0.55, text, new_x="LMARGIN", new_y="NEXT", align="L", wrapmode=wrap)
        if after:
            self.ln(after)

    def heading(self, text: str) -> None:
        """A heading that does not stand alone at a page's end."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(3)
        self.say(text, size=_HEADING, after=1)
        self.line(_MARGIN, self.y, self.w - _MARGIN, self.y)
        self.ln(2)

    def entry(self, term: str, text: str) -> None:
        """A label and what was entered there."""
        if self.will_page_break(12):
            self.add_page()
        self.say(term, size=_SMALL, colour=_GREY)
        self.say(text or translate("Not entered", self.language), after=2)

    def section(self, title: str, entries: list[dict[str, Any]]) -> None:
        """A page of the form."""
        self.heading(title)
        for entry in entries:
            if not entry["headers"]:
                self.entry(entry["label"], entry["text"])
                continue
            for number, row in enumerate(entry["rows"], start=1):
                between = translate(": ", self.language)
                empty = translate("Not entered", self.language)
                parts = [f"{head}{between}{text or empty}" for head, text in zip(entry["headers"], row, strict=True)]
                self.entry(f"{entry['label']} {number}", "\n".join(parts))
            if not entry["rows"]:
                self.entry(entry["label"], "")
