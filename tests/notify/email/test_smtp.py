"""How mails are handed over: encryption, names, signatures, headers, limits for a domain."""

from __future__ import annotations

import base64
import itertools
import json
import ssl
from pathlib import Path
from typing import Any

import dkim
import pytest
import trustme
from aiosmtpd.smtp import AuthResult
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from services.notify.channels.email.composing import Composer
from services.notify.settings import Settings
from shared.settings import SettingsError, load
from tests.notify.parts import make_due, message, send, sender_to, write_to
from tests.notify.smtp import moody_server
from tests.site import Site, eventually

HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


def certified(authority: trustme.CA, name: str = HERE) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("starttls", "offered", "certificate", "encrypted"),
    [
        ("required", True, HERE, True),
        ("required", True, "other.example", None),
        ("required", False, "", None),
        ("opportunistic", True, "other.example", True),
        ("opportunistic", False, "", False),
        ("none", True, HERE, False),
    ],
)
def test_starttls_is_what_the_settings_want(
    clean: Site,
    authority: trustme.CA,
    trusted: str,
    *,
    starttls: str,
    offered: bool,
    certificate: str,
    encrypted: bool | None,
) -> None:
    write_to(clean, "a@example.com")
    options = {"tls_context": certified(authority, certificate)} if offered else {}
    with moody_server(**options) as (url, moody):
        sent = send(url, smtp_starttls=starttls, smtp_ca=trusted, smtp_ehlo="post.example.go.jp")
    assert sent == (encrypted is not None)
    if encrypted is None:
        assert message(clean, "a@example.com")["state"] == "deferred"
    else:
        assert moody.greeted[-1] == ("post.example.go.jp", encrypted)


def test_a_password_goes_only_to_the_server_whose_certificate_is_its_own(
    clean: Site, authority: trustme.CA, trusted: str
) -> None:
    passwords = []

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> AuthResult:
        passwords.append(data.password)
        return AuthResult(success=True)

    for name in ("other.example", HERE):
        write_to(clean, f"{name}@example.com")
        options = {"tls_context": certified(authority, name), "authenticator": authenticate, "auth_required": True}
        with moody_server(**options) as (url, _):
            send(url.replace("smtp://", "smtp://post:pass%40word@"), smtp_ca=trusted)
        clean.run("delete from notify.message where state <> 'sent'")
    assert passwords == [b"pass@word"]


KEYS: dict[str, Any] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("kind", KEYS)
def test_mails_are_signed_as_another_program_verifies(clean: Site, tmp_path: Path, kind: str) -> None:
    key = KEYS[kind]()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    write_to(clean, "a@example.com")
    options = {"one_click_unsubscribe_url": "https://example.go.jp/u/" + "0123456789" * 12, "reply_to": "desk@example.go.jp"}
    clean.run("update notify.message set options = cast(:options as jsonb)", options=json.dumps(options))
    with moody_server() as (url, moody):
        assert send(url, dkim_key=str(tmp_path / "key.pem"), dkim_selector="s1", dkim_domain="example.go.jp") == 1
    mail = moody.taken[0][1]
    public = key.public_key()
    asked = []

    def published(name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001 - the verifier's way to ask DNS
        asked.append(name)
        if kind == "rsa":
            form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        else:
            form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return f"v=DKIM1; k={kind}; p=".encode() + base64.b64encode(public.public_bytes(*form))

    assert dkim.verify(mail, dnsfunc=published) is True
    assert asked == [b"s1._domainkey.example.go.jp."]
    for name in (
        b"List-Unsubscribe: <" + options["one_click_unsubscribe_url"].encode() + b">\r\n",
        b"Reply-To: desk@example.go.jp\r\n",
    ):
        assert name in mail
        assert dkim.verify(mail.replace(name, b""), dnsfunc=published) is False
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mail
    assert dkim.verify(b"From: other@example.com\r\n" + mail, dnsfunc=published) is False
    assert dkim.verify(mail + b"more\r\n", dnsfunc=published) is False


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", None])
def test_a_key_that_is_none_is_told_at_the_start(
    clean: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    assert clean
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    monkeypatch.setenv("MADOGUCHI_NOTIFY_DKIM_KEY", str(tmp_path / "key.pem"))
    with pytest.raises(SettingsError, match="DKIM_SELECTOR"):
        load(Settings)
    monkeypatch.setenv("MADOGUCHI_NOTIFY_DKIM_SELECTOR", "s1")
    with pytest.raises(SettingsError, match="MADOGUCHI_NOTIFY_DKIM_KEY"):
        Composer(load(Settings), None)  # type: ignore[arg-type]


def test_each_mail_has_a_return_address_of_its_own(clean: Site) -> None:
    write_to(clean, "a@example.com", "b@example.com")
    with moody_server() as (url, moody):
        send(url, bounce_address="bounces@post.example.go.jp")
    assert len(set(moody.senders)) == 2
    assert all(one.startswith("bounces+") and one.endswith("@post.example.go.jp") for one in moody.senders)
    assert all(len(one.partition("@")[0]) <= 64 for one in moody.senders)


def test_a_domain_at_its_limit_waits_and_holds_up_nobody(clean: Site) -> None:
    slow = [f"a{number}@slow.example" for number in range(9)]
    write_to(clean, "tarpit@slow.example")
    write_to(clean, *slow, "b@example.com", "c@other.example")
    with moody_server() as (url, moody), sender_to(url, 3, smtp_domain_connections="1") as sender:
        sender.turn()
        eventually(lambda: len(moody.taken) == 2)
        assert {to for to, _ in moody.taken} == {"b@example.com", "c@other.example"}
        assert moody.seen.count("tarpit@slow.example") == 1
        assert not set(slow) & set(moody.seen)
        moody.released.set()
        assert sender.settle() == 3
        for _ in slow:  # one at a time: the others come one after the other
            make_due(clean)
            sender.turn()
            sender.settle()
        assert {row["attempts"] for row in clean.rows("select attempts from notify.message where state = 'sent'")} == {1}
        assert set(slow) & set(moody.seen)


def test_a_domain_gets_so_many_a_second_and_the_rest_comes_one_after_the_other(clean: Site) -> None:
    write_to(clean, *(f"a{number}@slow.example" for number in range(10)), "b@example.com")
    with moody_server() as (url, moody), sender_to(url, 3, smtp_domain_rate="0.5") as sender:
        sender.turn()
        assert sender.settle() == len(moody.taken) == 2
    waits = [
        float(row["wait"])
        for row in clean.rows(
            "select extract(epoch from next_attempt_at - now()) as wait from notify.message where state = 'created' order by 1"
        )
    ]
    assert len(waits) == 9
    assert all(1.9 < later - sooner < 2.1 for sooner, later in itertools.pairwise(waits))


@pytest.mark.parametrize("url", ["https://a.example/>\r\nBcc: b@example.com", "https://a.example/ b", "https://窓口.example/"])
def test_an_address_to_unsubscribe_at_adds_no_header(clean: Site, url: str) -> None:
    write_to(clean, "a@example.com")
    clean.run("update notify.message set options = jsonb_build_object('one_click_unsubscribe_url', cast(:url as text))", url=url)
    with moody_server() as (server, moody):
        assert send(server) == 0
    assert (message(clean, "a@example.com")["state"], moody.taken) == ("failed", [])
