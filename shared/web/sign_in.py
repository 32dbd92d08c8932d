"""Signing in by an e-mailed link, and signing out. One application of a site serves these pages (the counter)."""

from __future__ import annotations

import re
import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from shared.bus.publish import publish
from shared.events import Contact, SignInRequested
from shared.identity.callers import LINK_LIFE, Role, end_session, redeem_link, request_link
from shared.operation import switches
from shared.problems import FieldError, Unavailable
from shared.web.callers import COOKIE, Transaction
from shared.web.cookies import drop_cookie, home_of, local, set_cookie
from shared.web.pages import Pages, pages_router
from shared.web.provider_pages import clients_of, provider_router, session_router

PATH = "/sign-in/link"
LINKS = "sign-in-links"  # the switch (shared.operation.switches)
# Where to go after signing in; kept by the browser that asked for the link, since the mail must not carry it.
NEXT_COOKIE = "__Host-madoguchi-next"
_PEOPLE: tuple[Role, ...] = ("applicant", "reviewer", "operator")
# What browsers take for an address in a field of the type e-mail (WHATWG HTML), with a dot in its domain.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ADDRESS_LIMIT = 254
# Seconds that asking for a link takes at least: how long it took says nothing of who has an account.
EVENLY = 0.05


def sign_in_router(pages: Pages) -> APIRouter:
    """The pages /sign-in, /sign-in/link and /sign-out."""
    router = pages_router()
    router.include_router(provider_router())
    router.include_router(session_router(pages))

    @router.get("/sign-in")
    def ask(request: Request, next: str = "") -> Response:  # noqa: A002 - the name people see in the address
        return _form(pages, request, next, closed=not request.app.state.switches.on(LINKS))

    @router.post("/sign-in")
    def send_link(
        request: Request,
        session: Transaction,
        email: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",  # noqa: A002
    ) -> Response:
        begun, email = time.monotonic(), email.strip()
        if len(email) > _ADDRESS_LIMIT or not _ADDRESS.fullmatch(email):
            wrong = FieldError("/email", "Write an e-mail address, such as name@example.jp")
            return _form(pages, request, next, email=email, error=wrong)
        if not switches.is_on(session, LINKS):
            mail_link(session, email, ("operator",))  # who switched it off can switch it on again
            return _form(pages, request, next, closed=True, status=503)
        mail_link(session, email)
        commit_evenly(session, begun)
        # The same answer for everybody: who has an account is nobody's business.
        response = pages.show(request, "sign_in_sent.html", email=email, minutes=int(LINK_LIFE.total_seconds() // 60))
        if goal := local(next):
            set_cookie(response, NEXT_COOKIE, goal, int(LINK_LIFE.total_seconds()))
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
        caller = request.app.state.callers.by_cookie(session, cookie) if cookie else None  # none: closed in the meantime
        if cookie is None or caller is None:
            return pages.show(request, "sign_in_link.html", status=403, link="", secret="", failed=True)
        _leave(request, session)
        goal = local(request.cookies.get(NEXT_COOKIE, "")) or home_of(caller.role)
        response = RedirectResponse(goal, 303, {"cache-control": "no-store"})
        set_cookie(response, COOKIE, cookie)
        drop_cookie(response, NEXT_COOKIE)
        return response

    @router.post("/sign-out")
    def sign_out(request: Request, session: Transaction) -> Response:
        came_from = _leave(request, session)
        session.commit()  # signed out here, whatever the provider says
        response = _signed_out(pages, request, came_from)
        drop_cookie(response, COOKIE)
        return response

    return router


def _form(
    pages: Pages,
    request: Request,
    goal: str,
    *,
    closed: bool = False,
    email: str = "",
    error: FieldError | None = None,
    status: int = 200,
) -> Response:
    """The form that asks for a link; `closed` says that only operators get one."""
    told = switches.SWITCHES[LINKS].told if closed else ""
    values = {"email": email, "next": local(goal), "error": error, "providers": _providers(request)}
    response = pages.show(request, "sign_in.html", status=422 if error else status, closed=told, **values)
    if status == Unavailable.status:
        response.headers["retry-after"] = str(switches.RETRY_AFTER)
    return response


def _leave(request: Request, session: Session) -> str | None:
    """End this browser's session, if there is one. The id of the provider it came from, if any."""
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    request.app.state.callers.forget(cookie)
    return end_session(session, cookie)


def _providers(request: Request) -> list[tuple[str, str]]:
    """Id and title of each provider one may sign in with."""
    return [(one.id, one.title) for one in request.app.state.settings.sign_in_providers]


def _signed_out(pages: Pages, request: Request, came_from: str | None) -> Response:
    """The first page; after a provider's session a page that leads to the provider's own sign-out, if it has one."""
    client = clients_of(request).get(came_from or "")
    try:
        logout = client.logout_address(f"{request.app.state.settings.base_url}/") if client else None
    except Unavailable:
        logout = None
    if client is None or logout is None:
        return RedirectResponse("/", 303, {"cache-control": "no-store"})
    request.state.visitor = None
    return pages.show(request, "signed_out.html", title=client.provider.title, logout=logout)


def mail_link(session: Session, email: str, roles: tuple[Role, ...] = _PEOPLE) -> None:
    """Have a link mailed, if an account with one of `roles` has this address and did not ask too often."""
    asked = request_link(session, email, roles)
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


def commit_evenly(session: Session, begun: float) -> None:
    """Commit what was `begun` (time.monotonic) for an address; with an account or without, it takes the same time."""
    session.commit()
    time.sleep(max(0.0, begun + EVENLY - time.monotonic()))


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
