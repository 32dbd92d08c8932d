"""Zip archives, and the Office documents that are some: looked through to the last byte, in bounded memory, disk and time.

Refused are bombs (by number, size, ratio and depth; a quine ends at the depth, overlapping entries are seen in the directory),
what is encrypted, what programs read differently (bytes before or after it, two entries of one name, two directories), and
macros.
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO

from shared.i18n import message
from shared.problems import Invalid

MOST_ENTRIES = 2000  # of an archive with those in it
DEEPEST = 3  # an archive in an archive in an archive
MOST_UNPACKED = 300 * 1024 * 1024
# An archive may unpack to so many times its size, or to so many bytes if that is more.
MOST_TIMES, FREE = 100, 20 * 1024 * 1024
_DIRECTORY_LIMIT = 1024 * 1024
_CHUNK = 64 * 1024
_END, _END_LENGTH, _LONGEST_COMMENT = b"PK\x05\x06", 22, 0xFFFF
_END_64, _END_64_LENGTH = b"PK\x06\x06", 56
_LOCATOR, _LOCATOR_LENGTH = b"PK\x06\x07", 20
_LOCAL, _LOCAL_LENGTH = b"PK\x03\x04", 30
# Flags of APPNOTE.TXT 4.4.4: encrypted, strong encryption, masked headers
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_TYPES = "[Content_Types].xml"

_BROKEN = message("“{name}” is a broken archive, or one that programs read differently; pack it anew")
_BOMB = message("“{name}” unpacks to more than is taken; send fewer or smaller files")
_LOCKED = message("“{name}” is encrypted; send it without a password")
_MACROS = message("“{name}” holds macros; save it without them")


class _Refused(Exception):
    """Why an archive is not taken."""


@dataclass
class Contents:
    """What an archive holds: the names of its entries, and what an Office document says of its parts."""

    names: set[str] = field(default_factory=set)
    content_types: bytes = b""


@dataclass
class _Budget:
    entries: int
    unpacked: int

    def spend(self, unpacked: int) -> None:
        self.unpacked -= unpacked
        if self.unpacked < 0:
            raise _Refused(_BOMB)


def look_through(file: IO[bytes], name: str) -> Contents:
    """Unpack everything, and throw it away. Raises Invalid."""
    size = file.seek(0, 2)
    budget = _Budget(MOST_ENTRIES, min(MOST_UNPACKED, max(FREE, MOST_TIMES * size)))
    try:
        return _look(file, budget, depth=1)
    except _Refused as refused:
        raise Invalid(str(refused), name=name) from None
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, ValueError, EOFError):
        raise Invalid(_BROKEN, name=name) from None


def _look(file: IO[bytes], budget: _Budget, depth: int) -> Contents:
    if depth > DEEPEST:
        raise _Refused(_BOMB)
    found = Contents()
    for entry, start in _entries(file, budget):
        found.names.add(entry.filename)
        if entry.filename.startswith("/") or ".." in entry.filename.split("/"):
            raise _Refused(_BROKEN)
        if entry.filename.lower().endswith("vbaproject.bin"):
            raise _Refused(_MACROS)
        inner = _unpack(file, entry, start, budget, found)
        if inner is not None:
            with inner:
                _look(inner, budget, depth + 1)
    return found


def _entries(file: IO[bytes], budget: _Budget) -> list[tuple[zipfile.ZipInfo, int]]:
    """The entries, and where the data of each begins; after all that can be seen without unpacking."""
    directory, count = _directory(file)
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
    budget.entries -= len(infos)
    if budget.entries < 0:
        raise _Refused(_BOMB)
    if len({info.filename for info in infos}) != count or len(infos) != count:
        raise _Refused(_BROKEN)
    budget_left = budget.unpacked - sum(info.file_size for info in infos)
    if budget_left < 0:
        raise _Refused(_BOMB)
    found, before = [], 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.flag_bits & _ENCRYPTED:
            raise _Refused(_LOCKED)
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or info.header_offset < before:
            raise _Refused(_BROKEN)
        start = _data_of(file, info)
        before = start + info.compress_size
        found.append((info, start))
    if before > directory or (found and found[0][0].header_offset != 0):
        raise _Refused(_BROKEN)
    return found


def _directory(file: IO[bytes]) -> tuple[int, int]:
    """Where the central directory begins, and how many entries it has (APPNOTE.TXT 4.3.6).

    It ends where the end records begin, and these end the file.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _LONGEST_COMMENT - _END_LENGTH - _END_64_LENGTH - _LOCATOR_LENGTH))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        raise _Refused(_BROKEN)
    *fields, comment = struct.unpack("<4s4H2LH", tail[at : at + _END_LENGTH])
    whole = len(tail) == at + _END_LENGTH + comment
    locator = at - _LOCATOR_LENGTH
    if locator >= _END_64_LENGTH and tail[locator:].startswith(_LOCATOR):
        at = locator - _END_64_LENGTH
        wide = struct.unpack("<4sQ2H2L4Q", tail[at:locator])
        where = struct.unpack("<4sLQL", tail[locator : locator + _LOCATOR_LENGTH])[2]
        # a program that does not know Zip64 must not see another directory
        same = all(one in {other, 0xFFFF, 0xFFFFFFFF} for one, other in zip(fields[1:], wide[4:], strict=True))
        whole &= same and wide[0] == _END_64 and where == size - len(tail) + at
        fields = [_END, *wide[4:]]
    _, disk, first_disk, here, entries, length, start = fields
    end = size - len(tail) + at
    if not whole or start + length != end or disk or first_disk or here != entries or length > _DIRECTORY_LIMIT:
        raise _Refused(_BROKEN)
    return int(start), int(entries)


def _data_of(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    file.seek(info.header_offset)
    header = file.read(_LOCAL_LENGTH)
    if header[:4] != _LOCAL:
        raise _Refused(_BROKEN)
    flags, method = struct.unpack("<2H", header[6:10])
    name_length, extra_length = struct.unpack("<2H", header[26:30])
    name = file.read(name_length).decode("utf-8" if flags & 0x800 else "cp437")
    if name != info.orig_filename or method != info.compress_type:  # what one reader sees, another does not
        raise _Refused(_BROKEN)
    return int(info.header_offset + _LOCAL_LENGTH + name_length + extra_length)


def _unpack(file: IO[bytes], entry: zipfile.ZipInfo, start: int, budget: _Budget, found: Contents) -> IO[bytes] | None:
    """Unpack one entry; as a file on disk when it is an archive itself."""
    size = checksum = 0
    with ExitStack() as stack:
        inner: IO[bytes] | None = None
        for chunk in _chunks(file, entry, start):
            budget.spend(len(chunk))
            if size == 0 and chunk.startswith(_LOCAL):
                inner = stack.enter_context(tempfile.TemporaryFile())
            if inner is not None:
                inner.write(chunk)
            if entry.filename == _TYPES and len(found.content_types) < _DIRECTORY_LIMIT:
                found.content_types += chunk
            size, checksum = size + len(chunk), zlib.crc32(chunk, checksum)
            if size > entry.file_size:
                break
        if size != entry.file_size or checksum != entry.CRC:
            raise _Refused(_BROKEN)
        stack.pop_all()
        return inner


def _chunks(file: IO[bytes], entry: zipfile.ZipInfo, start: int) -> Iterator[bytes]:
    left, unpacker = entry.compress_size, zlib.decompressobj(-zlib.MAX_WBITS)
    stored = entry.compress_type == zipfile.ZIP_STORED
    file.seek(start)
    while left and (packed := file.read(min(_CHUNK, left))):
        left -= len(packed)
        if stored:
            yield packed
            continue
        while packed:
            if chunk := unpacker.decompress(packed, _CHUNK):
                yield chunk
            packed = unpacker.unconsumed_tail
            if unpacker.eof and (left or unpacker.unused_data):
                raise _Refused(_BROKEN)
    if not stored:
        while not unpacker.eof:
            if chunk := unpacker.decompress(b"", _CHUNK):
                yield chunk
            elif not unpacker.eof:
                raise _Refused(_BROKEN)
