"""The receipt of a filing: what was filed, when, by whom, and the digest of what was sent. It never changes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlmodel import Session

from services.intake.catalogue.procedures import Published
from services.intake.models import Application
from shared.few import Few
from shared.i18n import JST, Language, show_time, translate
from shared.procedure.reading import sections
from shared.procedure.rules import computed

# One is drawn at a time, in a second.
_WAITING = Few(4)


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


def receipt_pdf(session: Session, application: Application, published: Published, language: Language) -> bytes:
    """The receipt as a PDF with its font embedded; the same bytes each time. The session's transaction ends before it is drawn.

    Raises Unavailable while many are asked for.
    """
    from shared.pdf import ONE_AT_A_TIME, TITLE, Sheet  # with the first PDF: it is a quarter of what a process loads

    said = receipt(application, published, language)
    session.commit()  # nobody waits for our connection meanwhile
    with _WAITING.place(), ONE_AT_A_TIME:
        sheet = Sheet(language, f"{translate('Receipt', language)} {said['receipt_number']}")
        sheet.set_creation_date(said["filed_at"])
        sheet.say(translate("Receipt", language), size=TITLE, after=2)
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
