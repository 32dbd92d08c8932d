"""Caught mails: one .eml file each in a folder, and what the API says of them."""

from __future__ import annotations

import email
import email.policy
import email.utils
import os
import secrets
import sys
import threading
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import TypedDict

ENVELOPE_FROM = "X-Envelope-From"
ENVELOPE_TO = "X-Envelope-To"


class Address(TypedDict):
    """One mailbox of a header."""

    address: str
    name: str


class Attachment(TypedDict):
    """A part of a mail that is a file."""

    fileName: str
    contentType: str
    length: int


class Envelope(TypedDict):
    """What the SMTP client said, whatever the headers say."""

    sender: str
    to: list[str]


# The functional form, since `from` is a keyword.
Mail = TypedDict(
    "Mail",
    {
        "id": str,
        "date": str,
        "time": str,
        "from": list[Address],
        "to": list[Address],
        "cc": list[Address],
        "subject": str,
        "text": str,
        "html": str,
        "headers": dict[str, str],
        "attachments": list[Attachment],
        "envelope": Envelope,
        "size": int,
    },
)
"""A mail in maildev's shape: `date` as the sender says, `time` when it was caught, both ISO 8601 in UTC."""


class Mails:
    """The caught mails, oldest first. Used from several threads."""

    def __init__(self, folder: Path, most: int = sys.maxsize) -> None:
        """Open `folder` and read what an earlier run caught. Of more than `most` mails the oldest go."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._lock = threading.Lock()
        for unfinished in folder.glob("*.part"):
            unfinished.unlink()
        self._most = most
        files = sorted(folder.glob("*.eml"))
        for path in files[:-most]:
            path.unlink()
        self._mails = {path.stem: describe(path.stem, path.read_bytes()) for path in files[-most:]}

    def keep(self, sender: str, recipients: list[str], content: bytes) -> str:
        """Store a mail; on disk for good when this returns its id."""
        mail_id = f"{time.time_ns():020d}-{secrets.token_hex(4)}"  # sorts by time
        trace = [(ENVELOPE_FROM, sender), *((ENVELOPE_TO, recipient) for recipient in recipients)]
        whole = b"".join(f"{name}: {value}\r\n".encode() for name, value in trace) + content
        part = self._folder / f"{mail_id}.part"
        with part.open("xb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._folder / f"{mail_id}.eml")
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        described = describe(mail_id, whole)
        with self._lock:
            self._mails[mail_id] = described
            if len(self._mails) > self._most:
                self._delete(min(self._mails))
        return mail_id

    def all(self) -> list[Mail]:
        """All mails, newest last."""
        with self._lock:
            return [mail for _, mail in sorted(self._mails.items())]

    def get(self, mail_id: str) -> Mail | None:
        """One mail, if it is here."""
        with self._lock:
            return self._mails.get(mail_id)

    def source(self, mail_id: str) -> bytes | None:
        """The mail as it came, after two lines or more that tell its envelope."""
        if self.get(mail_id) is None:  # also keeps invented ids away from the file system
            return None
        return (self._folder / f"{mail_id}.eml").read_bytes()

    def delete_all(self) -> int:
        """Forget every mail; how many there were."""
        with self._lock:
            gone = list(self._mails)
            for mail_id in gone:
                self._delete(mail_id)
        return len(gone)

    def _delete(self, mail_id: str) -> None:
        (self._folder / f"{mail_id}.eml").unlink(missing_ok=True)
        del self._mails[mail_id]


def describe(mail_id: str, source: bytes) -> Mail:
    """Read a stored mail. What is malformed comes as well as it can be read; nothing raises."""
    message = email.message_from_bytes(source, policy=email.policy.default)
    caught = datetime.fromtimestamp(int(mail_id.partition("-")[0]) / 1e9, UTC)
    headers: dict[str, str] = {}
    envelope: Envelope = {"sender": "", "to": []}
    for name, value in _headers(message):
        if name == ENVELOPE_FROM.lower():
            envelope["sender"] = value
        elif name == ENVELOPE_TO.lower():
            envelope["to"].append(value)
        else:
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return {
        "id": mail_id,
        "date": _date(headers.get("date", ""), caught),
        "time": _iso(caught),
        "from": _addresses(headers.get("from", "")),
        "to": _addresses(headers.get("to", "")) or [{"address": one, "name": ""} for one in envelope["to"]],
        "cc": _addresses(headers.get("cc", "")),
        "subject": headers.get("subject", ""),
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
        "headers": headers,
        "attachments": [
            {
                "fileName": part.get_filename() or "",
                "contentType": part.get_content_type(),
                "length": len(part.get_payload(decode=True) or b""),
            }
            for part in message.walk()
            if part.get_content_disposition() == "attachment"
        ],
        "envelope": envelope,
        "size": len(source),
    }


def _headers(message: EmailMessage) -> list[tuple[str, str]]:
    found = []
    for name, raw in message.raw_items():
        try:
            value = str(message.policy.header_fetch_parse(name, raw))
        except Exception:  # noqa: BLE001 - the standard library's parser raises many kinds on malformed headers
            value = str(raw)
        found.append((name.lower(), value))
    return found


def _addresses(header: str) -> list[Address]:
    return [{"address": address, "name": name} for name, address in email.utils.getaddresses([header]) if address]


def _date(header: str, caught: datetime) -> str:
    try:
        said = email.utils.parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return _iso(caught)
    return _iso(said if said.tzinfo else said.replace(tzinfo=UTC))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset nobody knows
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")
