"""Style sheet, script and icon of the pages: read once, addressed by their content, so that browsers may keep them for good."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request, Response

from shared.problems import NotFound

if TYPE_CHECKING:
    from fastapi import FastAPI

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_GOOD = "public, max-age=31536000, immutable"
# An address without this version's hash comes from a page of another version, while the site is being updated.
_FOR_NOW = "public, max-age=60"


@dataclass(frozen=True)
class Asset:
    """A file of the pages."""

    content: bytes
    media_type: str
    version: str


@cache
def _assets() -> dict[str, Asset]:
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if media_type := _TYPES.get(path.suffix):
            content = path.read_bytes()
            found[path.name] = Asset(content, media_type, hashlib.sha256(content).hexdigest()[:12])
    return found


def asset(name: str) -> str:
    """The address of a file, with the hash of its content. Raises KeyError."""
    return f"/static/{name}?v={_assets()[name].version}"


def add_static(app: FastAPI) -> None:
    """Serve the files under /static."""

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        found = _assets().get(name)
        if found is None:
            raise NotFound
        kept = _FOR_GOOD if request.query_params.get("v") == found.version else _FOR_NOW
        return Response(found.content, media_type=found.media_type, headers={"cache-control": kept})
