"""A file is what its name says, and nothing besides."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest

from shared.files.inspection import clean_name, inspect
from shared.problems import Invalid
from tests.files import samples
from tests.files.samples import CSV, JPEG, PDF, PNG, office, zipped

GOOD = {
    "plan.pdf": PDF,
    "計画.PDF": PDF,
    "photo.jpg": JPEG,
    "photo.jpeg": JPEG,
    "scan.png": PNG,
    "costs.csv": CSV.encode(),
    "costs-sjis.csv": CSV.encode("cp932"),
    "bom.csv": CSV.encode("utf-8-sig"),
    "note.txt": b"x",
    "letter.docx": office("docx"),
    "sheet.xlsx": office("xlsx"),
    "slides.pptx": office("pptx"),
    "drawings.zip": zipped({"a/b.pdf": PDF, "inner.docx": office("docx"), "stored.zip": zipped({"x": b"x"})}),
    "stored.zip": zipped({"x.pdf": PDF}, zipfile.ZIP_STORED),
    "empty.zip": zipped({}),
    "from-java.xlsx": samples.zip64(office("xlsx")),
}
BAD = {
    "a program named as a PDF": ("plan.pdf", b"MZ\x90\x00" + bytes(500)),
    "a PDF named as an image": ("plan.png", PDF),
    "an image named as a PDF": ("photo.pdf", JPEG),
    "a sheet named as a letter": ("letter.docx", office("xlsx")),
    "an archive named as a letter": ("letter.docx", zipped({"x": b"x"})),
    "an archive named as a CSV": ("costs.csv", zipped({"x": b"x"})),
    "no known extension": ("run.exe", b"MZ"),
    "two extensions, the last one counts": ("plan.pdf.exe", PDF),
    "no extension": ("plan", PDF),
    "nothing": ("plan.pdf", b""),
    "a PDF cut off": ("plan.pdf", PDF[:-8]),
    "binary as text": ("note.txt", b"a\0b"),
    "neither UTF-8 nor Shift_JIS": ("note.txt", b"\xff\xfe\x00a"),
    "a PDF that is an archive": ("plan.pdf", PDF + zipped({"x": b"x"})),
    "a PDF that is an archive, and a PDF at its end": ("plan.pdf", PDF + zipped({"x": b"x"}, zipfile.ZIP_STORED) + b"%%EOF"),
    "an archive behind an image": ("photo.jpg", JPEG + zipped({"Main.class": b"\xca\xfe\xba\xbe"})),
    "an archive behind a PNG": ("scan.png", PNG + zipped({"x": b"x"})),
    "an image with a script": ("photo.jpg", JPEG[:40] + b"<ScRipt>alert(1)</script>" + JPEG[40:]),
    "an image with a page": ("photo.jpg", JPEG[:20] + b"<!DOCTYPE html>" + JPEG[20:]),
    "an image that is a PDF": ("photo.jpg", JPEG[:30] + PDF),
    "an archive with a PDF before it": ("drawings.zip", PDF + zipped({"x": b"x"})),
    "an archive with something behind it": ("drawings.zip", zipped({"x": b"x"}) + b"more"),
    "a letter with macros": ("letter.docx", office("docx", {"word/vbaProject.bin": b"\xd0\xcf"})),
    "a letter with macros in an archive": ("a.zip", zipped({"letter.docx": office("docx", {"word/vbaProject.bin": b"x"})})),
    "an old or locked document": ("letter.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    "an encrypted archive": ("a.zip", samples.encrypted()),
    "a bomb by ratio": ("a.zip", samples.bomb(200)),
    "a bomb in an archive": ("a.zip", zipped({"b.zip": samples.bomb(200)})),
    "a bomb named as a letter": ("a.docx", samples.bomb(200)),
    "archives in archives without end": ("a.zip", samples.quine()),
    "entries that overlap": ("a.zip", samples.overlapping()),
    "an entry that says it is small": ("a.zip", samples.lying()),
    "too many entries": ("a.zip", zipped({str(number): b"" for number in range(2001)})),
    "a broken archive": ("a.zip", zipped({"x": PDF * 20}).replace(b"PK\x01\x02", b"PK\x01\x03")),
    "a way out of the folder": ("a.zip", zipped({"../../etc/passwd": b"x"})),
    "two ends that say two things": ("a.zip", samples.zip64(zipped({"x": b"x", "y": b"y"}), entries=1)),
    "half an archive": ("a.zip", zipped({"x": PDF * 20})[:60]),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_has_the_type_its_name_says(name: str) -> None:
    kind = inspect(io.BytesIO(GOOD[name]), name, "")
    assert name.rpartition(".")[2].lower() in kind.extensions
    assert inspect(io.BytesIO(GOOD[name]), name, f"{kind.media_type}; charset=x") is kind


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_bounded_memory(case: str) -> None:
    name, content = BAD[case]
    file = io.BytesIO(content)
    tracemalloc.start()
    with pytest.raises(Invalid):
        inspect(file, name, "")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


def test_what_it_was_sent_as_has_to_agree_too() -> None:
    with pytest.raises(Invalid):
        inspect(io.BytesIO(PDF), "plan.pdf", "text/html")
    assert inspect(io.BytesIO(CSV.encode()), "costs.csv", "application/vnd.ms-excel").name == "csv"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\hanako\\計画.pdf", "計画.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nb\0.pdf", "ab.pdf"),
        ('<"x">.pdf', "__x__.pdf"),
        ("か\u3099.pdf", "が.pdf"),
        ("長" * 300 + ".pdf", "長" * 146 + ".pdf"),
        (" .pdf ", "pdf"),
    ],
)
def test_a_name_is_kept_without_folders_and_without_signs_that_deceive(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept
