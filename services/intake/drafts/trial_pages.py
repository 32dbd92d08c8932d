"""The pages of a trial: where it begins, and what became of a test filing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.drafts import drafts, trials
from services.intake.models import TrialFiling
from shared.events import ProcedureRef
from shared.problems import NotFound
from shared.procedure.reading import label_at, sections
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


@router.get("/trials/{trial_id}")
def show_trial(trial_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    """Where a trial begins, and the test filings that were made."""
    trial, published = trials.opened(session, _catalogue(request), trial_id)
    found = [one for one in drafts.listed(session, caller, procedure=trial.procedure_id) if one.procedure_version < 0]
    return _pages.show(
        request,
        "trial.html",
        trial=trial,
        title=published.procedure.title.within(language_of(request)),
        drafts=found,
        filings=trials.listed(session, caller, trial.procedure_id),
        keep=trials.KEEP.days,
    )


@router.post("/trials/{trial_id}")
def begin(
    trial_id: UUID,
    request: Request,
    session: Transaction,
    caller: ApplicantPerson,
    copy_of: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Begin a draft of a test filing, also with the answers of an earlier one."""
    _, published = trials.opened(session, _catalogue(request), trial_id)
    copied = trials.filed(session, caller, copy_of) if copy_of else None
    draft = drafts.create(session, caller, published, answers=copied.answers if copied else None)
    return RedirectResponse(f"/drafts/{draft.id}/pages/1", 303, {"cache-control": "no-store"})


@router.get("/trials/filings/{filing_id}")
def show_filing(filing_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    """What became of a test filing, and what would have become of a real one."""
    filing = trials.filed(session, caller, filing_id)
    if filing is None:
        raise NotFound("No test filing of your organisation has the id {id}", id=filing_id)
    published = _version(request, session, filing)
    procedure, language = published.procedure, language_of(request)
    trial = trials.going_on(session, filing.procedure_id)
    return _pages.show(
        request,
        "trial_filing.html",
        filing=filing,
        trial=trial,
        title=procedure.title.within(language),
        office=procedure.office(filing.office).title.within(language) if filing.office else "",
        warnings=[(label_at(procedure, one["pointer"], language), one[language]) for one in filing.warnings],
        sections=sections(procedure, filing.answers, language),
        keep=trials.KEEP.days,
    )


def _version(request: Request, session: Session, filing: TrialFiling) -> Published:
    ref = ProcedureRef(id=filing.procedure_id, version=filing.procedure_version)
    return _catalogue(request).version(session, ref)
