"""Seals of offices (公印): images in a folder, `<office>.svg` or `<office>.png`."""

from __future__ import annotations

from pathlib import Path

LIMIT = 1024 * 1024  # bytes
_KINDS = {".svg": (b"<",), ".png": (b"\x89PNG\r\n\x1a\n",)}


class BadSeal(Exception):
    """The file is no image of a seal: the document waits until somebody mends it."""


def seal_of(folder: str, group: str) -> tuple[str, bytes] | None:
    """The seal of an office as a file's name and content; None when the folder has none. Raises BadSeal."""
    for suffix, begins in _KINDS.items():
        path = Path(folder, f"{group}{suffix}")
        if not folder or not path.is_file():
            continue
        content = path.read_bytes() if path.stat().st_size <= LIMIT else b""
        if not content.startswith(begins):
            raise BadSeal(f"{path.name} is no image of at most {LIMIT} bytes")
        return f"seal{suffix}", content
    return None
