"""A page's form as it was sent, for pages whose fields are not known beforehand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

Fields = dict[str, list[str]]


async def posted(request: Request) -> Fields:
    """A dependency: each field with all its values, in their order. How browsers send the lines of a text field is undone."""
    async with request.form(max_files=0) as form:
        found: Fields = {}
        for name, value in form.multi_items():
            found.setdefault(name, []).append(str(value).replace("\r\n", "\n"))
        return found


Posted = Annotated[Fields, Depends(posted)]


def last(fields: Fields, name: str) -> str:
    """A field's value, or an empty text."""
    return fields[name][-1] if name in fields else ""
