"""Joining an organisation by a mailed invitation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.intake.organisation.pages import SHORT
from shared.identity.callers import end_session
from shared.identity.members import INVITATION_PATH, accept, invited
from shared.identity.registration import NAME_LIMIT, fits_name
from shared.problems import Conflict, FieldError, Gone
from shared.web.callers import COOKIE, Transaction
from shared.web.cookies import set_cookie
from shared.web.pages import Pages, language_of, pages_router

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get(INVITATION_PATH)
def ask(request: Request, session: Transaction, link: str = "", secret: str = "") -> Response:
    """What one is invited to. Opening it uses nothing up: scanners of mails open links too."""
    return _show(request, session, link, secret)


@router.post(INVITATION_PATH)
def join(
    request: Request,
    session: Transaction,
    link: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Join: the account is made, and this browser is signed in."""
    name = " ".join(name.split())
    if not fits_name(name):
        wrong = FieldError("/name", "Enter your name, in at most {limit} characters", {"limit": NAME_LIMIT})
        return _show(request, session, link, secret, name=name, wrong=wrong, status=422)
    key = request.app.state.settings.secret_key
    try:
        cookie = accept(session, key, as_id(link), secret, name=name, language=language_of(request))
    except Gone:
        return _show(request, session, "", "")
    except Conflict as problem:
        return _show(request, session, link, secret, name=name, problem=problem, status=409)
    return signed_in(request, session, cookie, "/organisation")


def signed_in(request: Request, session: Session, cookie: str, goal: str) -> Response:
    """Lead on with a new session; the one that this browser had before ends."""
    if before := request.cookies.get(COOKIE):
        request.app.state.callers.forget(before)
        end_session(session, before)
    session.commit()
    response = RedirectResponse(goal, 303, {"cache-control": "no-store"})
    set_cookie(response, COOKIE, cookie)
    return response


def as_id(link: str) -> UUID:
    """The id of a link; that of no link for what cannot be one."""
    try:
        return UUID(link)
    except ValueError:
        return UUID(int=0)


def _show(
    request: Request,
    session: Session,
    link: str,
    secret: str,
    *,
    name: str = "",
    wrong: FieldError | None = None,
    problem: Conflict | None = None,
    status: int = 200,
) -> Response:
    found = invited(session, request.app.state.settings.secret_key, as_id(link), secret)
    return _pages.show(
        request,
        "invitation.html",
        status=status if found else 410,
        invited=found,
        rights=SHORT,
        link=link,
        secret=secret,
        name=name,
        wrong=wrong,
        problem=problem,
        limit=NAME_LIMIT,
    )
