"""Officials who ask for work in bulk, and the worker that does it."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi.testclient import TestClient

from shared.events import ApplicationArrived
from tests.review.parts import in_prefecture, opens
from tests.site import Site, bearer

JOBS = "/v1/jobs"
KINKI = "kinki-bureau"


class Bulk:
    """An official of a group over HTTP."""

    def __init__(self, client: TestClient, site: Site, *groups: str, email: str = "bulk@example.go.jp") -> None:
        self.client, self.site, self.email = client, site, email
        self.key = site.a_reviewer(*(groups or (KINKI,)), email=email, name="一括 太郎")

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        sent: httpx.Response = self.client.request(method, f"{JOBS}{path}", json=body, headers=bearer(self.key))
        return sent

    def does(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.send(method, path, body)
        assert answer.status_code in {200, 202}, answer.text
        return answer.json()

    def asks(self, path: str, **body: Any) -> str:
        """Ask for a job, and let the worker get to its end or to its preview; the job's id."""
        job: str = self.does("POST", path, body)["id"]
        works()
        return job

    def starts(self, job: str) -> Any:
        self.does("POST", f"/{job}/start")
        works()
        return self.does("GET", f"/{job}")

    def says(self, job: str, state: str) -> list[str]:
        return [item["says"] for item in self.does("GET", f"/{job}/items?state={state}")]


def works() -> None:
    """The worker, until nothing waits."""
    from services.review.tasks import work_on_jobs

    while work_on_jobs():
        pass


def notifications(site: Site, count: int) -> list[ApplicationArrived]:
    """So many cases that can be accepted."""
    events = [in_prefecture("27") for _ in range(count)]
    opens(site, *events)
    return events
