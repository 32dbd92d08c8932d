"""What the details of an act say, in the words that the other pages have for them; ids of things stay ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.review.staffing.why import DUTIES
from shared.i18n import Language, message, translate
from shared.procedure.model import Procedure

# What the names of details are called; any other is shown as it was noted.
NAMES = {
    "attachment": message("Attached files"),
    "correction": message("Correction"),
    "decision": message("Decision"),
    "document": message("Document"),
    "due_on": message("Due"),
    "duty": message("Duties"),
    "group": message("Office"),
    "heard": message("Event"),
    "late": message("Late"),
    "message": message("Message"),
    "official": message("Official"),
    "opinion": message("Opinions"),
    "revision": message("Version of the contents"),
    "stage": message("Stage"),
}
# The events that the desk hears.
_HEARD = {
    "application.arrived.v1": message("An application arrived"),
    "application.corrected.v1": message("A correction was sent in"),
    "document.fetched.v1": message("The applicant fetched a document"),
    "message.to-office.v1": message("The applicant wrote a message"),
    "message.read-by-applicant.v1": message("The applicant read a message"),
    "withdrawal.asked.v1": message("The applicant withdrew"),
}


def details(noted: Mapping[str, Any], procedure: Procedure, officials: Mapping[str, str], language: Language) -> str:
    """The details of an entry in one line. `officials`: names by id."""
    told = []
    for name, value in noted.items():
        if value is None or value is False or value in ("", []):
            continue
        says = translate("Yes", language) if value is True else _said(name, value, procedure, officials, language)
        told.append(f"{translate(NAMES.get(name, name), language)}{translate(': ', language)}{says}")
    return translate(", ", language).join(told)


def duties(written: str, language: Language) -> str:
    """Duties as they were noted, such as `approver, examiner`."""
    names = [one.strip() for one in written.split(",") if one.strip()]
    return translate(", ", language).join(translate(DUTIES.get(one, one), language) for one in names)


def _said(name: str, value: Any, procedure: Procedure, officials: Mapping[str, str], language: Language) -> str:
    text = str(value)
    match name:
        case "group":
            return next((one.title.within(language) for one in procedure.offices if one.key == text), text)
        case "stage":
            return next((one.title.within(language) for one in procedure.review.stages if one.key == text), text)
        case "official":
            return officials.get(text, text)
        case "heard":
            return translate(_HEARD.get(text, text), language)
    return text
