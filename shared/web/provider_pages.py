"""Signing in at an OpenID Connect provider, and the sessions one has open."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from shared.identity.federation import sign_in, use_state
from shared.identity.oidc import ATTEMPT_LIFE, Attempt, Client
from shared.identity.providers import Claimed, UnusableClaims, read_claims
from shared.identity.sessions import end_one, open_sessions
from shared.problems import Forbidden, NotFound
from shared.web.callers import COOKIE, Transaction
from shared.web.cookies import drop_cookie, home_of, local, set_cookie
from shared.web.pages import Pages, pages_router
from shared.web.visitors import Person

ATTEMPT_COOKIE = "__Host-madoguchi-attempt"
_CODE_LIMIT = 4096  # characters


class Answer(BaseModel):
    """What a provider sends back by the browser (RFC 6749 section 4.1.2, RFC 9207)."""

    code: str = ""
    state: str = ""
    error: str = ""
    iss: str | None = None


def clients_of(request: Request) -> dict[str, Client]:
    """The providers of this site by id, each with what it told of itself."""
    state = request.app.state
    if not hasattr(state, "oidc_clients"):
        base = state.settings.base_url
        state.oidc_clients = {
            one.id: Client(one, f"{base}/sign-in/with/{one.id}/callback") for one in state.settings.sign_in_providers
        }
    found: dict[str, Client] = state.oidc_clients
    return found


def provider_router() -> APIRouter:
    """The addresses /sign-in/with/<provider> and its callback."""
    router = pages_router()

    # A link, not a form: browsers hold a form's redirects to our own site too (Content-Security-Policy, form-action).
    @router.get("/sign-in/with/{provider}")
    def begin(provider: str, request: Request, next: str = "") -> Response:  # noqa: A002 - the name people see
        client = _client(request, provider)
        key = request.app.state.settings.secret_key
        attempt = Attempt.begin(provider, local(next))
        response = RedirectResponse(client.address(attempt, key), 303, {"cache-control": "no-store"})
        set_cookie(response, ATTEMPT_COOKIE, attempt.sealed(key), int(ATTEMPT_LIFE.total_seconds()))
        return response

    @router.get("/sign-in/with/{provider}/callback")
    def come_back(provider: str, request: Request, session: Transaction, answer: Annotated[Answer, Query()]) -> Response:
        client = _client(request, provider)
        attempt = _attempt_of(request, provider, answer.state)
        if not use_state(session, answer.state, attempt.expires):
            raise Forbidden("This sign-in was used already; begin again")
        session.commit()  # used up, whatever comes of it
        claimed = _claimed(request, client, attempt, answer)
        before = request.cookies.get(COOKIE)
        cookie = sign_in(session, client.provider, claimed, before)
        if before:
            request.app.state.callers.forget(before)
        response = RedirectResponse(attempt.goal or home_of(claimed.role), 303, {"cache-control": "no-store"})
        set_cookie(response, COOKIE, cookie)
        drop_cookie(response, ATTEMPT_COOKIE)
        return response

    return router


def session_router(pages: Pages) -> APIRouter:
    """The page /sign-in/sessions."""
    router = pages_router()

    @router.get("/sign-in/sessions")
    def sessions(request: Request, session: Transaction, _: Person) -> Response:
        titles = {one.id: one.title for one in request.app.state.settings.sign_in_providers}
        listed = open_sessions(session, request.cookies.get(COOKIE, ""))
        return pages.show(request, "sessions.html", sessions=listed, titles=titles)

    @router.post("/sign-in/sessions")
    def end(request: Request, session: Transaction, _: Person, ended: Annotated[str, Form()] = "") -> Response:
        if not end_one(session, request.cookies.get(COOKIE, ""), ended):
            raise NotFound("You have no such session; it has ended perhaps")
        request.app.state.callers.forget_all()
        return RedirectResponse("/sign-in/sessions", 303, {"cache-control": "no-store"})

    return router


def _client(request: Request, provider: str) -> Client:
    client = clients_of(request).get(provider)
    if client is None:
        raise NotFound("There is no such sign-in service here")
    return client


def _attempt_of(request: Request, provider: str, state: str) -> Attempt:
    """The sign-in that this browser began and that this answer belongs to. Raises Forbidden."""
    key = request.app.state.settings.secret_key
    attempt = Attempt.opened(request.cookies.get(ATTEMPT_COOKIE, ""), key)
    if attempt is None:
        raise Forbidden("This sign-in is too old, or began in another browser; begin again")
    right = hmac.compare_digest(attempt.derived(key, "state").encode(), state.encode("utf-8", "replace"))
    if not right or attempt.provider != provider:
        raise Forbidden("This answer belongs to another sign-in; begin again")
    return attempt


def _claimed(request: Request, client: Client, attempt: Attempt, answer: Answer) -> Claimed:
    """Whom the provider vouches for. Raises Forbidden, Unavailable."""
    if answer.error or not 0 < len(answer.code) <= _CODE_LIMIT:
        raise Forbidden("You were not signed in: the sign-in service said no, or you broke off")
    claims = client.claims(attempt, request.app.state.settings.secret_key, answer.code, answer.iss)
    try:
        return read_claims(client.provider, claims)
    except UnusableClaims as missing:
        raise Forbidden(
            "The sign-in service did not tell enough about you, or you have no access here ({claims})", claims=str(missing)
        ) from missing
