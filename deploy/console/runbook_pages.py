"""The runbooks as pages."""

from __future__ import annotations

from fastapi import Request, Response

from deploy.console.frame import pages
from deploy.signs import runbooks
from shared.web.pages import language_of, pages_router
from shared.web.visitors import OperatorPerson

router = pages_router()


@router.get("/console/runbooks")
def list_runbooks(request: Request, _caller: OperatorPerson) -> Response:
    return pages.show(request, "runbooks.html", runbooks=runbooks.runbooks(language_of(request)).values())


@router.get("/console/runbooks/{name}")
def show_runbook(name: str, request: Request, _caller: OperatorPerson) -> Response:
    return pages.show(request, "runbook.html", runbook=runbooks.runbook(name, language_of(request)))
