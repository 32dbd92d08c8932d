"""Files that people sent: in a folder, or with any server that speaks S3. A file appears whole or not at all, and never changes.

StorageError     the storage cannot be reached, is full, or answers wrongly; nothing was kept
└── Missing      there is no such file
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

CHUNK = 256 * 1024
_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)+")
# What a process that was killed left in the middle of receiving is deleted after so many seconds.
STALE = 24 * 3600
_INCOMING = "incoming"


def attachment_key(attachment_id: UUID) -> str:
    """Where the content of an attachment lies."""
    return f"attachments/{attachment_id.hex[-2:]}/{attachment_id}"


class StorageError(Exception):
    """The storage cannot be reached, is full, or answers wrongly; nothing was kept."""


class Missing(StorageError):
    """There is no such file."""


class Readable(Protocol):
    """A file to be read from beginning to end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""

    def close(self) -> None:
        """Let go of it."""


class Storage(Protocol):
    """Where files lie. A key is a path of lower-case letters, digits and hyphens, such as `attachments/8f/0193…`."""

    def scratch(self) -> AbstractContextManager[IO[bytes]]:
        """An empty file on disk to receive into; gone afterwards, unless it was put away. Raises StorageError."""

    def put(self, key: str, file: IO[bytes]) -> None:
        """Put away a file that `scratch` gave. When this returns, it outlives a power cut. Raises StorageError."""

    def open(self, key: str) -> Readable:
        """A file as it was put away. Raises Missing, StorageError."""

    def delete(self, key: str) -> None:
        """Delete a file, if it is there. Raises StorageError."""

    def keys(self, under: str = "") -> Iterator[str]:
        """The keys of what was put away, in no order: of all files, or of those under a first part. Raises StorageError."""

    def tidy(self) -> None:
        """Delete what killed processes left half received. Raises StorageError."""

    def answers(self) -> bool:
        """Whether files can be put away now."""

    def room(self) -> tuple[int, int] | None:
        """Bytes that are free, and that there are; None where nobody knows."""


@cache
def storage_at(address: str) -> Storage:
    """The storage at an address: a folder's absolute path, or `s3://bucket/prefix?endpoint=https://…&region=…`.

    Who S3 takes us for, boto3 finds as usual: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a file, or the machine's role.
    """
    if not address.startswith("s3://"):
        return Folder(Path(address))
    parts = urlsplit(address)
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    prefix = unquote(parts.path).strip("/")
    return S3(parts.netloc, f"{prefix}/" if prefix else "", options.get("endpoint"), options.get("region"))


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"no key of a storage: {key!r}")
    return key


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing from error
    except OSError as error:
        raise StorageError(type(error).__name__) from error


class Folder:
    """A folder of this machine, or one that its machines share. Only its owner can read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def scratch(self) -> Iterator[IO[bytes]]:
        """An empty file in the same file system, so that it can be put away by a change of its name."""
        with _failing():
            incoming = self._path / _INCOMING
            _make(incoming)
            file = tempfile.NamedTemporaryFile(dir=incoming, delete=False)  # noqa: SIM115 - closed below
        try:
            yield file
        finally:
            file.close()
            Path(file.name).unlink(missing_ok=True)

    def put(self, key: str, file: IO[bytes]) -> None:
        """Contents first, then the name: each is on the disk before the next begins."""
        with _failing():
            file.flush()
            os.fsync(file.fileno())
            target = self._path / _checked(key)
            new = _make(target.parent)
            Path(file.name).replace(target)
            for folder in (target.parent, *(folder.parent for folder in new)):
                _sync(folder)

    def open(self, key: str) -> Readable:
        """The file."""
        with _failing():
            return (self._path / _checked(key)).open("rb")

    def delete(self, key: str) -> None:
        """Take its name away."""
        with _failing():
            (self._path / _checked(key)).unlink(missing_ok=True)

    def keys(self, under: str = "") -> Iterator[str]:
        """Every file below, but not what is being received."""
        with _failing():
            for folder, folders, files in os.walk(self._path / under):
                place = Path(folder).relative_to(self._path)
                if place == Path():
                    folders[:] = [name for name in folders if name != _INCOMING]
                yield from (key for name in files if _KEY.fullmatch(key := (place / name).as_posix()))

    def tidy(self) -> None:
        """Whatever lies in `incoming` for longer than any upload may take."""
        with _failing():
            for file in (self._path / _INCOMING).glob("*"):
                if _age(file) > STALE:
                    file.unlink(missing_ok=True)

    def room(self) -> tuple[int, int] | None:
        """What its file system says."""
        try:
            usage = shutil.disk_usage(self._path)
        except OSError:
            return None
        return usage.free, usage.total

    def answers(self) -> bool:
        """Whether the folder can be written."""
        try:
            with self.scratch() as file:
                file.write(b"?")
                file.flush()
        except (OSError, StorageError):
            return False
        return True


def _make(folder: Path) -> list[Path]:
    """Make a folder with those above it, for their owner alone; which ones are new."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
    return missing


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _age(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


class S3:
    """A bucket of any server that speaks S3. Needs the extra `s3` (boto3)."""

    def __init__(self, bucket: str, prefix: str, endpoint: str | None, region: str | None) -> None:
        import boto3
        from botocore.config import Config

        self._bucket, self._prefix = bucket, prefix

        def client(connect: float, read: float, attempts: int) -> Any:
            config = Config(
                connect_timeout=connect,
                read_timeout=read,
                max_pool_connections=50,  # uploads and downloads at the same time, each of which keeps one
                retries={"mode": "standard", "total_max_attempts": attempts},
                # servers that are not Amazon's often do not know the newer checksums; TLS and our own SHA-256 stand for them
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            return boto3.client("s3", endpoint_url=endpoint, region_name=region or "us-east-1", config=config)

        self._client = client(5, 30, 3)
        self._impatient = client(1, 2, 1)  # whoever asks for our health does not wait for long

    @contextmanager
    def scratch(self) -> Iterator[IO[bytes]]:
        """A file without a name in TMPDIR: it vanishes with its process."""
        with _failing():
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        with file:
            yield file

    def put(self, key: str, file: IO[bytes]) -> None:
        """One request, streamed from the disk: an object of S3 appears whole or not at all."""
        file.seek(0)
        with self._failing():
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + _checked(key), Body=file)

    def open(self, key: str) -> Readable:
        """The object's body, as it comes."""
        with self._failing():
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + _checked(key))
        return _Body(found["Body"])

    def delete(self, key: str) -> None:
        """Delete the object; S3 does not mind when there is none."""
        with self._failing():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + _checked(key))

    def keys(self, under: str = "") -> Iterator[str]:
        """Page by page."""
        with self._failing():
            prefix = self._prefix + (f"{under}/" if under else "")
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                names = (str(one["Key"]).removeprefix(self._prefix) for one in page.get("Contents", ()))
                yield from filter(_KEY.fullmatch, names)

    def tidy(self) -> None:
        """Nothing is left behind."""

    def room(self) -> tuple[int, int] | None:
        """A bucket has no end."""
        return None

    def answers(self) -> bool:
        """Whether the bucket is there for us."""
        try:
            with self._failing():
                self._impatient.head_bucket(Bucket=self._bucket)
        except StorageError:
            return False
        return True

    @contextmanager
    def _failing(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise Missing from error
            raise StorageError(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise StorageError(type(error).__name__) from error


class _Body:
    """A body that comes over the network: what breaks on the way is the storage's failure."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        from botocore.exceptions import BotoCoreError

        try:
            read: bytes = self._body.read(size)
        except (BotoCoreError, OSError) as error:
            raise StorageError(type(error).__name__) from error
        return read

    def close(self) -> None:
        self._body.close()
