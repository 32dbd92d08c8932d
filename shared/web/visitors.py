"""Who looks at a page, and whether a form comes from one of our own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from shared.identity.callers import Caller, Role
from shared.problems import Forbidden, Unauthorised
from shared.web.callers import COOKIE, identify, refuse_other_sites

_SAFE = {"GET", "HEAD"}


class SignInFirst(Exception):
    """A page for signed-in people was asked for by somebody who is not: the sign-in is shown, and leads back."""


def own_forms_only(request: Request) -> None:
    """A dependency of every router of pages: refuses forms that other sites send. Raises Forbidden."""
    if request.method not in _SAFE:
        refuse_other_sites(request)


def visitor(request: Request) -> Caller | None:
    """Who is signed in, or None. Asked once for a request."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = identify(request)
    found: Caller | None = request.state.visitor
    return found


def known_visitor(request: Request) -> Caller | None:
    """Who is signed in, as far as it is known without asking the database (which may be what failed)."""
    if hasattr(request.state, "visitor"):
        return visitor(request)
    cookie = request.cookies.get(COOKIE)
    caller: Caller | None = request.app.state.callers.remembered(cookie) if cookie else None
    return caller


def a_person(*roles: Role) -> Callable[[Request], Caller]:
    """A dependency: who is signed in, in one of `roles`. Raises SignInFirst, Unauthorised, Forbidden."""

    def dependency(request: Request) -> Caller:
        caller = visitor(request)
        if caller is None:
            if request.method in _SAFE:
                raise SignInFirst
            raise Unauthorised("Your sign-in has ended. Sign in again in another tab, then reload this page to send it again")
        if caller.role not in roles:
            raise Forbidden("This needs the role {roles}; you are {role}", roles=" / ".join(roles), role=caller.role)
        return caller

    return dependency


ApplicantPerson = Annotated[Caller, Depends(a_person("applicant"))]
ReviewerPerson = Annotated[Caller, Depends(a_person("reviewer"))]
OperatorPerson = Annotated[Caller, Depends(a_person("operator"))]
Person = Annotated[Caller, Depends(a_person("applicant", "reviewer", "operator"))]
