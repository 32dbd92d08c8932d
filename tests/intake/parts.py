"""Filing as an applicant's program does."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi.testclient import TestClient

from tests.site import Site, bearer

APPLICATIONS = "/v1/applications"


def file(counter: TestClient, key: str, filing: Any, *, once: str = "", **headers: str) -> httpx.Response:
    """POST a filing; `once` is its Idempotency-Key."""
    if once:
        headers["idempotency-key"] = once
    answer: httpx.Response = counter.post(APPLICATIONS, json=filing, headers={**bearer(key), **headers})
    return answer


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
