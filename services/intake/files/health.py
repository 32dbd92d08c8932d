"""How the parts are that only the counter needs: the storage, and the scanner with what waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from services.intake.files.attachments import TABLE
from shared import scanning
from shared.files.scans import oldest_waiting
from shared.storage import storage_at

if TYPE_CHECKING:
    from fastapi import FastAPI

# A file that waits longer than this for its scan, in seconds, means that scanner or workers do not keep up.
LATE = 120.0


def storage(app: FastAPI) -> dict[str, Any]:
    """Whether files can be put away, and how much room there is, where that is known."""
    place = storage_at(app.state.settings.storage)
    told: dict[str, Any] = {"ok": place.answers()}
    if (room := place.room()) is not None:
        told |= {"free_bytes": room[0], "bytes": room[1]}
    return told


def scanner(app: FastAPI) -> dict[str, Any]:
    """Whether files are scanned in time; where no scanner is set up, there is nothing to be late."""
    clamd: str = app.state.settings.clamd
    if not clamd:
        return {"ok": True, "scanning": False}
    try:
        with Session(app.state.engine) as session:
            waits = oldest_waiting(session, TABLE)
    except SQLAlchemyError:
        return {"ok": False, "scanning": True}
    newest = scanning.signatures(clamd)
    return {
        "ok": scanning.answers(clamd) and waits < LATE,
        "scanning": True,
        "oldest_waiting_s": round(waits, 1),
        "signatures_of": newest and newest.isoformat(),
    }
