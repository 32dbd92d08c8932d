"""Which kept files are handed out, at the counter as at the desk."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from shared.database import new_id
from shared.files.kept import content
from shared.problems import Conflict, NotFound
from shared.storage import Storage, attachment_key, storage_at


def row(state: str) -> Any:
    return SimpleNamespace(id=new_id(), state=state)


def put(storage: Storage, file: Any) -> None:
    with storage.scratch() as scratch:
        scratch.write(b"%PDF")
        storage.put(attachment_key(file.id), scratch)


@pytest.mark.parametrize(("state", "scanning"), [("infected", False), ("infected", True), ("failed", True), ("waiting", True)])
def test_what_was_not_found_clean_is_handed_to_nobody(tmp_path: Path, state: str, scanning: bool) -> None:  # noqa: FBT001 - a parameter
    storage, file = storage_at(str(tmp_path)), row(state)
    put(storage, file)
    with pytest.raises(Conflict):
        content(storage, file, scanning=scanning)


@pytest.mark.parametrize(("state", "scanning"), [("clean", True), ("waiting", False)])
def test_what_is_clean_is_handed_out_and_so_is_all_where_nobody_scans(tmp_path: Path, state: str, scanning: bool) -> None:  # noqa: FBT001 - a parameter
    storage, file = storage_at(str(tmp_path)), row(state)
    with pytest.raises(NotFound):
        content(storage, file, scanning=scanning)
    put(storage, file)
    with closing(content(storage, file, scanning=scanning)) as inside:
        assert inside.read(10) == b"%PDF"
