"""The procedure of a draft or an application, as pages show it: in its version, in the language of whoever looks."""

from __future__ import annotations

from fastapi import Request
from sqlmodel import Session

from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.models import Application, Draft, TrialFiling
from shared.events import ProcedureRef
from shared.web.pages import language_of


def version_of(request: Request, session: Session, one: Application | Draft | TrialFiling) -> Published:
    """The version that it was written or filed under."""
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue.version(session, ProcedureRef(id=one.procedure_id, version=one.procedure_version))


def title_of(request: Request, session: Session, one: Application | Draft | TrialFiling) -> str:
    """Its title."""
    return version_of(request, session, one).procedure.title.within(language_of(request))
