"""Files of rows, each written as the rows come, so that memory does not grow with them.

Whatever an applicant wrote stays a text: in a CSV file by shared.spreadsheets; XLSX and ODS say of each cell that it is one.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import IO, Any, Protocol
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import orjson

from services.review.exports.tables import Cell
from shared.spreadsheets import harmless

# What XML 1.0 cannot hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Excel's own limit of a cell.
CELL_LIMIT = 32_767


class Writer(Protocol):
    """A file that is being written."""

    def header(self, titles: Sequence[str]) -> None:
        """The first row."""

    def row(self, cells: Sequence[Cell], record: dict[str, Any]) -> None:
        """A case: as cells, and as a record for programs."""

    def end(self) -> None:
        """Write what comes last; the file stays open."""


class Csv:
    """CSV (RFC 4180) in UTF-8 with a byte order mark, without which Excel takes it for another encoding."""

    def __init__(self, file: IO[bytes]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._text, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)

    def header(self, titles: Sequence[str]) -> None:
        """The first line."""
        self._csv.writerow([harmless(title) for title in titles])

    def row(self, cells: Sequence[Cell], record: dict[str, Any]) -> None:
        """A line."""
        del record
        self._csv.writerow([harmless(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in cells])

    def end(self) -> None:
        """Let go of the file."""
        self._text.detach()


class Xlsx:
    """Office Open XML."""

    def __init__(self, file: IO[bytes]) -> None:
        from xlsxwriter import Workbook

        self._book = Workbook(file, {"constant_memory": True})
        self._bold = self._book.add_format({"bold": True})
        self._sheet = self._book.add_worksheet()
        self._at = 0

    def header(self, titles: Sequence[str]) -> None:
        """The first row, which stays in sight."""
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(titles):
            self._sheet.write_string(0, column, title[:CELL_LIMIT], self._bold)

    def row(self, cells: Sequence[Cell], record: dict[str, Any]) -> None:
        """A row."""
        del record
        self._at += 1
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell:
                    self._sheet.write_string(self._at, column, cell[:CELL_LIMIT])
            elif cell is not None:
                self._sheet.write_number(self._at, column, cell)

    def end(self) -> None:
        """Put the parts of the file together."""
        self._book.close()


_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "manifest")
)
_CONTENT = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document-content {_NAMESPACES} office:version="1.3"><office:body><office:spreadsheet><table:table table:name="1">\
"""
_CONTENT_END = "</table:table></office:spreadsheet></office:body></office:document-content>"
_MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest {_NAMESPACES} manifest:version="1.3">\
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{_ODS}"/>\
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""


class Ods:
    """OpenDocument (ISO/IEC 26300): its one part that grows is written straight into the archive."""

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1)
        self._archive.writestr("mimetype", _ODS, ZIP_STORED)
        self._archive.writestr("META-INF/manifest.xml", _MANIFEST)
        self._content = self._archive.open("content.xml", "w", force_zip64=True)
        self._write(_CONTENT)

    def _write(self, text: str) -> None:
        self._content.write(text.encode())

    def header(self, titles: Sequence[str]) -> None:
        """The first row, which is repeated on every printed page."""
        self._write("<table:table-header-rows>")
        self.row(titles, {})
        self._write("</table:table-header-rows>")

    def row(self, cells: Sequence[Cell], record: dict[str, Any]) -> None:
        """A row."""
        del record
        self._write(f"<table:table-row>{''.join(map(_ods_cell, cells))}</table:table-row>")

    def end(self) -> None:
        """The end of the table and of the archive."""
        self._write(_CONTENT_END)
        self._content.close()
        self._archive.close()


def _ods_cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<table:table-cell/>"
    if not isinstance(cell, str):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p></table:table-cell>'
    lines = "".join(f"<text:p>{_ods_line(line)}</text:p>" for line in _NOT_XML.sub("", cell).splitlines())
    return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'


def _ods_line(line: str) -> str:
    """A reader of OpenDocument takes several blanks for one, unless they are told."""
    told = re.sub("  +", lambda blanks: f' <text:s text:c="{len(blanks[0]) - 1}"/>', escape(line))
    return told.replace("\t", "<text:tab/>")


class Json:
    """A JSON array with an object a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._before = b"[\n"

    def header(self, titles: Sequence[str]) -> None:
        """The records name their parts themselves."""

    def row(self, cells: Sequence[Cell], record: dict[str, Any]) -> None:
        """An object."""
        del cells
        self._file.write(self._before + orjson.dumps(record))
        self._before = b",\n"

    def end(self) -> None:
        """The end of the array."""
        self._file.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


# format → how it is written, and its media type
FORMATS: dict[str, tuple[Callable[[IO[bytes]], Writer], str]] = {
    "csv": (Csv, "text/csv; charset=utf-8"),
    "xlsx": (Xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ods": (Ods, _ODS),
    "json": (Json, "application/json"),
}
