"""FastAPI's side of identity: who is calling, and a session whose transaction is committed before the answer is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlmodel import Session

from shared.identity.callers import Caller, Callers, Role, hashed
from shared.operation.switches import Switches
from shared.problems import Forbidden, Unauthorised

# On plain http (a developer's machine) browsers refuse Secure cookies from anything but localhost, so the name stays the same
# everywhere: __Host- binds the cookie to this very host, over TLS or localhost.
COOKIE = "__Host-madoguchi"
# How OpenAPI describes a key.
_KEY = HTTPBearer(auto_error=False, scheme_name="key", description="an API key, as the operator issued it")
_SAFE = {"GET", "HEAD", "OPTIONS"}


def transaction(request: Request) -> Iterator[Session]:
    """A session; committed when the route returned, rolled back when it raised."""
    with Session(request.app.state.engine) as session:
        request.state.session = session
        yield session
        session.commit()


@contextmanager
def session_of(request: Request) -> Iterator[Session]:
    """The session of a request that has one, else one to read with: who holds a connection must not wait for another."""
    session: Session | None = getattr(request.state, "session", None)
    if session is not None:
        yield session
    else:
        with Session(request.app.state.engine) as own:
            yield own


# scope="function": the exit runs before the answer, so a commit that fails is never answered as a success.
Transaction = Annotated[Session, Depends(transaction, scope="function")]


def bearer(request: Request) -> str | None:
    """The key of an `Authorization: Bearer …` header (RFC 6750)."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def identify(request: Request) -> Caller | None:
    """Who is calling by key or cookie, or None. Asks the database at most once every few seconds for one caller."""
    callers: Callers = request.app.state.callers
    if key := bearer(request):
        if known := callers.remembered(key):
            return known
        with Session(request.app.state.engine) as session:
            caller = callers.by_key(session, key)
            session.commit()  # it notes that the key is used
            return caller
    if cookie := request.cookies.get(COOKIE):
        if request.method not in _SAFE:
            refuse_other_sites(request)
        if known := callers.remembered(cookie):
            return known
        with Session(request.app.state.engine) as session:
            caller = callers.by_cookie(session, cookie)
            session.commit()  # it notes that the session is used
            return caller
    return None


def proof_of(request: Request) -> bytes:
    """What shows the database itself who is calling: the hash of his key or cookie."""
    return hashed(bearer(request) or request.cookies.get(COOKIE, ""))


def refuse_other_sites(request: Request) -> None:
    """Cross-site request forgery: a browser says where a form comes from; only our own pages may send one.

    Raises Forbidden. (Sec-Fetch-Site, and Origin for browsers without it.)
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Forbidden("This form was sent from another site")
        return
    origin = request.headers.get("origin")
    if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("This form was sent from another site")


def a_caller(*roles: Role) -> Callable[..., Caller]:
    """A dependency: the caller, in one of `roles`. Raises Unauthorised, Forbidden."""

    def dependency(request: Request, _documented: object = Depends(_KEY)) -> Caller:
        caller = identify(request)
        if caller is None:
            raise Unauthorised("Send a key that is in use as `Authorization: Bearer …`, or sign in")
        if caller.role not in roles:
            raise Forbidden("This needs the role {roles}; you are {role}", roles=" / ".join(roles), role=caller.role)
        return caller

    return dependency


def while_on(name: str) -> Callable[[Request], None]:
    """A dependency of what can be switched off (shared.operation.switches). Raises Unavailable while it is."""

    def dependency(request: Request) -> None:
        switches: Switches = request.app.state.switches
        switches.must_be_on(name)

    return dependency


Applicant = Annotated[Caller, Depends(a_caller("applicant"))]
Reviewer = Annotated[Caller, Depends(a_caller("reviewer"))]
Operator = Annotated[Caller, Depends(a_caller("operator"))]
