"""Reading the public files that lookups come from, row by row, UTF-8 or Shift_JIS, as they are or zipped.

Places: 日本郵便 KEN_ALL.CSV (Shift_JIS) and utf_ken_all.csv. Corporations: the 国税庁's register of corporate numbers, all of it
and difference files (30 columns).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

from shared.japanese import PREFECTURES, is_corporate_number
from shared.procedure.kinds.places import municipality_code

KEN_ALL_COLUMNS, NTA_COLUMNS = 15, 30
_LOOKED_AT = 64 * 1024
_REMARK = re.compile(r"[（(].*$")  # （１～１９丁目）, （その他）, （次のビルを除く）, floors of a building
_NO_TOWN = ("以下に掲載がない場合", "の次に番地がくる場合")
_DELETED = "99"  # the number was assigned by mistake
_LONGEST = 200


class Unfit(Exception):
    """The file is none of those that can be read; the text says why."""


@dataclass(frozen=True)
class Place:
    """A town with its postal code. `town` is empty where the code stands for the rest of a municipality."""

    postal_code: str
    municipality: str
    city: str
    city_kana: str
    town: str


@dataclass(frozen=True)
class Corporation:
    """A corporation of the register; `name` is empty where it is to be forgotten."""

    number: str
    name: str
    prefecture: str
    address: str
    postal_code: str
    closed_on: date | None
    updated_on: date


def places(path: Path) -> Iterator[Place]:
    """The towns of a file of 日本郵便. Raises Unfit."""
    begun: list[str] | None = None
    with _rows(path) as rows:
        for row in rows:
            if len(row) != KEN_ALL_COLUMNS or not re.fullmatch(r"\d{5}", row[0]) or not re.fullmatch(r"\d{7}", row[2]):
                raise Unfit(f"{path.name}: this is no row of KEN_ALL: {','.join(row)[:80]}")
            # the older file breaks long texts off, and goes on in the next row
            whole = [*begun[:8], begun[8] + row[8]] if begun is not None else row[:9]
            if "（" in whole[8] and "）" not in whole[8]:
                begun = whole
                continue
            begun = None
            yield _place(whole)


def _place(row: list[str]) -> Place:
    kana = unicodedata.normalize("NFKC", row[4])
    return Place(row[2], municipality_code(row[0]), row[7], kana, _town(row[8]))


def _town(written: str) -> str:
    if written.endswith(_NO_TOWN) or (written.endswith("一円") and written != "一円"):
        return ""
    return _REMARK.sub("", written)


def corporations(path: Path) -> Iterator[Corporation]:
    """The corporations of a file of the 国税庁, each as it is now. Raises Unfit."""
    with _rows(path) as rows:
        for row in rows:
            if len(row) != NTA_COLUMNS or not re.fullmatch(r"\d{13}", row[1]):
                raise Unfit(f"{path.name}: this is no row of the register: {','.join(row)[:80]}")
            if row[23] == "1" and is_corporate_number(row[1]):
                yield _corporation(path, row)


def _corporation(path: Path, row: list[str]) -> Corporation:
    forgotten = row[2] == _DELETED or row[29] == "1"  # 99: no number any more; hihyoji: not to be found
    try:
        updated, closed = date.fromisoformat(row[4]), date.fromisoformat(row[18]) if row[18] else None
    except ValueError:
        raise Unfit(f"{path.name}: this is no day: {row[4][:20]} {row[18][:20]}") from None
    return Corporation(
        number=row[1],
        name="" if forgotten else row[6][:_LONGEST],
        prefecture=row[13] if row[13] in PREFECTURES else "",
        address=(row[10] + row[11])[:_LONGEST] if row[13] in PREFECTURES else "",
        postal_code=row[15] if re.fullmatch(r"\d{7}", row[15]) else "",
        closed_on=closed,
        updated_on=updated,
    )


@contextmanager
def _rows(path: Path) -> Iterator[Iterator[list[str]]]:
    with _opened(path) as raw, io.TextIOWrapper(raw, encoding=_encoding(path), newline="") as lines:
        try:
            yield (row for row in csv.reader(lines) if row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise Unfit(f"{path.name}: the file is broken: {error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, or the one CSV file in it. Nothing is unpacked to a disk or held as a whole."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(names) != 1:
            raise Unfit(f"{path.name}: it holds {len(names)} CSV files; name one that holds one")
        with archive.open(names[0]) as inside:
            yield inside


def _encoding(path: Path) -> str:
    with _opened(path) as file:
        begin = file.read(_LOOKED_AT)
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(begin)
    except UnicodeDecodeError:
        return "cp932"
    return "utf-8-sig"


def batches(every: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most `size`."""
    batch: list[Any] = []
    for one in every:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
