"""A ZIP with the files of cases, a table of the cases, and a manifest that says which file is whose."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from contextlib import closing
from typing import IO, Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson

from services.review.exports.tables import Cell
from services.review.exports.writers import Csv
from shared.procedure.kinds.files import attached, is_reference
from shared.procedure.model import Procedure
from shared.storage import CHUNK, Missing, Storage, attachment_key

MEDIA_TYPE = "application/zip"
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]|^[.\s]+|[.\s]+$')
NAME_LIMIT = 100


class Archive:
    """An archive that is being written. Table and manifest lie beside it on disk until the end: a ZIP has one open part."""

    def __init__(self, file: IO[bytes], storage: Storage) -> None:
        self._zip = ZipFile(file, "w")
        self._storage = storage
        self._table = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._manifest = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._csv = Csv(self._table)
        self._between = b"[\n"
        self.bytes = 0

    def header(self, titles: Sequence[str]) -> None:
        """The table's first row."""
        self._csv.header(titles)

    def row(self, cells: Sequence[Cell], record: dict[str, Any]) -> None:
        """A row of the table."""
        self._csv.row(cells, record)

    def files(self, folder: str, procedure: Procedure, answers: dict[str, Any]) -> None:
        """The files of a case, in a folder of its own. One that a later scan took away is only named. Raises StorageError."""
        named = [(pointer, one) for pointer, one in attached(procedure.fields(), answers) if is_reference(one)]
        for number, (pointer, one) in enumerate(named, start=1):
            path = f"{safe(folder)}/{number:02}-{safe(one['name'])}"
            there = self._copy(path, UUID(one["id"]))
            entry = {"path": path if there else None, "case": folder, "pointer": pointer, "there": there}
            entry |= {part: one[part] for part in ("id", "name", "size", "type", "sha256")}
            self._manifest.write(self._between + orjson.dumps(entry))
            self._between = b",\n"

    def _copy(self, path: str, attachment_id: UUID) -> bool:
        try:
            content = self._storage.open(attachment_key(attachment_id))
        except Missing:
            return False
        with closing(content), self._zip.open(ZipInfo(path), "w", force_zip64=True) as part:
            while piece := content.read(CHUNK):
                part.write(piece)
                self.bytes += len(piece)
        return True

    def end(self) -> None:
        """Table and manifest come last."""
        self._csv.end()
        self._manifest.write(b"[]\n" if self._between == b"[\n" else b"\n]\n")
        for name, beside in (("cases.csv", self._table), ("manifest.json", self._manifest)):
            beside.seek(0)
            told = ZipInfo(name)
            told.compress_type = ZIP_DEFLATED
            with self._zip.open(told, "w", force_zip64=True) as part:
                while piece := beside.read(CHUNK):
                    part.write(piece)
            beside.close()
        self._zip.close()


def safe(name: str) -> str:
    """A name that stays in its folder, on every system."""
    cleaned = _UNSAFE.sub("_", name)
    stem, dot, suffix = cleaned.rpartition(".")
    short = f"{stem[: NAME_LIMIT - len(suffix) - 1]}{dot}{suffix}" if dot and len(suffix) <= 10 else cleaned[:NAME_LIMIT]  # noqa: PLR2004 - a suffix
    return short or "_"
