"""What Madoguchi reaches over the network: mail server, identity providers, and itself as people reach it."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import time
import urllib.error
import urllib.request
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deploy.checkup.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 5
DAYS_LEFT = 21
LONGEST = 256 * 1024


def mail(get: Callable[[str], str]) -> Iterator[Finding]:
    """The mail server, greeted, encrypted and logged in to as the post does it."""
    # Here, since `madoguchi up` need not load the services.
    from pydantic import SecretStr

    from services.notify.channels.email.connecting import connect
    from services.notify.settings import Settings

    url = get("MADOGUCHI_NOTIFY_SMTP_URL")
    chosen: dict[str, Any] = {
        name: value for name in ("smtp_starttls", "smtp_ca", "smtp_ehlo") if (value := get(f"MADOGUCHI_NOTIFY_{name.upper()}"))
    }
    settings = Settings.model_construct(smtp_url=SecretStr(url), smtp_timeout=SECONDS, **chosen)
    where = urlsplit(url).netloc.rpartition("@")[2]
    try:
        server = connect(settings)
    except smtplib.SMTPAuthenticationError as error:
        yield Finding(
            f"the mail server {where} refuses the login ({error.smtp_code})",
            "Check name and password in MADOGUCHI_NOTIFY_SMTP_URL.",
        )
    except ssl.SSLError as error:
        yield Finding(
            f"the mail server {where} can't be trusted: {error.reason or error}",
            "Renew its certificate, or name its authority in MADOGUCHI_NOTIFY_SMTP_CA. Mails wait meanwhile.",
        )
    except (OSError, smtplib.SMTPException) as error:
        yield Finding(
            f"the mail server {where} does not answer: {error}",
            "Check MADOGUCHI_NOTIFY_SMTP_URL, …_SMTP_STARTTLS, and the firewall. Mails wait meanwhile.",
        )
    else:
        with server:
            encrypted = isinstance(server.sock, ssl.SSLSocket)
        local = _is_here(urlsplit(url).hostname or "") or "." not in (urlsplit(url).hostname or "")
        if encrypted or local:
            yield Finding(f"the mail server {where} answers ({'encrypted' if encrypted else 'not encrypted'})")
        else:
            yield Finding(
                f"the mail server {where} takes mails over the network without encryption",
                "Have it offer STARTTLS, or name one that does.",
                "docs/settings.md",
            )


def providers(get: Callable[[str], str]) -> Iterator[Finding]:
    """The discovery document of each identity provider (OpenID Connect Discovery 1.0)."""
    told = get("MADOGUCHI_SIGN_IN_PROVIDERS")
    for provider in json.loads(told) if told else []:
        issuer = str(provider.get("issuer", ""))
        try:
            document = json.loads(_fetched(issuer.rstrip("/") + "/.well-known/openid-configuration"))
            said = str(document["issuer"])
            json.loads(_fetched(str(document["jwks_uri"])))["keys"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield Finding(
                f"the identity provider {issuer} does not answer as it should: {type(error).__name__} {error}"[:300],
                "Check its `issuer` in MADOGUCHI_SIGN_IN_PROVIDERS and the way there. Who signs in by it can't meanwhile.",
            )
            continue
        if said != issuer:
            yield Finding(f"the identity provider {issuer} calls itself {said}", "Write that as its `issuer`, to the letter.")
        else:
            yield Finding(f"the identity provider {issuer} answers")


def base(get: Callable[[str], str]) -> Iterator[Finding]:
    """The address people use, and its certificate."""
    url = get("MADOGUCHI_BASE_URL")
    parts = urlsplit(url)
    if not url:
        yield Finding("the address people use is not named", "Set MADOGUCHI_BASE_URL: links in mails begin with it.")
        return
    if _is_here(parts.hostname or ""):
        yield Finding(f"{url} can be reached from this machine alone (MADOGUCHI_BASE_URL)")
        return
    if parts.scheme == "https":
        yield certificate(parts.hostname or "", parts.port or 443)
    else:
        yield Finding(f"{url} is not encrypted", "Have the gateway end TLS (deploy/compose/tls.yaml), and say https:// there.")
    try:
        _fetched(f"{url}/health/live")
    except OSError as error:
        yield Finding(
            f"{url} can't be reached from here: {error}",
            "Check name, firewall and gateway. If only this container can't, since the way leads around the house, it is well.",
        )
    else:
        yield Finding(f"{url} answers")


def certificate(host: str, port: int, *, now: float | None = None) -> Finding:
    """Whether a server's certificate is good, and will be for a while."""
    try:
        with (
            socket.create_connection((host, port), timeout=SECONDS) as line,
            ssl.create_default_context().wrap_socket(line, server_hostname=host) as encrypted,
        ):
            ends = ssl.cert_time_to_seconds(str((encrypted.getpeercert() or {})["notAfter"]))
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason
        return Finding(f"nobody trusts the certificate of {host}: {why}", "Renew it: secrets/tls_certificate, secrets/tls_key.")
    except OSError as error:
        return Finding(f"{host}:{port} does not answer: {error}", "Check name, firewall and gateway.")
    days = int((ends - (time.time() if now is None else now)) // 86_400)
    if days < DAYS_LEFT:
        return Finding(f"the certificate of {host} ends in {days} days", "Renew it: secrets/tls_certificate, secrets/tls_key.")
    return Finding(f"the certificate of {host} is good for {days} days")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fetched(url: str) -> bytes:
    """What is there. Raises OSError."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - addresses of the operator's own settings
            content: bytes = answer.read(LONGEST)
            return content
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"{error.code} {error.reason}") from None
