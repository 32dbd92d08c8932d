"""A case's files over HTTP, the same for API and pages."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response
from sqlmodel import Session

from services.review.audit.audit import note_view
from services.review.cases import cases, contents, enclosures
from services.review.procedures import version
from shared.identity.callers import Caller
from shared.web.downloads import handed_over


def downloaded(request: Request, session: Session, caller: Caller, case_id: UUID, attachment_id: UUID) -> Response:
    """A file of a case as a download. Raises NotFound, Unavailable."""
    case = cases.shown(session, caller, case_id)
    procedure = version(session, cases.ref_of(case))
    one = enclosures.named(contents.every(session, case), procedure, attachment_id)
    note_view(session, caller, "attachment.fetched", case_id, attachment=attachment_id)
    return handed_over(request, one)
