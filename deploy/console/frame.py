"""The frame of the console's pages: their templates, and where a form leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form
from fastapi.responses import RedirectResponse

from shared.web.pages import Pages

# Why somebody does something: checked by shared.operation.acts.reason_of, which says what is wrong with it.
Reason = Annotated[str, Form(max_length=5000)]

pages = Pages(Path(__file__).parent / "templates")


def back_to(path: str, **query: object) -> RedirectResponse:
    """To a page of the console after something was done; what is empty is left out of the query."""
    said = urlencode({name: value for name, value in query.items() if value not in ("", None)})
    return RedirectResponse(f"{path}?{said}" if said else path, 303, {"cache-control": "no-store"})
