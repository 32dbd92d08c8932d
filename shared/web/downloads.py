"""Handing out files that people sent: as downloads only, never as something a browser would show or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from shared.files.kept import opened
from shared.storage import CHUNK, Readable, attachment_key

# In OpenAPI: what `download` answers.
DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"description": "the file", "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


def attachment_headers(name: str) -> dict[str, str]:
    """Headers of a download under its own name (RFC 6266; in other letters than ASCII by RFC 8187)."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\%' else "_" for sign in name)
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }


def download(file: Readable, *, name: str, media_type: str, size: int) -> Response:
    """A file as it comes from the storage."""
    headers = attachment_headers(name) | {"content-length": str(size)}
    return StreamingResponse(_pieces(file), media_type=media_type, headers=headers)


def handed_over(request: Request, named: Mapping[str, Any]) -> Response:
    """A file by its reference, as a download; who may see it is for the caller to look at. Raises NotFound, Unavailable."""
    file = opened(request.app.state.storage, attachment_key(UUID(named["id"])))
    return download(file, name=named["name"], media_type=named["type"], size=named["size"])


def _pieces(file: Readable) -> Iterator[bytes]:
    with closing(file):
        while piece := file.read(CHUNK):
            yield piece
