"""Writers do not keep what they wrote, and write what every reader takes for a text."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from services.review.exports.archives import Archive, safe
from services.review.exports.writers import FORMATS, Writer
from shared.spreadsheets import harmless
from shared.storage import storage_at

ROW: list[Any] = ["株式会社窓口電機", "  二つ  blanks", 12.5, None, "a\x00b\x0b\ud800c", "一\n二\tタブ", "x" * 40_000]


def write(writer: Writer, rows: int) -> None:
    writer.header(["名", "b", "c", "d", "e", "f", "g"])
    for number in range(rows):
        writer.row([*ROW[:3], number, "値", "<&>", "=1"], {"number": number})
    writer.end()


def peak(form: str, rows: int, folder: Path) -> int:
    with tempfile.TemporaryFile() as file:
        tracemalloc.start()
        writer: Any = Archive(file, storage_at(str(folder))) if form == "zip" else FORMATS[form][0](file)
        write(writer, rows)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return found


@pytest.mark.parametrize("form", [*FORMATS, "zip"])
def test_memory_does_not_grow_with_the_rows(form: str, tmp_path: Path) -> None:
    peak(form, 10, tmp_path)  # whatever is loaded at first use
    assert peak(form, 5000, tmp_path) - peak(form, 2500, tmp_path) < 150_000  # buffers are full by then


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_whatever_somebody_wrote_is_a_cell_that_can_be_read(form: str) -> None:
    file = io.BytesIO()
    writer = FORMATS[form][0](file)
    writer.header(["=A1"] * 7)
    writer.row(["".join(sign for sign in cell if sign != "\ud800") if isinstance(cell, str) else cell for cell in ROW], {})
    writer.end()
    title, row = CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue())).get_sheet_by_index(0).to_python()
    assert title == ["=A1"] * 7
    assert row[0] == ROW[0]
    assert row[2] == 12.5
    assert "一\n二" in str(row[5])


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n1", " =1", "　＝1", "＋1", "－1", "＠x"])
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"a{text}") == f"a{text}"


@pytest.mark.parametrize(
    ("name", "is_safe"), [("../../etc/passwd", "__.._etc_passwd"), ("a\0b.pdf", "a_b.pdf"), ("C:\\x.txt", "C__x.txt"), ("", "_")]
)
def test_names_in_an_archive_stay_in_their_folder(name: str, is_safe: str) -> None:
    assert safe(name) == is_safe
    assert len(safe("あ" * 200 + ".pdf")) == 100
