"""What lies in the store of backups: encrypted objects, and notes that whoever runs the house may read.

Everything of one house (one database cluster, by its identifier) is under one first part, so that two houses never mix:

houses/house-7712…                    shows that there are backups of this house
house-7712…/bases/<time>/part-00001   the copied database: tar, gzip, age
house-7712…/bases/<time>/manifest     a note: its parts with sizes and SHA-256s; written last, without it there is no base
house-7712…/wal/<segment>             a segment of the write-ahead log: gzip, age; `-partial` while it grows
house-7712…/objects/<key>             a file that somebody sent: age
house-7712…/secrets/<time>            the folder of secrets: tar, age
house-7712…/heads/<month>             signed heads of the trace: age
house-7712…/through/<timeline>        a note: up to when everything is here
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

import orjson
import pyrage

from deploy.backup.errors import Broken, Locked
from shared.storage import CHUNK, Missing, Readable, Storage, StorageError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

PART_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class Stored:
    """An object as it lies in the store: what it is called, its size in bytes and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


class Source(Protocol):
    """What is read from beginning to end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


@dataclass(frozen=True)
class Vault:
    """The backups of one house. `recipients` are needed to add, an identity to read."""

    storage: Storage
    house: str
    recipients: Sequence[Recipient] = ()

    def put(self, name: str, content: Source) -> int:
        """Encrypt into one object; its size there. Raises StorageError."""
        with self.storage.scratch() as file:
            self._encrypt(content, file)
            size = file.tell()
            self.storage.put(f"{self.house}/{name}", file)
        return size

    def put_in_parts(self, name: str, content: Source, part_bytes: int = PART_BYTES) -> list[Stored]:
        """Encrypt into objects of limited size, name/part-00001 and so on. Raises StorageError."""
        parts = _Parts(self, name, part_bytes)
        try:
            self._encrypt(content, parts)
            return parts.done()
        finally:
            parts.close()

    def _encrypt(self, content: Source, out: Any) -> None:
        try:
            pyrage.encrypt_io(content, out, self.recipients)
        except (pyrage.EncryptError, OSError) as error:  # what reading or writing raised comes as its text
            raise StorageError(str(error)) from error

    def note(self, name: str, said: dict[str, Any]) -> None:
        """Write a note, which is not encrypted. Raises StorageError."""
        with self.storage.scratch() as file:
            file.write(orjson.dumps(said, option=orjson.OPT_INDENT_2))
            self.storage.put(f"{self.house}/{name}", file)

    def announce(self) -> None:
        """Let whoever restores find this house. Raises StorageError."""
        with self.storage.scratch() as file:
            self.storage.put(f"houses/{self.house}", file)

    def noted(self, name: str) -> dict[str, Any]:
        """A note; empty where there is none. Raises Broken, StorageError."""
        try:
            with closing(self.storage.open(f"{self.house}/{name}")) as file:
                said: dict[str, Any] = orjson.loads(_all(file))
        except Missing:
            return {}
        except ValueError:
            raise Broken(f"{self.house}/{name} is no note of ours.") from None
        return said

    def names(self, under: str) -> Iterator[str]:
        """What is there under a first part, with it. Raises StorageError."""
        return (key.removeprefix(f"{self.house}/") for key in self.storage.keys(f"{self.house}/{under}"))

    def delete(self, name: str) -> None:
        """Delete an object or a note. Raises StorageError."""
        self.storage.delete(f"{self.house}/{name}")

    def get(self, name: str, key: Identity) -> bytes:
        """A small object, decrypted. Raises Broken, Locked, StorageError."""
        out = io.BytesIO()
        self.get_into(name, key, out)
        return out.getvalue()

    def get_into(self, name: str, key: Identity, out: IO[bytes]) -> None:
        """An object, decrypted into a file. Raises Broken, Locked, StorageError."""
        try:
            with closing(self.storage.open(f"{self.house}/{name}")) as file:
                _decrypt(file, out, key, name)
        except Missing:
            raise Broken(f"{name} is missing in the store.") from None

    @contextmanager
    def reading(self, parts: Sequence[Stored], key: Identity) -> Iterator[IO[bytes]]:
        """What `put_in_parts` put, decrypted as it is read. Raises Broken, Locked, StorageError at the end at the latest."""
        joined = _Joined(self, parts)
        try:
            with _Pipe(lambda out: _decrypt(joined, out, key, parts[0].name)) as content:
                yield content
        finally:
            joined.close()


class _Parts:
    """Cuts what is written to it into objects."""

    def __init__(self, vault: Vault, name: str, most: int) -> None:
        self._vault, self._name, self._most = vault, name, most
        self._stack = ExitStack()
        self._file: IO[bytes] | None = None
        self._stored: list[Stored] = []

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            if self._file is None:
                self._file = self._stack.enter_context(self._vault.storage.scratch())
                self._size, self._sha256 = 0, hashlib.sha256()
            taken, view = view[: self._most - self._size], view[self._most - self._size :]
            self._file.write(taken)
            self._sha256.update(taken)
            self._size += len(taken)
            if self._size == self._most:
                self._end_part()
        return len(data)

    def flush(self) -> None:
        """Asked for by what writes; a part is flushed when it ends."""

    def _end_part(self) -> None:
        if self._file is None:
            return
        name = f"{self._name}/part-{len(self._stored) + 1:05}"
        self._vault.storage.put(f"{self._vault.house}/{name}", self._file)
        self._stored.append(Stored(name, self._size, self._sha256.hexdigest()))
        self.close()

    def done(self) -> list[Stored]:
        self._end_part()
        return self._stored

    def close(self) -> None:
        self._stack.close()
        self._file = None


class _Joined:
    """Reads parts one after the other, and looks whether each is what was put there."""

    def __init__(self, vault: Vault, parts: Sequence[Stored]) -> None:
        self._vault, self._left = vault, list(parts)
        self._file: Readable | None = None

    def read(self, size: int = -1, /) -> bytes:
        while True:
            if self._file is None:
                if not self._left:
                    return b""
                try:
                    self._file = self._vault.storage.open(f"{self._vault.house}/{self._left[0].name}")
                except Missing:
                    raise Broken(f"{self._left[0].name} is missing in the store.") from None
                self._size, self._sha256 = 0, hashlib.sha256()
            if data := self._file.read(size if size > 0 else CHUNK):
                self._size += len(data)
                self._sha256.update(data)
                return data
            self.close()
            part = self._left.pop(0)
            if (self._size, self._sha256.hexdigest()) != (part.size, part.sha256):
                raise Broken(f"{part.name} is not what was put into the store.")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _Pipe:
    """Runs a writer in a thread, and lets us read what it writes; what it raises is raised here when we are done."""

    def __init__(self, write: Any) -> None:
        self._write = write
        self._error: BaseException | None = None

    def __enter__(self) -> IO[bytes]:
        reading, writing = os.pipe()
        self._in, self._out = os.fdopen(reading, "rb"), os.fdopen(writing, "wb")
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self._in

    def _run(self) -> None:
        try:
            with self._out:
                self._write(self._out)
        except BaseException as error:  # noqa: BLE001 - raised by whoever reads
            self._error = error

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            while self._in.read(CHUNK):  # to the end, where it is known whether all was well
                pass
        self._in.close()
        self._thread.join()
        if self._error is not None and not (error is not None and isinstance(self._error, BrokenPipeError)):
            raise self._error


def houses(storage: Storage) -> list[str]:
    """The houses that have backups in a store. Raises StorageError."""
    return sorted(key.removeprefix("houses/") for key in storage.keys("houses"))


@contextmanager
def closing(file: Readable) -> Iterator[Readable]:
    """The file, closed afterwards."""
    try:
        yield file
    finally:
        file.close()


def _all(file: Readable) -> bytes:
    return b"".join(iter(lambda: file.read(CHUNK), b""))


class _Remembering:
    """Reads on for age, and remembers what reading raised: age only passes its text on."""

    def __init__(self, content: Source) -> None:
        self._content = content
        self.raised: Exception | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._content.read(size if size > 0 else CHUNK)
        except Exception as error:
            self.raised = error
            raise


def _decrypt(content: Source, out: Any, key: Identity, name: str) -> None:
    source = _Remembering(content)
    try:
        pyrage.decrypt_io(source, out, [key])
    except pyrage.DecryptError as error:
        if source.raised is not None:
            raise source.raised from None
        if "matching keys" in str(error):
            raise Locked(f"{name} was encrypted for another identity.") from None
        raise Broken(f"{name} is broken: {error}.") from None
    except OSError as error:
        if source.raised is not None:
            raise source.raised from None
        if error.errno is not None:  # writing failed, not decrypting
            raise
        raise Broken(f"{name} is broken: it does not decrypt.") from None
