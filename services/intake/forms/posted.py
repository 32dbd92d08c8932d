"""A posted form of any size within the limits: names with their texts."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from services.intake.forms.reading import Posted

_MOST_FIELDS = 20_000


async def posted(request: Request) -> Posted:
    """The texts of a posted form; files are left out."""
    entered = await request.form(max_fields=_MOST_FIELDS, max_files=0)
    found: dict[str, list[str]] = {}
    for name, text in entered.multi_items():
        if isinstance(text, str):
            found.setdefault(name, []).append(text)
    return found


FormPosted = Annotated[Posted, Depends(posted)]
