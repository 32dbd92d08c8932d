"""Files as applicants send them, and as nobody should."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x11" * 300 + b"\xff\xd9"
CSV = "費目,金額\n機械装置,1200000\n"
_MAIN = {
    "docx": ("word/document.xml", "wordprocessingml.document"),
    "xlsx": ("xl/workbook.xml", "spreadsheetml.sheet"),
    "pptx": ("ppt/presentation.xml", "presentationml.presentation"),
}


def _png() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack("!I", len(content)) + kind + content + struct.pack("!I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack("!2I5B", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


PNG = _png()


def zipped(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def office(kind: str, more: Mapping[str, bytes] | None = None) -> bytes:
    """A Word, Excel or PowerPoint document with the parts that say what it is."""
    part, says = _MAIN[kind]
    media = f"application/vnd.openxmlformats-officedocument.{says}.main+xml"
    types = f'<Types><Override PartName="/{part}" ContentType="{media}"/></Types>'.encode()
    return zipped({"[Content_Types].xml": types, part: b"<document/>" * 20, **(more or {})})


def bomb(megabytes: int) -> bytes:
    """An archive of zeros."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w", force_zip64=False) as entry:
        for _ in range(megabytes):
            entry.write(bytes(1_000_000))
    return file.getvalue()


def overlapping() -> bytes:
    """Two entries with one content, as David Fifield's bombs have thousands of: the second lies in the first."""
    plain = zipped({"a": bytes(100_000)})
    start = plain.rfind(b"PK\x01\x02")
    entry, end = plain[start : plain.rfind(b"PK\x05\x06")], plain[plain.rfind(b"PK\x05\x06") :]
    doubled = entry + entry.replace(b"a", b"b")
    count, length = 2, len(doubled)
    fields = struct.unpack("<4s4H2LH", end)
    return plain[:start] + doubled + struct.pack("<4s4H2LH", fields[0], 0, 0, count, count, length, start, 0)


def quine() -> bytes:
    """As deep as a quine looks for whoever unpacks: archives in archives without an end in sight."""
    content = b"x"
    for _ in range(12):
        content = zipped({"r.zip": content})
    return content


def lying() -> bytes:
    """An entry whose directory says that it is small; it unpacks to ten megabytes."""
    good = bytearray(zipped({"zeros": bytes(10_000_000)}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = good.rfind(signature) + at
        good[place : place + 4] = struct.pack("<L", 10)
    return bytes(good)


def zip64(archive: bytes, *, entries: int = 0) -> bytes:
    """An archive as Java's writers of large sheets end it; with `entries`, its two ends say two things."""
    at = archive.rfind(b"PK\x05\x06")
    *_, count, length, start, _ = struct.unpack("<4s4H2LH", archive[at:])
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries or count, entries or count, length, start)
    return archive[:at] + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1) + archive[at:]


def encrypted() -> bytes:
    """An archive whose directory says that its entry needs a password."""
    good = bytearray(zipped({"secret.txt": b"secret"}))
    good[6] |= 1
    good[good.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(good)
