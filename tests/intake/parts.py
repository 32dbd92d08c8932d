"""Filing as an applicant's program does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
from fastapi.testclient import TestClient

from shared.filetypes import FILE_TYPES
from shared.procedure.model import Procedure
from tests.files import samples
from tests.site import Site, bearer

CONTENTS = {
    FILE_TYPES["pdf"].media_type: samples.PDF,
    FILE_TYPES["xlsx"].media_type: samples.office("xlsx"),
    FILE_TYPES["jpeg"].media_type: samples.JPEG,
}
APPLICATIONS = "/v1/applications"


def file(counter: TestClient, key: str, filing: Any, *, once: str = "", **headers: str) -> httpx.Response:
    """POST a filing; `once` is its Idempotency-Key."""
    if once:
        headers["idempotency-key"] = once
    answer: httpx.Response = counter.post(APPLICATIONS, json=filing, headers={**bearer(key), **headers})
    return answer


def with_files(client: Any, key: str, filing: dict[str, Any], **query: str) -> dict[str, Any]:
    """A filing whose files were sent: each one that its answers name, as a good file of that type."""

    def sent(one: dict[str, Any]) -> dict[str, Any]:
        content = CONTENTS[one["type"]]
        disposition = f"attachment; filename*=UTF-8''{quote(one['name'])}"
        answer = client.post(
            "/v1/attachments", params=query, content=content, headers={**bearer(key), "content-disposition": disposition}
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()["reference"]
        return made

    def seen(part: Any) -> Any:
        if isinstance(part, dict) and "sha256" in part:
            return sent(part)
        if isinstance(part, dict):
            return {name: seen(inner) for name, inner in part.items()}
        return [seen(inner) for inner in part] if isinstance(part, list) else part

    return {**filing, "answers": seen(filing["answers"])}


def places(answer: httpx.Response) -> dict[str, str]:
    """Pointer → what to do, of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("urn:madoguchi:problem:")
    return {error["pointer"]: error["detail"] for error in problem.get("errors", ())}


def recorded(site: Site) -> int:
    """How many applications there are, each with its event; the rest would be half written."""
    applications = site.value("select count(*) from intake.application")
    assert applications == site.value("select count(*) from bus.event where type = 'application.filed.v1'")
    return int(applications)


@contextmanager
def in_force(site: Site, counter: TestClient, procedure: Procedure) -> Iterator[None]:
    """Another version of a shipped procedure, for a while; afterwards nothing is filed and the shipped one is in force again."""
    from services.intake.catalogue import procedures
    from services.intake.checking import checking
    from services.review.procedures import _known

    def forget() -> None:
        """Versions never change in a real house, so everybody remembers them."""
        counter.app.state.catalogue = procedures.Catalogue()  # type: ignore[attr-defined] # a FastAPI application
        checking._catalogue = procedures.Catalogue()
        _known.clear()

    with site.session("intake") as session:
        procedures.publish(session, procedure)
        session.commit()
    site.deliver_all()
    forget()
    try:
        yield
    finally:
        which = {"id": procedure.procedure}
        site.empty()
        site.run("delete from intake.procedure where id = :id and version > 1", **which)
        site.run("delete from review.procedure where id = :id and version > 1", **which)
        for service in ("notify", "opendata"):
            site.run(f"update {service}.procedure set version = 1 where id = :id", **which)
        forget()
