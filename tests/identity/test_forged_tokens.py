"""An id_token that is not the provider's own, for us, for now and for this very sign-in signs nobody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from shared.identity.oidc import Attempt, Client
from shared.identity.providers import Provider
from shared.problems import Forbidden, Problem, Unavailable
from tests.identity.forger import Forger, forging

HOUSE_KEY = SecretStr("k" * 32)
US = "madoguchi"


@pytest.fixture
def forger() -> Iterator[Forger]:
    with forging() as made:
        yield made


@pytest.fixture
def client(forger: Forger, tmp_path: Path) -> Client:
    secret = tmp_path / "secret"
    secret.write_text("s" * 40, encoding="utf-8")
    provider = Provider(id="x", title="X", issuer=forger.issuer, client_id=US, secret_file=secret, rules="staff")
    return Client(provider, "https://here.example/callback")


def right(forger: Forger, attempt: Attempt) -> dict[str, Any]:
    """The claims of an id_token as it should be."""
    now = int(time.time())
    nonce = attempt.derived(HOUSE_KEY, "nonce")
    return {"iss": forger.issuer, "aud": US, "sub": "p1", "iat": now, "exp": now + 300, "nonce": nonce}


def signed(forger: Forger, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, forger.key)


def sign_in(client: Client, attempt: Attempt) -> dict[str, Any]:
    return client.claims(attempt, HOUSE_KEY, "code", client.provider.issuer)


def test_the_right_one_signs_in(forger: Forger, client: Client) -> None:
    attempt = Attempt.begin("x", "")
    forger.id_token = signed(forger, right(forger, attempt))
    assert sign_in(client, attempt)["name"] == "誰か"


def test_a_provider_that_does_not_answer_is_waited_for_once_and_not_by_everybody(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def silence(address: str, **_: Any) -> None:
        tried.append(address)
        raise requests.ConnectTimeout

    with monkeypatch.context() as patched:
        patched.setattr("shared.identity.oidc.requests.get", silence)
        for _ in range(3):
            with pytest.raises(Unavailable):
                client.address(Attempt.begin("x", ""), HOUSE_KEY)
    assert len(tried) == 1
    client._fresh_until = 0.0  # some seconds later
    assert client.address(Attempt.begin("x", ""), HOUSE_KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "somebody-else"},
        {"aud": None},
        {"aud": []},
        {"aud": [US, "somebody-else"]},
        {"aud": [US, "somebody-else"], "azp": "somebody-else"},
        {"azp": "somebody-else"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
        {"iat": 9_999_999_999},
        {"nonce": None},
        {"nonce": "of-another-sign-in"},
        {"sub": None},
        {"sub": "somebody-else"},
    ],
    ids=str,
)
def test_wrong_or_missing_claims_sign_nobody_in(forger: Forger, client: Client, wrong: dict[str, Any]) -> None:
    attempt = Attempt.begin("x", "")
    claims = {name: said for name, said in (right(forger, attempt) | wrong).items() if said is not None}
    forger.id_token = signed(forger, claims)
    with pytest.raises(Forbidden):
        sign_in(client, attempt)


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _unsigned(_: Forger, claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _with_the_public_key(forger: Forger, claims: dict[str, Any]) -> str:
    """HS256 with the public key's text as its secret, which everybody knows."""
    head = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(claims)}"
    seal = hmac.new(forger.key.as_pem(private=False), head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"


def _with_the_clients_secret(_: Forger, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("s" * 40), algorithms=["HS256"])


def _by_another_key(_: Forger, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, RSAKey.generate_key(2048, {"kid": "k1"}))


def _by_an_unknown_key(_: Forger, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k9"}, claims, RSAKey.generate_key(2048, {"kid": "k9"}))


def _with_its_own_key(_: Forger, claims: dict[str, Any]) -> str:
    """The header brings the key along that it is to be checked with."""
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False)}, claims, key)


def _changed(forger: Forger, claims: dict[str, Any]) -> str:
    head, _, signature = signed(forger, claims).split(".")
    return f"{head}.{_part(claims | {'sub': 'p1', 'role': 'operator'})}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        _unsigned, _with_the_public_key, _with_the_clients_secret,
        _by_another_key, _by_an_unknown_key, _with_its_own_key, _changed,
        lambda *_: "", lambda *_: "a.b", lambda *_: "a.b.c", lambda *_: "é",
    ],
)  # fmt: skip
def test_who_signed_it_counts(forger: Forger, client: Client, forge: Callable[[Forger, dict[str, Any]], str]) -> None:
    attempt = Attempt.begin("x", "")
    forger.id_token = forge(forger, right(forger, attempt))
    with pytest.raises(Problem) as refused:
        sign_in(client, attempt)
    assert refused.value.status == 403


def test_an_id_token_works_for_the_sign_in_it_was_made_for_only(forger: Forger, client: Client) -> None:
    first, second = Attempt.begin("x", ""), Attempt.begin("x", "")
    forger.id_token = signed(forger, right(forger, first))
    with pytest.raises(Forbidden):
        sign_in(client, second)
    assert sign_in(client, first)
