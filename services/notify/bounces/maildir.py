"""Fetching what came back from a Maildir folder, to which the mail server delivers it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import Session

from services.notify.bounces.reports import MOST_BYTES
from services.notify.bounces.taking import take

log = logging.getLogger(__name__)

A_TURN = 50


def fetch(engine: Engine, secret_key: SecretStr, folder: Path) -> bool:
    """Take the mails in `new`, oldest first. What was understood is deleted; the rest goes to `cur`, for people to read.

    At most A_TURN of them; returns whether more wait. A mail that is fetched twice counts once.
    """
    if not (folder / "new").is_dir():
        log.warning("there is no Maildir folder for what cannot be delivered", extra={"context": {"setting": "bounce_maildir"}})
        return False
    files = sorted(_files(folder / "new"), key=lambda file: file.name)
    with Session(engine) as session:
        for file in files[:A_TURN]:
            _take(session, secret_key, file, folder / "cur")
    return len(files) > A_TURN


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file() and not file.is_symlink())


def _take(session: Session, secret_key: SecretStr, file: Path, read: Path) -> None:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES)
        taken = take(session, secret_key, content)
        session.commit()
        if taken in {"taken", "known"}:
            file.unlink()
        else:
            file.rename(read / f"{file.name.partition(':')[0]}:2,")
    except FileNotFoundError:  # another worker was faster
        session.rollback()
