"""API keys and organisations as pages: which keys are in use, who holds them, and ending one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Form, Query, Request, Response

from deploy.console.frame import Reason, back_to, pages
from shared.identity import finding, operating
from shared.identity.finding import PAGE
from shared.operation import acts
from shared.operation.acts import Operator
from shared.problems import Invalid
from shared.web.callers import Transaction
from shared.web.pages import pages_router, with_query
from shared.web.visitors import OperatorPerson

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.problems import Problem

router = pages_router()


@router.get("/console/keys")
def list_keys(
    request: Request,
    session: Transaction,
    _caller: OperatorPerson,
    *,
    unused: Annotated[int, Query(ge=0, le=3650)] = 0,
    before: UUID | None = None,
    done: str = "",
) -> Response:
    return _page(request, session, unused, before, done=done == "revoked")


@router.post("/console/keys/{key_id}")
def revoke(key_id: UUID, request: Request, session: Transaction, caller: OperatorPerson, reason: Reason = "") -> Response:
    try:
        operating.end_key(session, Operator.at_the_pages(caller), key_id, acts.reason_of(reason))
    except Invalid as problem:
        return _page(request, session, problem=problem, tried=key_id)
    return back_to("/console/keys", done="revoked")


def _page(
    request: Request,
    session: Session,
    unused: int = 0,
    before: UUID | None = None,
    *,
    done: bool = False,
    problem: Problem | None = None,
    tried: UUID | None = None,
) -> Response:
    found = finding.keys(session, unused_days=unused, before=before, most=PAGE + 1)
    return pages.show(
        request,
        "keys.html",
        status=problem.status if problem else 200,
        rows=found[:PAGE],
        older=with_query(request, before=found[PAGE - 1][0].id, done=None) if len(found) > PAGE else "",
        unused=unused,
        done=done,
        problem=problem,
        tried=tried,
    )


@router.get("/console/organisations")
def list_organisations(
    request: Request, session: Transaction, _caller: OperatorPerson, *, unverified: bool = False, before: UUID | None = None
) -> Response:
    return _organisations(request, session, "", before, unverified=unverified)


# The name of a sole proprietor is a person's: it stands in no URL.
@router.post("/console/organisations")
def search_organisations(
    request: Request,
    session: Transaction,
    _caller: OperatorPerson,
    *,
    words: Annotated[str, Form(max_length=1000)] = "",
    unverified: Annotated[bool, Form()] = False,
    before: Annotated[UUID | None, Form()] = None,
) -> Response:
    return _organisations(request, session, words, before, unverified=unverified)


def _organisations(request: Request, session: Session, words: str, before: UUID | None, *, unverified: bool) -> Response:
    found = finding.organisations(session, words, unverified=unverified, before=before, most=PAGE + 1)
    return pages.show(
        request,
        "organisations.html",
        rows=found[:PAGE],
        older=found[PAGE - 1][0].id if len(found) > PAGE else None,
        words=words,
        unverified=unverified,
    )
