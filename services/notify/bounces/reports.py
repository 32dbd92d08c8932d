"""Reading delivery status notifications (RFC 3464) and complaints (ARF, RFC 5965). Anybody can send us anything here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import compat32
from typing import Literal

# The machine's part comes before the returned mail: of a large one the beginning tells all.
MOST_BYTES = 256 * 1024
_MOST_PARTS = 20
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# The mailbox does not exist, or has been given up (RFC 3463). A full mailbox, or a server that takes us for spammers, says
# nothing of the address.
_NO_SUCH_ADDRESS = re.compile(r"5\.(1\.(0|1|2|3|6|10)|2\.1)")


@dataclass(frozen=True)
class Report:
    """What a mail says of a mail of ours.

    bounced: it will not arrive; `for_good` if there is no such address. delayed: it is still being tried. delivered: it
    arrived. complained: the recipient called it spam.
    """

    kind: Literal["bounced", "delayed", "delivered", "complained"]
    status: str = ""
    detail: str = ""
    server: str = ""

    @property
    def for_good(self) -> bool:
        """Whether the recipient need not be written to again."""
        return self.kind == "complained" or (self.kind == "bounced" and bool(_NO_SUCH_ADDRESS.fullmatch(self.status)))


def report_in(content: bytes) -> Report | None:
    """What a mail reports; None for one that is no report, or cannot be understood."""
    try:
        mail = message_from_bytes(content[:MOST_BYTES], policy=compat32)
        if mail.get_content_type() != "multipart/report":
            return None
        for part in _parts(mail):
            kind = part.get_content_type()
            if kind in {"message/delivery-status", "message/global-delivery-status"}:
                return _of_status(part)
            if kind == "message/feedback-report":
                return Report("complained", detail=_field(_block(part), "Feedback-Type"))
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return None  # the library fails in many ways at what is no mail
    return None


def _parts(mail: Mail) -> list[Mail]:
    payload = mail.get_payload()
    return [part for part in payload[:_MOST_PARTS] if isinstance(part, Mail)] if isinstance(payload, list) else []


def _of_status(part: Mail) -> Report | None:
    """RFC 3464 section 2: fields of the mail, then those of each recipient. Ours have one recipient each."""
    blocks = _parts(part)
    server = next((_field(block, "Reporting-MTA") for block in blocks if block["Reporting-MTA"]), "")
    for block in blocks:
        action = _field(block, "Action").lower()
        if not action:
            continue
        found = _STATUS.search(_field(block, "Status"))
        status = found[0] if found else ""
        detail = _field(block, "Diagnostic-Code") or status
        match action:
            case "failed":
                return Report("bounced", status, detail, _name(server))
            case "delayed":
                return Report("delayed", status, detail, _name(server))
            case "delivered":
                return Report("delivered", status, detail, _name(server))
    return None


def _block(part: Mail) -> Mail:
    """The fields of a part that the library takes for a mail, or for a text."""
    inner = _parts(part)
    return inner[0] if inner else message_from_bytes(part.get_payload(decode=True) or b"", policy=compat32)  # type: ignore[arg-type]


def _field(block: Mail, name: str) -> str:
    """A field in one line, without what no table takes, cut."""
    value = "".join(sign for sign in str(block.get(name, "")) if sign.isprintable() or sign.isspace())
    return " ".join(value.encode("utf-8", "replace").decode().split())[:300]


def _name(server: str) -> str:
    """`dns; mx.example.com` → mx.example.com"""
    return server.rpartition(";")[2].strip()[:100]
