"""What people wrote, in every form in which it could lie in a log, a queue or a trace."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from tests.site import PROCEDURES

# Shorter pieces of base64 would be found by chance.
LEAST_BASE64 = 8
# A choice, a date, a file's type: nothing that is anybody's.
ANYBODYS = re.compile(r"[a-z][a-z0-9./-]*|\d{1,4}|\d{4}(-\d\d){1,2}|[0-9a-f-]{36}|[0-9a-f]{64}")


def filings() -> list[dict[str, Any]]:
    """Every shipped example, those that are wrong too, as they are sent."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(PROCEDURES.glob("*.json"))]
    return [{name: value for name, value in one.items() if name != "expect"} for one in read if "answers" in one]


def written(part: Any) -> Iterator[str]:
    """Every text in it that is somebody's."""
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from written(inner)
    elif isinstance(part, str) and part and not ANYBODYS.fullmatch(part):
        yield part


def forms(text: str) -> set[bytes]:
    """How a text may be written."""
    plain = text.encode()
    escaped = json.dumps(text)[1:-1]
    hexed = "".join(f"\\x{byte:02x}" if byte > 126 else chr(byte) for byte in plain)
    found = {text, escaped, escaped.replace("\\u", "\\U"), quote(text), quote(text, safe=""), quote_plus(text), hexed}
    found |= {
        re.sub(r"\\u(....)", lambda code: "\\u" + code[1].upper(), escaped),
        quote(text).lower(),
        hexed.replace("\\", "\\\\"),
    }
    found |= {"".join(f"={byte:02X}" if byte > 126 else chr(byte) for byte in plain)}  # as mails write it
    found |= {plain.hex()} if len(plain) > 4 else set()
    return {one.encode() for one in found} | set(_base64(plain))


def _base64(plain: bytes) -> Iterator[bytes]:
    """Wherever it stands within something longer: the signs that depend on it alone."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
        begin, end = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        if end - begin >= LEAST_BASE64:
            yield whole[begin:end]
            yield whole[begin:end].translate(bytes.maketrans(b"+/", b"-_"))


def found_in(said: bytes, texts: Iterable[str]) -> list[str]:
    """Which of the texts it holds, each with the line around it."""
    found = []
    for text in sorted(set(texts)):
        for form in forms(text):
            if (at := said.find(form)) >= 0:
                found.append(f"{text!r} in {said[max(0, at - 150) : at + 150].decode(errors='replace')!r}")
                break
    return found
