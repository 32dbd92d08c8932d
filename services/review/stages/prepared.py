"""What is prepared for an official after a last day without an answer: a refusal he may propose or decide (docs/adr/0014).

Nothing is kept and nothing is done by itself: the text stands in the form, and is the official's once he sends it on.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from services.review.cases.cases import procedure_of
from services.review.cases.moves import standing
from services.review.models import Case, Correction
from services.review.stages.lawful import REASONS_LIMIT, Proposed
from shared.i18n import Language, message, show_date, translate
from shared.procedure.reading import label_at

_GROUND = message(
    "On {asked_on} you were asked to mend the following by {due_on} (行政手続法7条). Nothing was sent in by that day, and the "
    "application does not meet the requirements of form:"
)
_ITEM = message("- {label}: {says}")


def after_last_day(session: Session, case: Case) -> Proposed | None:
    """The refusal that the procedure has prepared for this case, in the applicant's language; None where there is none."""
    procedure = procedure_of(session, case)
    if procedure.review.on_expiry != "propose-refusal" or standing(session, case) != "lapsed":
        return None
    query = select(Correction).where(Correction.case_id == case.id, Correction.state == "expired")
    correction = session.exec(query.order_by(col(Correction.asked_at).desc())).one()
    language: Language = "en" if case.contact.get("language") == "en" else "ja"
    days = {"asked_on": show_date(correction.asked_at, language), "due_on": show_date(correction.due_on, language)}
    lines = [translate(_GROUND, language, **days)]
    for item in correction.items:
        label = label_at(procedure, item["pointer"], language)
        lines.append(translate(_ITEM, language, label=label, says=" ".join(item["says"].split())))
    return Proposed(decision="refuse", reasons="\n".join(lines)[:REASONS_LIMIT])
