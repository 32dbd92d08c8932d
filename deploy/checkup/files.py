"""Where files lie, what scans them, and which calendar counts the days."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from deploy.checkup.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEAST_FREE = 2_000_000_000  # bytes
OLDEST_SIGNATURES = timedelta(days=3)
# Of Japan: 16 since 2016.
HOLIDAYS_A_YEAR = 16


def storage(get: Callable[[str], str]) -> Iterator[Finding]:
    """People's files: a folder, or S3."""
    from shared.storage import storage_at

    address = get("MADOGUCHI_STORAGE")
    said = address.partition("?")[0]
    try:
        fine = storage_at(address).answers()
    except ImportError:
        yield Finding("the storage is S3, and boto3 is not installed", "Install madoguchi with the extra s3.")
        return
    if not fine:
        yield Finding(f"no file can be put into {said}", "Check MADOGUCHI_STORAGE, the rights there, and that it is not full.")
        return
    yield Finding(f"files can be put into {said}")
    if address.startswith("/") and (free := shutil.disk_usage(address).free) < LEAST_FREE:
        yield Finding(
            f"only {free / 1e9:.1f} GB are free at {said}", "Enlarge the volume, or move to S3 (deploy/compose/s3.yaml)."
        )


def scanner(get: Callable[[str], str]) -> Iterator[Finding]:
    """clamd, and how old its signatures are."""
    from shared.scanning import version

    address = get("MADOGUCHI_CLAMD")
    if not address:
        yield Finding("files are not scanned for viruses: no scanner is set up (MADOGUCHI_CLAMD)")
        return
    said = version(address)
    if not said:
        yield Finding(f"clamd at {address} does not answer", "Check MADOGUCHI_CLAMD and that clamd runs. Files wait meanwhile.")
        return
    made = signatures_of(said)
    if made is None:
        yield Finding(f"clamd at {address} answers, but has no signatures", "See the log of freshclam; it needs the way out.")
    elif (age := datetime.now(UTC) - made) > OLDEST_SIGNATURES:
        yield Finding(
            f"the signatures of clamd at {address} are {age.days} days old",
            "See the log of freshclam: it fetches new ones several times a day and needs the way out, or a mirror in the house.",
        )
    else:
        yield Finding(f"clamd at {address} answers; its signatures are of {made:%Y-%m-%d}")


def signatures_of(said: str) -> datetime | None:
    """When the signatures were made, by clamd's answer to VERSION: `ClamAV 1.4.1/27456/Tue Nov  5 09:00:00 2026`."""
    parts = said.split("/")
    try:
        return datetime.strptime(" ".join(parts[2].split()), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return None


def calendar(year: int) -> Finding:
    """Whether the calendar knows the holidays of the year after `year`: terms are counted by them."""
    from shared.workdays import CALENDAR, holidays_of

    if len(holidays_of(year + 1)) < HOLIDAYS_A_YEAR:
        return Finding(
            f"{CALENDAR} does not know the holidays of {year + 1}",
            "Install a release of Madoguchi with a newer one: terms are counted wrongly otherwise.",
        )
    return Finding(f"{CALENDAR} knows the holidays of {year + 1}")
