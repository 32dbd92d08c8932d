"""What a file really is: its name, what it was declared as and its content have to say the same, and nothing else may be in it.

A file that two programs take for two things (a PDF that is an archive too, an image with a script) is how scanners and
people are deceived; such are refused. The types are few, so each is looked at for itself: no library that guesses is needed.
"""

from __future__ import annotations

import codecs
import re
import threading
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from shared.files.archives import look_through
from shared.filetypes import FILE_TYPES, UNKNOWN, FileType, file_type_of
from shared.i18n import message
from shared.problems import Invalid

NAME_LIMIT = 150  # characters
# Looking through an archive takes a processor for a second or two: the other requests must not wait for many.
_FEW_AT_A_TIME = threading.BoundedSemaphore(2)
_CHUNK = 256 * 1024
_HEAD = 1024  # where readers of PDF look for its beginning (ISO 32000-1, annex H)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(rb"<(script|html|!doctype|iframe)[\s>/]", re.IGNORECASE)
_MAIN_PART = {
    "docx": b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "xlsx": b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "pptx": b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
}
_OTHER = message("“{name}” is not what its name says: its content is not of the type {type}")
_TWO_THINGS = message("“{name}” is two things at once; save it anew as {type}")


@dataclass(frozen=True)
class Sent:
    """A file that was received and looked at, on disk."""

    file: IO[bytes]
    name: str
    type: str
    size: int
    sha256: bytes


def clean_name(name: str) -> str:
    """A file's name without folders, and without signs that deceive, such as those that turn the order of writing round."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    shown = "".join("_" if sign in '<>:"|?*' else sign for sign in base if unicodedata.category(sign)[0] != "C").strip(" .")
    stem, dot, extension = shown.rpartition(".")
    return f"{stem[: NAME_LIMIT - len(extension) - 1]}{dot}{extension}" if dot else shown[:NAME_LIMIT]


def inspect(file: IO[bytes], name: str, declared: str) -> FileType:
    """The type of a file with a clean name. `declared`: its media type as it was sent, empty where none was. Raises Invalid."""
    kind = file_type_of(name)
    if kind is None or len(name) > NAME_LIMIT:
        raise Invalid(
            "“{name}” is of a type that is not taken; these are: {types}", name=name[:NAME_LIMIT], types=", ".join(FILE_TYPES)
        )
    sent_as = declared.partition(";")[0].strip().lower()
    if sent_as not in {"", UNKNOWN, kind.media_type, *kind.declared}:
        raise Invalid("“{name}” was sent as {sent_as}, which its name does not say", name=name, sent_as=sent_as[:100])
    with _FEW_AT_A_TIME:
        file.seek(0)
        head = file.read(_HEAD)
        if not head:
            raise Invalid("“{name}” is empty", name=name)
        if head.startswith(_OLD_OFFICE):
            raise Invalid("“{name}” has a password or an old format; save it without one, in the present format", name=name)
        _CHECKS[kind.name](file, head, name, kind)
    return kind


def _refuse_unless(fine: bool, says: str, name: str, kind: FileType) -> None:  # noqa: FBT001 - what has to hold comes first
    if not fine:
        raise Invalid(says, name=name, type=kind.name)


def _pdf(file: IO[bytes], head: bytes, name: str, kind: FileType) -> None:
    file.seek(max(0, file.seek(0, 2) - _HEAD))
    _refuse_unless(head.startswith(b"%PDF-") and b"%%EOF" in file.read(), _OTHER, name, kind)
    _refuse_unless(not zipfile.is_zipfile(file), _TWO_THINGS, name, kind)


def _image(file: IO[bytes], head: bytes, name: str, kind: FileType) -> None:
    begins = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" if kind.name == "png" else b"\xff\xd8\xff"
    _refuse_unless(head.startswith(begins), _OTHER, name, kind)
    if kind.name == "png":
        file.seek(max(0, file.seek(0, 2) - 8))
        _refuse_unless(file.read(4) == b"IEND", _TWO_THINGS, name, kind)
    _refuse_unless(b"%PDF-" not in head and not zipfile.is_zipfile(file), _TWO_THINGS, name, kind)
    file.seek(0)
    end = b""
    while chunk := file.read(_CHUNK):
        _refuse_unless(_MARKUP.search(end + chunk) is None, _TWO_THINGS, name, kind)
        end = chunk[-16:]


def _text(file: IO[bytes], head: bytes, name: str, kind: FileType) -> None:
    _refuse_unless(b"%PDF-" not in head and not zipfile.is_zipfile(file), _TWO_THINGS, name, kind)
    _refuse_unless(any(_reads_as(file, encoding) for encoding in ("utf-8", "cp932")), _OTHER, name, kind)


def _reads_as(file: IO[bytes], encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            if re.search(r"[\x00-\x08\x0e-\x19\x1b-\x1f]", decoder.decode(chunk)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _archive(file: IO[bytes], head: bytes, name: str, kind: FileType) -> None:
    _refuse_unless(head.startswith((b"PK\x03\x04", b"PK\x05\x06")), _OTHER, name, kind)
    look_through(file, name)


def _office(file: IO[bytes], head: bytes, name: str, kind: FileType) -> None:
    _refuse_unless(head.startswith(b"PK\x03\x04"), _OTHER, name, kind)
    _refuse_unless(b"%PDF-" not in head, _TWO_THINGS, name, kind)
    contents = look_through(file, name)
    _refuse_unless(_MAIN_PART[kind.name] in contents.content_types, _OTHER, name, kind)


_CHECKS: dict[str, Callable[[IO[bytes], bytes, str, FileType], None]] = {
    "pdf": _pdf,
    "jpeg": _image,
    "png": _image,
    "csv": _text,
    "txt": _text,
    "zip": _archive,
    "docx": _office,
    "xlsx": _office,
    "pptx": _office,
}
