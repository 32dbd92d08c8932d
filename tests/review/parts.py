"""Applications that arrived at the desk."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import httpx
from fastapi.testclient import TestClient

from shared.bus.deliver import deliver
from shared.events import ApplicationArrived, Event, ProcedureRef
from shared.procedure.rules import computed
from tests.bus.parts import announce, arrived
from tests.site import DENKI, ONE_STAGE, Site, bearer, example, shipped

CASES = "/v1/cases"


def an_arrival(procedure: str = ONE_STAGE, **answers: Any) -> ApplicationArrived:
    """The example of a procedure, arrived; `answers` are those in which it differs."""
    given = computed(shipped(procedure), example(procedure)["answers"] | answers, today=date(2026, 11, 25))
    return arrived().model_copy(update={"procedure": ProcedureRef(id=procedure, version=1), "answers": given})


def in_prefecture(code: str) -> ApplicationArrived:
    """A notification from a prefecture."""
    return an_arrival(DENKI, address={"prefecture": code, "address": "一丁目"})


def opens(site: Site, *events: Event) -> list[UUID]:
    """Let the desk hear of arrivals and what follows; the events' ids."""
    from services.review.tasks import work

    ids = announce(site, *events)
    assert deliver(work.post, ids) == len(ids)
    return ids


def case_of(site: Site, event: ApplicationArrived) -> dict[str, Any]:
    """The one case of an application."""
    (found,) = site.rows('select * from review."case" where application_id = :id', id=UUID(event.subject))
    return found


def decide(desk: TestClient, key: str, case_id: object, decision: Any, reasons: Any = "") -> httpx.Response:
    """POST a decision."""
    answer: httpx.Response = desk.post(
        f"{CASES}/{case_id}/decision", json={"decision": decision, "reasons": reasons}, headers=bearer(key)
    )
    return answer
