"""What an application's API can do, as a page made from its OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Request, Response

from shared.web.pages import Pages

if TYPE_CHECKING:
    from fastapi import FastAPI

_pages = Pages()


@dataclass(frozen=True)
class Operation:
    """A method of a path: what to send, and what comes back."""

    method: str
    path: str
    description: str
    parameters: list[tuple[str, str, bool, str]]
    body: str
    answers: list[tuple[str, str]]


def add_docs(app: FastAPI) -> None:
    """Serve the page /docs/<service>, beside /docs/<service>/openapi.json."""

    @app.get(f"/docs/{app.state.service}", include_in_schema=False)
    def docs(request: Request) -> Response:
        document = app.openapi()
        return _pages.show(
            request,
            "docs.html",
            title=app.title,
            description=app.description,
            address=app.openapi_url,
            operations=operations(document),
        )


def operations(document: dict[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document, in its order."""
    schemas = document.get("components", {}).get("schemas", {})
    return [
        Operation(
            method=method.upper(),
            path=path,
            description=told.get("description", told.get("summary", "")),
            parameters=[
                (one["name"], one["in"], one.get("required", False), one.get("description", ""))
                for one in told.get("parameters", [])
            ],
            body=_body(told, schemas),
            answers=[(status, one["description"]) for status, one in told.get("responses", {}).items()],
        )
        for path, methods in document.get("paths", {}).items()
        for method, told in methods.items()
    ]


def _body(told: dict[str, Any], schemas: dict[str, Any]) -> str:
    """The JSON Schema of what is sent, or nothing."""
    content = told.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return ""
    schema = content["schema"]
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    return orjson.dumps(named, option=orjson.OPT_INDENT_2).decode()
