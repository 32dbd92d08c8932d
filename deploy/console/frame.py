"""The frame of the console's pages: their templates, and where a form leads to."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from fastapi.responses import RedirectResponse

from shared.web.pages import Pages

pages = Pages(Path(__file__).parent / "templates")


def back_to(path: str, **query: object) -> RedirectResponse:
    """To a page of the console after something was done; what is empty is left out of the query."""
    said = urlencode({name: value for name, value in query.items() if value not in ("", None)})
    return RedirectResponse(f"{path}?{said}" if said else path, 303, {"cache-control": "no-store"})
