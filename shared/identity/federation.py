"""An account and a browser session for whom a provider vouched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import text

from shared.database import new_id
from shared.identity.callers import SESSION_LIFE, hashed, new_secret
from shared.identity.personal import NAME, PROFILE, spelt, written
from shared.problems import Conflict, Forbidden

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.identity.providers import Claimed, Provider


def use_state(session: Session, state: str, expires: datetime) -> bool:
    """Use a state up; False if it was used before."""
    done = session.execute(text("select identity.use_state(:hash, :expires)"), {"hash": hashed(state), "expires": expires})
    return bool(done.scalar())


def sign_in(session: Session, provider: Provider, claimed: Claimed, cookie: str | None) -> str:
    """A new session's secret for the account of (issuer, sub), which is made at its first sign-in; `cookie`'s session ends.

    An account that exists under the same address is connected only if `cookie` is signed in to it.

    Raises Forbidden for a disabled account, Conflict where the account or its organisation is another's.
    """
    fresh = new_secret()
    values = claimed.model_dump(mode="json") | _sealed(claimed) | {"account_id": str(new_id()), "organisation_id": str(new_id())}
    answer = session.execute(
        text("""
        select identity.sign_in_at_provider(:issuer, :sub, cast(:claimed as jsonb), :mine, :fresh, :provider, :expires)
        """),
        {
            "issuer": provider.issuer,
            "sub": claimed.sub,
            "claimed": orjson.dumps(values).decode(),
            "mine": hashed(cookie or ""),
            "fresh": hashed(fresh),
            "provider": provider.id,
            "expires": datetime.now(UTC) + SESSION_LIFE,
        },
    ).scalar()
    if answer == "disabled":
        raise Forbidden("Your account was closed; ask an owner of your organisation, or the operator")
    if answer == "email-taken":
        raise Conflict("An account with your e-mail address exists already. Sign in to it by a mailed link, then come here again")
    if answer != "ok":
        raise Conflict(
            "Your account here belongs to another organisation or role. Have the operator verify your organisation, and return"
        )
    return fresh


def _sealed(claimed: Claimed) -> dict[str, Any]:
    address = written(spelt(claimed.email))
    return {
        "email": address["sealed"],
        "email_hash": address["hash"].hex(),
        "address": address["address"],
        "name": NAME.written(claimed.name),
        "profile": PROFILE.written(claimed.profile),
    }
