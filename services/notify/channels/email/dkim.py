"""DKIM signatures (RFC 6376, with Ed25519 as RFC 8463 has it), relaxed/relaxed.

By OpenSSL, and so written here: the library that the tests verify them with signs in Python alone, which takes a core more
than twenty times as long as composing and sending the mail.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

# RFC 6376 section 5.4.1, and what RFC 8058 section 4 wants signed.
_SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type", "content-transfer-encoding"),
    *("content-language", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post"),
)
# Signed once more than they are there: nobody can add another.
_ONLY_ONCE = ("from", "to", "subject", "reply-to")
_SPACES = re.compile(rb"[ \t]+")
_LEAST_BITS = 1024  # RFC 8301


class DkimKey:
    """A private key, in a PEM file, with the name its public half is published under: selector._domainkey.domain."""

    def __init__(self, file: Path, selector: str, domain: str) -> None:
        """Raises ValueError for what is no such key, OSError for what cannot be read."""
        key = load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey) and not (isinstance(key, RSAPrivateKey) and key.key_size >= _LEAST_BITS):
            raise ValueError("no RSA key of 1024 bits or more, nor an Ed25519 key")
        self._key = key
        self._selector = selector
        self._domain = domain

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signature above it. Its lines end in CRLF."""
        head, _, body = mail.partition(b"\r\n\r\n")
        headers = _headers(head)
        names = [name for name in _SIGNED if name in headers] + list(_ONLY_ONCE)
        algorithm = "ed25519-sha256" if isinstance(self._key, Ed25519PrivateKey) else "rsa-sha256"
        digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        listed = ":\r\n\t ".join(names)
        unsigned = (
            f"v=1; a={algorithm}; c=relaxed/relaxed; d={self._domain};\r\n\ts={self._selector}; t={int(time.time())};\r\n"
            f"\th={listed};\r\n\tbh={digest};\r\n\tb="
        ).encode()
        signed = b"".join(headers[name] + b"\r\n" for name in names[: -len(_ONLY_ONCE)])
        seal = base64.b64encode(self._seal(signed + _relaxed_header(b"dkim-signature", unsigned))).decode()
        folded = "\r\n\t ".join(seal[start : start + 70] for start in range(0, len(seal), 70))
        return b"DKIM-Signature: " + unsigned + folded.encode() + b"\r\n" + mail

    def _seal(self, content: bytes) -> bytes:
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(hashlib.sha256(content).digest())
        return self._key.sign(content, PKCS1v15(), SHA256())


def _headers(head: bytes) -> dict[str, bytes]:
    """Name → the header as it is signed. Ours come once each."""
    found = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        found[name.decode("ascii").lower()] = _relaxed_header(name.lower(), value)
    return found


def _relaxed_header(name: bytes, value: bytes) -> bytes:
    return name.strip() + b":" + _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip()


def _relaxed_body(body: bytes) -> bytes:
    lines = [_SPACES.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
