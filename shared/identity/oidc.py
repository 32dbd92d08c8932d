"""OpenID Connect Core 1.0, the authorisation code flow with PKCE (RFC 7636), by Authlib and joserfc.

What ties the answer to the browser is one signed cookie: state, nonce and verifier are derived from its secret with the house's
key, so that beginning a sign-in writes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from shared.identity.callers import new_secret
from shared.problems import Forbidden, Unavailable

if TYPE_CHECKING:
    from pydantic import SecretStr

    from shared.identity.providers import Provider

ATTEMPT_LIFE = timedelta(minutes=15)
_TIMEOUT = 5.0  # seconds
_METADATA_LIFE = 3600.0  # seconds
_REST = 10.0  # seconds from one try to the next, while it does not answer: not everybody waits for it
_KEYS_REST = 10.0  # seconds between two looks for an unknown key
_LEEWAY = 60  # seconds that clocks may differ
_LIMIT = 256 * 1024  # bytes of an answer


@dataclass(frozen=True)
class Attempt:
    """A sign-in that this browser began."""

    secret: str
    provider: str
    expires: datetime
    goal: str

    @staticmethod
    def begin(provider: str, goal: str) -> Attempt:
        """A new one, leading back to `goal`."""
        expires = (datetime.now(UTC) + ATTEMPT_LIFE).replace(microsecond=0)
        return Attempt(new_secret(), provider, expires, goal)

    def derived(self, key: SecretStr, what: str) -> str:
        """The attempt's `state`, `nonce` or `verifier`: 43 characters (RFC 7636 section 4.1)."""
        return _mac(key, f"oidc {what} {self.secret}")

    def sealed(self, key: SecretStr) -> str:
        """As a cookie's value."""
        text = "\n".join((self.secret, self.provider, str(int(self.expires.timestamp())), self.goal))
        body = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return f"{body}.{_mac(key, f'oidc attempt {body}')}"

    @staticmethod
    def opened(cookie: str, key: SecretStr) -> Attempt | None:
        """From a cookie's value; None for what this house did not seal, or sealed too long ago."""
        body, _, seal = cookie.partition(".")
        if not hmac.compare_digest(seal.encode(), _mac(key, f"oidc attempt {body}").encode()):
            return None
        secret, provider, expires, goal = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().split("\n")
        attempt = Attempt(secret, provider, datetime.fromtimestamp(int(expires), UTC), goal)
        return attempt if attempt.expires > datetime.now(UTC) else None


def _mac(key: SecretStr, text: str) -> str:
    digest = hmac.new(key.get_secret_value().encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass
class Client:
    """This house at one provider. It remembers the provider's metadata and keys."""

    provider: Provider
    callback: str
    _metadata: dict[str, Any] = field(default_factory=dict)
    _fresh_until: float = 0.0
    _keys: KeySet | None = None
    _keys_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def address(self, attempt: Attempt, key: SecretStr) -> str:
        """Where the browser signs in. Raises Unavailable."""
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._known()["authorization_endpoint"],
                state=attempt.derived(key, "state"),
                nonce=attempt.derived(key, "nonce"),
                code_verifier=attempt.derived(key, "verifier"),
            )
        return str(url)

    def claims(self, attempt: Attempt, key: SecretStr, code: str, issuer: str | None) -> dict[str, Any]:
        """Redeem a code for what userinfo says, after checking who says it. Raises Forbidden, Unavailable."""
        known = self._known()
        promised = known.get("authorization_response_iss_parameter_supported") is True
        if (issuer is None and promised) or issuer not in (None, self.provider.issuer):  # mix-up (RFC 9207)
            raise Forbidden("The answer came from another sign-in service; begin again")
        try:
            with self._session() as session:
                token = session.fetch_token(
                    known["token_endpoint"], code=code, code_verifier=attempt.derived(key, "verifier"), timeout=_TIMEOUT
                )
                signed = self._checked(str(token.get("id_token", "")), attempt.derived(key, "nonce"))
                answer = session.get(known["userinfo_endpoint"], timeout=_TIMEOUT, allow_redirects=False)
        except AuthlibBaseError as error:
            raise Forbidden("The sign-in service refused this sign-in; begin again") from error
        except (requests.RequestException, ValueError) as error:
            raise _away() from error
        claims = _json(answer)
        if claims.get("sub") != signed["sub"]:  # OpenID Connect Core 5.3.2
            raise Forbidden("The sign-in service contradicts itself; begin again")
        return claims

    def logout_address(self, back: str) -> str | None:
        """Where to sign out of the provider too (RP-Initiated Logout 1.0), if it offers that. Raises Unavailable."""
        end = self._known().get("end_session_endpoint")
        if not end:
            return None
        query = {"client_id": self.provider.client_id, "post_logout_redirect_uri": back}
        return requests.Request("GET", end, params=query).prepare().url

    def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an id_token that is right (OpenID Connect Core 3.1.3.7). Raises Forbidden, Unavailable."""
        try:
            try:
                claims = jwt.decode(id_token, self._key_set(), algorithms=["RS256"]).claims
            except InvalidKeyIdError:  # the provider changed its keys
                claims = jwt.decode(id_token, self._key_set(renew=True), algorithms=["RS256"]).claims
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.provider.issuer},
                aud={"essential": True, "value": self.provider.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise Forbidden("The sign-in service's answer is not genuine; begin again") from error
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.provider.client_id:
            raise Forbidden("The sign-in service's answer is not genuine; begin again")
        return dict(claims)

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.provider.client_id,
            self.provider.secret().get_secret_value(),
            scope=self.provider.scopes,
            redirect_uri=self.callback,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
            code_challenge_method="S256",
        )

    def _known(self) -> dict[str, Any]:
        """The provider's metadata (OpenID Connect Discovery 1.0), asked once an hour. Raises Unavailable."""
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._metadata, self._fresh_until = {}, time.monotonic() + _REST
                found = _fetch(self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
                needed = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
                if found.get("issuer") != self.provider.issuer or not all(isinstance(found.get(one), str) for one in needed):
                    raise _away()
                self._metadata, self._fresh_until = found, time.monotonic() + _METADATA_LIFE
            if not self._metadata:
                raise _away()
            return self._metadata

    def _key_set(self, *, renew: bool = False) -> KeySet:
        address = self._known()["jwks_uri"]
        with self._lock:
            if self._keys is None or (renew and time.monotonic() - self._keys_at > _KEYS_REST):
                self._keys, self._keys_at = KeySet.import_key_set(_fetch(address)), time.monotonic()  # type: ignore[arg-type]
            return self._keys


def _fetch(address: str) -> dict[str, Any]:
    try:
        return _json(requests.get(address, timeout=_TIMEOUT, allow_redirects=False))
    except requests.RequestException as error:
        raise _away() from error


def _json(answer: Any) -> dict[str, Any]:
    try:
        read = answer.json() if answer.status_code == requests.codes.ok and len(answer.content) <= _LIMIT else None
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise _away()
    return read


def _away() -> Unavailable:
    return Unavailable("The sign-in service does not answer; try again shortly, or have a link mailed", retry_after=30)
