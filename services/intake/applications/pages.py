"""Pages about one filed application: its receipt to keep, and taking it back, after a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.intake.applications import applications, receipts
from services.intake.applications.withdrawal import REASON_LIMIT, may_withdraw, withdraw
from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.models import Application
from shared.events import ProcedureRef
from shared.i18n import translate
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/applications/{application_id}/receipt.pdf")
def download_receipt(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    application, _ = applications.shown(session, caller, application_id)
    headers = {
        "content-disposition": f'attachment; filename="{application.receipt_number}.pdf"',
        "cache-control": "no-store",
    }
    content = receipts.receipt_pdf(session, application, _version(request, session, application), language_of(request))
    return Response(content, media_type="application/pdf", headers=headers)


@router.get("/applications/{application_id}/withdrawal")
def ask_to_withdraw(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    return _show(request, session, caller, application_id)


@router.post("/applications/{application_id}/withdrawal")
def withdraw_application(
    application_id: UUID,
    request: Request,
    session: Transaction,
    caller: ApplicantPerson,
    reason: Annotated[str, Form()] = "",
) -> Response:
    try:
        withdraw(session, caller, application_id, reason.replace("\r\n", "\n"))
    except (Invalid, Conflict) as problem:
        return _show(request, session, caller, application_id, reason=reason, problem=problem)
    return RedirectResponse(f"/applications/{application_id}", 303, {"cache-control": "no-store"})


def _show(
    request: Request,
    session: Session,
    caller: Caller,
    application_id: UUID,
    *,
    reason: str = "",
    problem: Invalid | Conflict | None = None,
) -> Response:
    application, _ = applications.shown(session, caller, application_id)
    language = language_of(request)
    errors = [translate(error.detail, language, **error.values) for error in problem.errors] if problem else []
    return _pages.show(
        request,
        "withdrawal.html",
        status=problem.status if problem else 200,
        application=application,
        title=_version(request, session, application).procedure.title.within(language),
        possible=may_withdraw(application),
        reason=reason,
        limit=REASON_LIMIT,
        problem=problem,
        error=errors[0] if errors else "",
    )


def _version(request: Request, session: Session, application: Application) -> Published:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue.version(session, ProcedureRef(id=application.procedure_id, version=application.procedure_version))
