"""The storage: the same promises from a folder and from a real S3 server (moto)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.one.ports import LOOPBACK, free_ports
from shared.storage import Folder, Missing, Storage, StorageError, storage_at

KEY = "attachments/8f/0193"


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    import boto3
    from moto.server import ThreadedMotoServer

    port = free_ports(1)[0]
    server = ThreadedMotoServer(LOOPBACK, port, verbose=False)
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    server.start()
    endpoint = f"http://{LOOPBACK}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="files")
    yield endpoint
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return storage_at(str(tmp_path / "storage"))
    endpoint = request.getfixturevalue("s3_server")
    return storage_at(f"s3://files/some/where?endpoint={endpoint}")


def put(storage: Storage, content: bytes, key: str = KEY) -> None:
    with storage.scratch() as file:
        file.write(content)
        storage.put(key, file)


def content(storage: Storage, key: str = KEY) -> bytes:
    file = storage.open(key)
    try:
        return b"".join(iter(lambda: file.read(100_000), b""))
    finally:
        file.close()


def test_what_was_put_away_is_there_whole(storage: Storage) -> None:
    large = os.urandom(3_000_000)
    put(storage, large)
    assert content(storage) == large
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(Missing):
        storage.open(KEY)
    assert storage.answers()


def test_it_says_what_it_has_but_not_what_it_is_receiving(storage: Storage) -> None:
    others = ("attachments/8f/0194", "documents/8f/0193")
    for key in (KEY, *others):
        put(storage, b"x", key)
    with storage.scratch() as arriving:
        arriving.write(b"x")
        arriving.flush()
        assert {KEY, *others} <= set(storage.keys())
        assert all(key.startswith(("attachments/", "documents/")) for key in storage.keys())  # noqa: SIM118 - no dict
        assert set(storage.keys("attachments")) == {KEY, others[0]}
        assert list(storage.keys("letters")) == []


def test_a_key_is_no_path_to_elsewhere(storage: Storage) -> None:
    for wrong in ("../x", "a/../b", "/etc/passwd", "a", "a/B", "a//b", ""):
        with pytest.raises(ValueError, match="no key"):
            storage.open(wrong)


def test_a_storage_that_is_away_says_so(s3_server: str, tmp_path: Path) -> None:
    assert s3_server
    (tmp_path / "file").touch()
    for away in (
        storage_at(str(tmp_path / "file" / "storage")),
        storage_at(f"s3://nowhere?endpoint={s3_server}"),
        storage_at(f"s3://files?endpoint=http://{LOOPBACK}:{free_ports(1)[0]}"),
    ):
        assert not away.answers()
        with pytest.raises(StorageError):
            put(away, b"x")


def test_a_folder_is_its_owners_alone_and_forgets_what_was_left_half_received(tmp_path: Path) -> None:
    storage = Folder(tmp_path / "storage")
    put(storage, b"x")
    incoming = tmp_path / "storage" / "incoming"
    assert list(incoming.iterdir()) == []
    found = [tmp_path / "storage", *(tmp_path / "storage").rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in found} == {0}
    old, new = incoming / "old", incoming / "new"
    for path, age in ((old, 25), (new, 1)):
        path.touch()
        os.utime(path, (time.time() - age * 3600,) * 2)
    storage.tidy()
    assert list(incoming.iterdir()) == [new]
