"""Who sends: a token signed with the secret of one of a client's keys (JWT, RFC 7519, HS256)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import text
from sqlmodel import Session

from services.notify.clients.keys import key_secret, keys_of
from services.notify.clients.refusals import not_authenticated
from services.notify.models import Client, ClientKey

if TYPE_CHECKING:
    from pydantic import SecretStr

# Seconds that a client's clock may differ from ours.
SKEW = 30
MOST_CHARACTERS = 4096
_UNREADABLE = (
    "Invalid token: make sure your API token matches the example at "
    "https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header"
)
# That a key is used is noted once a minute: to write it at every request would cost a commit each.
_USED = text("""
update notify.client_key set used_at = now() where id = :id and (used_at is null or used_at < now() - interval '1 minute')
""")


@dataclass(frozen=True)
class Sender:
    """A client, and the key it used."""

    client: Client
    key: ClientKey


def sender_of(session: Session, secret_key: SecretStr, authorization: str | None) -> Sender:
    """The client and key behind an Authorization header. Raises Refusal."""
    if not authorization:
        raise not_authenticated("Unauthorized: authentication token must be provided", 401)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise not_authenticated("Unauthorized: authentication bearer scheme must be used", 401)
    signed, claims = _read(token.strip())
    client = _client(session, claims)
    key = next((key for key in keys_of(session, client.id) if _is_signed(signed, key_secret(secret_key, key.id))), None)
    if key is None:
        raise not_authenticated("Invalid token: API key not found")
    _check_time(claims)
    if key.revoked_at:
        raise not_authenticated("Invalid token: API key revoked")
    session.execute(_USED, {"id": key.id})
    return Sender(client, key)


def _read(token: str) -> tuple[jws.CompactSignature, dict[str, Any]]:
    """The token, and what it says of itself, which is not proved yet."""
    if len(token) > MOST_CHARACTERS:
        raise not_authenticated(_UNREADABLE)
    try:
        signed = jws.extract_compact(token.encode())
        claims = orjson.loads(signed.payload)
    except (JoseError, ValueError):
        raise not_authenticated(_UNREADABLE) from None
    if signed.headers().get("alg") != "HS256":
        raise not_authenticated("Invalid token: algorithm used is not HS256")
    if not isinstance(claims, dict):
        raise not_authenticated(_UNREADABLE)
    return signed, claims


def _client(session: Session, claims: dict[str, Any]) -> Client:
    if "iss" not in claims:
        raise not_authenticated("Invalid token: iss field not provided")
    try:
        client = session.get(Client, UUID(str(claims["iss"])))
    except ValueError:
        raise not_authenticated("Invalid token: service id is not the right data type") from None
    if client is None:
        raise not_authenticated("Invalid token: service not found")
    if client.archived_at:
        raise not_authenticated("Invalid token: service is archived")
    return client


def _is_signed(signed: jws.CompactSignature, secret: str) -> bool:
    try:
        return jws.validate_compact(signed, OctKey.import_key(secret), ["HS256"])
    except JoseError:  # such as a header that says what nobody here knows (`crit`)
        return False


def _check_time(claims: dict[str, Any]) -> None:
    issued = claims.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, (int, float)):
        raise not_authenticated("Invalid token: iat field not provided" if issued is None else _UNREADABLE)
    if abs(time.time() - issued) > SKEW:
        raise not_authenticated(f"Error: Your system clock must be accurate to within {SKEW} seconds")
