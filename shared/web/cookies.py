"""The cookies of the sign-in, and where it leads."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from fastapi import Response

from shared.identity.callers import Role

_HOME: dict[Role, str] = {"applicant": "/", "reviewer": "/desk", "operator": "/console", "service": "/"}
# A path of this site, and nothing that a browser could take for another site's address.
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}")


def home_of(role: Role) -> str:
    """The first page of a role."""
    return _HOME[role]


def local(address: str) -> str:
    """`address` when it is a path of this site, else nothing."""
    return address if _LOCAL.fullmatch(address) and not urlsplit(address).netloc else ""


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie for this host alone, over TLS, for no script, sent along when a link leads here."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def drop_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
