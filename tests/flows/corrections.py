"""Corrections as officials and applicants make them over HTTP, and ways to bring deliveries back."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from typing import Any

import httpx
from fastapi.testclient import TestClient

from services.review.corrections.deadlines import pass_days
from shared.bus.deliver import Post, deliver
from shared.workdays import today
from tests.site import ONE_STAGE, Site, bearer, example

FEE = [{"pointer": "/fee", "says": "入場料の額を確かめてください。"}]


def filed(site: Site, counter: TestClient, key: str, procedure: str = ONE_STAGE, **more: Any) -> str:
    """The example of a procedure, filed and at the desk; the application's id."""
    answer = counter.post("/v1/applications", json=example(procedure) | more, headers=bearer(key))
    assert answer.status_code == 202, answer.text
    site.deliver_all()
    return str(answer.json()["id"])


def case_of(site: Site, application: str) -> str:
    """The id of an application's case."""
    return str(site.value('select id from review."case" where application_id = cast(:id as uuid)', id=application))


def ask(desk: TestClient, key: str, case: str, items: Any = None, **more: Any) -> httpx.Response:
    """POST a correction."""
    answer: httpx.Response = desk.post(
        f"/v1/cases/{case}/corrections", json={"items": FEE if items is None else items, **more}, headers=bearer(key)
    )
    return answer


def shown(counter: TestClient, key: str, application: str) -> dict[str, Any]:
    """The application as its organisation sees it."""
    found: dict[str, Any] = counter.get(f"/v1/applications/{application}", headers=bearer(key)).json()
    return found


def to_mend(counter: TestClient, key: str, application: str) -> dict[str, Any]:
    """What is to be mended."""
    answer = counter.get(f"/v1/applications/{application}/correction", headers=bearer(key))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send_in(counter: TestClient, key: str, application: str, correction: str, **answers: Any) -> httpx.Response:
    """PUT the mended answers."""
    answer: httpx.Response = counter.put(
        f"/v1/applications/{application}/correction",
        json={"correction": correction, "answers": answers},
        headers=bearer(key),
    )
    return answer


def decide(desk: TestClient, key: str, case: str, decision: str = "approve", **more: Any) -> httpx.Response:
    """POST a decision."""
    answer: httpx.Response = desk.post(f"/v1/cases/{case}/decision", json={"decision": decision, **more}, headers=bearer(key))
    return answer


def case(desk: TestClient, key: str, case_id: str) -> dict[str, Any]:
    """The case as an official sees it."""
    found: dict[str, Any] = desk.get(f"/v1/cases/{case_id}", headers=bearer(key)).json()
    return found


def at_desk(desk: TestClient, key: str, case_id: str) -> list[dict[str, Any]]:
    """The corrections of a case."""
    found: list[dict[str, Any]] = desk.get(f"/v1/cases/{case_id}/corrections", headers=bearer(key)).json()
    return found


def steps(counter: TestClient, key: str, application: str) -> list[str]:
    """The timeline: what happened, or the state."""
    return [step["detail"].get("what") or step["state"] for step in shown(counter, key, application)["timeline"]]


def post_of(service: str) -> Post:
    """The service's side of the bus."""
    post: Post = import_module(f"services.{service}.tasks").work.post
    return post


def one_service(site: Site, service: str) -> None:
    """Do what waits for one service only."""
    deliver(post_of(service), [event for heard_by, event in site.due() if heard_by == service])


def bring_back(site: Site, kind: str) -> None:
    """The deliveries of this type of event come again, as if they had never been done."""
    site.run(
        "update bus.delivery set state = 'waiting', due = now() where event_id in (select id from bus.event where type = :kind)",
        kind=kind,
    )


def days_pass(site: Site, days: int) -> None:
    """What the errand does that many days from now."""
    with site.session("review") as session:
        pass_days(session, today() + timedelta(days=days))
        session.commit()


def last_day_was_yesterday(site: Site) -> None:
    """At the desk and at the counter."""
    for table in ("review.correction", "intake.correction"):
        site.run(f"update {table} set due_on = :day", day=today() - timedelta(days=1))


def day(days: int) -> date:
    """A day from now, in Japan."""
    return today() + timedelta(days=days)
