"""The desk's pages of a case: looking at it, and deciding it where one stage suffices."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from services.review.cases import cases
from services.review.cases.downloads import downloaded
from services.review.cases.moves import acting
from services.review.decisions import decisions
from services.review.desk.case_page import show
from services.review.desk.decision_form import Posted
from services.review.documents.papers import Ruling, listed
from services.review.documents.routes import paper_of, specimen
from services.review.messages import messages
from services.review.notes import notes
from services.review.stages.lawful import Proposed
from shared.problems import Conflict, Invalid
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import ReviewerPerson

router = pages_router()


@router.get("/desk/cases/{case_id}")
def show_case(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson) -> Response:
    case = cases.shown(session, caller, case_id)
    messages.read(session, case)
    notes.seen(session, caller, case)
    return show(request, session, caller, case)


@router.get("/desk/cases/{case_id}/attachments/{attachment_id}")
def fetch_attachment(
    case_id: UUID, attachment_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson
) -> Response:
    return downloaded(request, session, caller, case_id, attachment_id)


@router.post("/desk/cases/{case_id}")
def decide(case_id: UUID, request: Request, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    case = cases.shown(session, caller, case_id)
    try:
        if case.state == "open":
            proposed = posted.proposed(cases.procedure_of(session, case))
        else:  # whatever was entered: it is too late for it
            proposed = Proposed(posted.text("decision"))
        decisions.decide(session, caller, case_id, proposed, revision=posted.revision())
    except (Invalid, Conflict) as problem:
        session.rollback()  # nothing was done, and nothing is noted as done
        return show(request, session, caller, cases.shown(session, caller, case_id), entered=posted, problem=problem)
    return RedirectResponse(f"/desk/cases/{case_id}", 303, {"cache-control": "no-store"})


@router.post("/desk/cases/{case_id}/decision-preview")
def preview(case_id: UUID, session: Transaction, caller: ReviewerPerson, posted: Posted) -> Response:
    """The document that the decision as it was entered would make, with the mark 見本; nothing is kept."""
    case = acting(session, caller, case_id, "preview-document")
    wanted = posted.proposed(cases.procedure_of(session, case))
    ruling = Ruling(wanted.decision, wanted.reasons, wanted.amount, listed(wanted.conditions), wanted.criteria)
    return specimen(session, case, paper_of(session, case, ruling, None))
