"""Every route of the desk that shows a case, or does something with it, leaves a trace; the group's managers can read it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from services.review import app as desk_app
from services.review.cases.moves import MOVES
from services.review.trail.acts import ACTS
from shared.events import MessageToOffice, WithdrawalAsked
from shared.web.callers import Reviewer, Transaction
from tests.review.parts import CASES, an_arrival, case_of, opens
from tests.site import Site, bearer

OFFICES = ("public-relations", "kinki-bureau")
# Of lists as much as they can show.
WIDE = {"whose": "groups", "state": "open"}


@pytest.fixture
def official(clean: Site) -> str:
    return clean.a_reviewer(OFFICES[0])


@pytest.fixture
def case_id(clean: Site, official: str) -> UUID:
    assert official
    event = an_arrival()
    opens(clean, event)
    found: UUID = case_of(clean, event)["id"]
    return found


def acts(site: Site) -> list[str]:
    """What people did, as it was noted; forgotten then, so that the next look counts as a new one."""
    found = site.rows("select act from review.audit_entry where account_id is not null order by id")
    site.run("truncate review.audit_entry, review.audit_waiting")
    return [row["act"] for row in found]


def addresses(method: str, *, about_a_case: bool = True) -> list[str]:
    """Where the desk answers about one case, or about none in particular; without further ids."""
    routes = [route for room in desk_app.ROOMS for route in room.router.routes if isinstance(route, APIRoute)]
    paths = {route.path for route in routes if method in (route.methods or ())}
    if not about_a_case:
        return sorted(path for path in paths if "{" not in path.replace("{group}", ""))
    return sorted(path for path in paths if "{case_id}" in path and path.count("{") == 1)


def test_whoever_looks_at_a_case_anywhere_is_noted(clean: Site, desk: TestClient, official: str, case_id: UUID) -> None:
    assert len(addresses("GET")) > 8
    for path in addresses("GET"):
        acts(clean)
        answer = desk.get(path.format(case_id=case_id), headers=bearer(official), follow_redirects=False)
        if answer.status_code < 400:
            assert acts(clean), path


def test_no_address_shows_who_applies_without_a_trace(clean: Site, desk: TestClient, official: str, case_id: UUID) -> None:
    """Also lists, boards and calendars, those to come too: whatever shows the applicant's name leaves an entry."""
    (case,) = clean.rows('select applicant, contact from review."case" where id = :id', id=case_id)
    names = {case["applicant"]["name"], case["contact"]["name"], case["contact"]["email"]}
    shown = 0
    for path in addresses("GET", about_a_case=False):
        acts(clean)
        query = {} if path.startswith("/v1/") else WIDE
        answer = desk.get(path.replace("{group}", OFFICES[0]), params=query, headers=bearer(official), follow_redirects=False)
        if any(name in answer.text for name in names):
            shown += 1
            assert acts(clean), path
    assert shown >= 2


def test_a_route_that_forgets_it_does_not_answer(
    clean: Site, official: str, case_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clean
    router = APIRouter()

    @router.get("/v1/cases/{case_id}/secrets")
    def forgets(case_id: UUID, session: Transaction, caller: Reviewer) -> dict[str, Any]:
        return {"id": case_id, "caller": caller.name, "active": session.is_active}

    monkeypatch.setattr(desk_app, "ROOMS", (*desk_app.ROOMS, SimpleNamespace(router=router)))
    with TestClient(desk_app.create_app(), raise_server_exceptions=False) as client:
        assert client.get(f"{CASES}/{case_id}/secrets", headers=bearer(official)).status_code == 500
        assert client.get(f"{CASES}/{case_id}", headers=bearer(official)).status_code == 200


def test_lists_files_and_acts_are_noted_by_their_names(clean: Site, desk: TestClient, official: str, case_id: UUID) -> None:
    headers = bearer(official)
    acts(clean)
    assert desk.get(CASES, headers=headers).status_code == desk.get("/desk", headers=headers).status_code == 200
    assert acts(clean) == ["cases.listed"] * 2
    assert desk.post(f"{CASES}/{case_id}/messages", json={"text": "届きました。"}, headers=headers).status_code == 201
    assert "case.write-message" in acts(clean)


def test_an_act_that_failed_is_not_noted_as_done(clean: Site, desk: TestClient, official: str, case_id: UUID) -> None:
    own = bearer(official) | {"origin": "http://testserver"}  # a form of our own pages
    for path, data in (("correction", {"due_on": "2020-01-01"}), ("messages", {"text": ""})):
        assert desk.post(f"/desk/cases/{case_id}/{path}", data=data, headers=own).status_code == 422
    assert set(acts(clean)) == {"case.shown"}


def test_who_may_not_see_a_case_leaves_and_learns_nothing(clean: Site, desk: TestClient, case_id: UUID) -> None:
    other = clean.a_reviewer(OFFICES[1], email="other@example.go.jp")
    for path in (f"{CASES}/{case_id}", f"{CASES}/{case_id}/trail", f"/desk/cases/{case_id}/trail"):
        assert desk.get(path, headers=bearer(other)).status_code == 404
    assert acts(clean) == []


def test_only_a_manager_reads_the_trace(clean: Site, desk: TestClient, case_id: UUID) -> None:
    examiner = clean.a_reviewer(OFFICES[0], email="examiner@example.go.jp", duties=("examiner", "approver"))
    for path in (f"{CASES}/{case_id}/trail", f"/desk/cases/{case_id}/trail"):
        assert desk.get(path, headers=bearer(examiner)).status_code == 403
    assert f"/desk/cases/{case_id}/trail" not in desk.get(f"/desk/cases/{case_id}", headers=bearer(examiner)).text


def test_a_manager_reads_the_trace_of_a_case_in_pages(clean: Site, desk: TestClient, official: str, case_id: UUID) -> None:
    for _ in range(3):
        desk.get(f"{CASES}/{case_id}", headers=bearer(official))
        clean.run("update review.audit_entry set at = at - interval '6 minutes'")
    first = desk.get(f"{CASES}/{case_id}/trail", params={"limit": 2}, headers=bearer(official)).json()
    assert [entry["account_name"] for entry in first] == ["審査 一郎"] * 2
    rest = desk.get(f"{CASES}/{case_id}/trail", params={"before": first[-1]["id"]}, headers=bearer(official)).json()
    assert [entry["act"] for entry in first + rest if entry["account_id"]] == ["case.shown"] * 4
    page = desk.get(f"/desk/cases/{case_id}/trail", headers=bearer(official) | {"accept-language": "ja"})
    assert page.text.count("案件を見た") == 4
    assert "イベント：申請の到達" in page.text
    assert "担当部署：大臣官房広報室" in page.text
    assert "担当者：審査 一郎" in page.text
    assert f"/desk/cases/{case_id}/trail" in desk.get(f"/desk/cases/{case_id}", headers=bearer(official)).text


def test_what_the_desk_does_by_itself_is_noted_with_the_event_it_heard(clean: Site) -> None:
    event = an_arrival()
    opens(clean, event)
    subject, now = event.subject, datetime.now(UTC)
    opens(
        clean,
        MessageToOffice(subject=str(uuid4()), sequence=1, application_id=UUID(subject), author="花子", text="秘密", sent_at=now),
    )
    opens(clean, WithdrawalAsked(subject=subject, sequence=2, asked_at=now, reason="秘密"))
    found = clean.rows("select * from review.audit_entry order by id")
    assert [(row["act"], row["account_id"], row["details"]["heard"]) for row in found] == [
        ("case.arrived", None, "application.arrived.v1"),
        ("message.taken", None, "message.to-office.v1"),
        ("case.withdrawn", None, "withdrawal.asked.v1"),
    ]
    assert {row["case_id"] for row in found} == {case_of(clean, event)["id"]}
    assert "秘密" not in str(found)
    assert {row["act"] for row in found} <= set(ACTS)


def test_every_kind_of_act_has_a_name_for_people() -> None:
    assert {f"case.{action}" for action in MOVES} - set(ACTS) == set()
