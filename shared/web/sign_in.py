"""Signing in by an e-mailed link, and signing out. One application of a site serves these pages (the counter)."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from shared.bus.publish import publish
from shared.events import Contact, SignInRequested
from shared.identity.callers import LINK_LIFE, Role, end_session, redeem_link, request_link
from shared.problems import FieldError
from shared.web.callers import COOKIE, Transaction
from shared.web.pages import Pages, pages_router

PATH = "/sign-in/link"
# Where to go after signing in; kept by the browser that asked for the link, since the mail must not carry it.
NEXT_COOKIE = "__Host-madoguchi-next"
_PEOPLE: tuple[Role, ...] = ("applicant", "reviewer", "operator")
_HOME: dict[Role, str] = {"applicant": "/", "reviewer": "/desk", "operator": "/console", "service": "/"}
# What browsers take for an address in a field of the type e-mail (WHATWG HTML), with a dot in its domain.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ADDRESS_LIMIT = 254
# A path of this site, and nothing that a browser could take for another site's address.
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}")


def sign_in_router(pages: Pages) -> APIRouter:
    """The pages /sign-in, /sign-in/link and /sign-out."""
    router = pages_router()

    @router.get("/sign-in")
    def ask(request: Request, next: str = "") -> Response:  # noqa: A002 - the name people see in the address
        return pages.show(request, "sign_in.html", email="", next=local(next), error=None)

    @router.post("/sign-in")
    def send_link(
        request: Request,
        session: Transaction,
        email: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002
    ) -> Response:
        email = email.strip()
        if len(email) > _ADDRESS_LIMIT or not _ADDRESS.fullmatch(email):
            wrong = FieldError("/email", "Write an e-mail address, such as name@example.jp")
            return pages.show(request, "sign_in.html", status=422, email=email, next=local(next), error=wrong)
        _mail(session, email)
        # The same answer for everybody: who has an account is nobody's business.
        response = pages.show(request, "sign_in_sent.html", email=email, minutes=int(LINK_LIFE.total_seconds() // 60))
        if goal := local(next):
            _set(response, NEXT_COOKIE, goal, int(LINK_LIFE.total_seconds()))
        return response

    # Opening the link changes nothing: scanners of mails open links too, and would use it up.
    @router.get(PATH)
    def confirm(request: Request, link: str = "", secret: str = "") -> Response:
        return pages.show(request, "sign_in_link.html", link=link, secret=secret, failed=False)

    @router.post(PATH)
    def redeem(
        request: Request, session: Transaction, link: Annotated[str, Form()] = "", secret: Annotated[str, Form()] = ""
    ) -> Response:
        key = request.app.state.settings.secret_key
        cookie = redeem_link(session, key, link_id, secret) if (link_id := _as_id(link)) and secret.isascii() else None
        if cookie is None:
            return pages.show(request, "sign_in_link.html", status=403, link="", secret="", failed=True)
        caller = request.app.state.callers.by_cookie(session, cookie)
        goal = local(request.cookies.get(NEXT_COOKIE, "")) or _HOME[caller.role]
        response = RedirectResponse(goal, 303, {"cache-control": "no-store"})
        _set(response, COOKIE, cookie)
        _drop(response, NEXT_COOKIE)
        return response

    @router.post("/sign-out")
    def sign_out(request: Request, session: Transaction) -> Response:
        if cookie := request.cookies.get(COOKIE):
            end_session(session, cookie)
            request.app.state.callers.forget(cookie)
        response = RedirectResponse("/", 303, {"cache-control": "no-store"})
        _drop(response, COOKIE)
        return response

    return router


def local(address: str) -> str:
    """`address` when it is a path of this site, else nothing."""
    return address if _LOCAL.fullmatch(address) and not urlsplit(address).netloc else ""


def _mail(session: Session, email: str) -> None:
    """Have a link mailed, if an account has this address and did not ask too often."""
    asked = request_link(session, email, _PEOPLE)
    if asked is not None:
        publish(
            session,
            SignInRequested(
                subject=str(asked.link_id),
                sequence=1,
                link_id=asked.link_id,
                path=PATH,
                contact=Contact(name=asked.name, email=asked.email, language=asked.language),
                expires_at=asked.expires_at,
            ),
        )


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _set(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def _drop(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
