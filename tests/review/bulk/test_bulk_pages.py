"""Work in bulk as pages: asked for below the list, followed without scripts."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from tests.review.bulk.parts import KINKI, Bulk, notifications, works
from tests.review.parts import case_of
from tests.site import Site, bearer


def test_a_decision_on_chosen_cases_by_forms(clean: Site, desk: TestClient) -> None:
    bulk = Bulk(desk, clean)
    one, other = notifications(clean, 2)
    headers = {**bearer(bulk.key), "accept": "text/html", "origin": "http://testserver"}
    assert 'action="/desk/jobs"' in desk.get("/desk?whose=groups", headers=headers).text
    sent = {"whose": "groups", "state": "open", "kind": "decide", "of-all": "accept", "case": str(case_of(clean, one)["id"])}
    asked = desk.post("/desk/jobs", data=sent, headers=headers, follow_redirects=False)
    path = asked.headers["location"]
    waiting = desk.get(f"{path}?lang=en", headers=headers).text
    assert '<meta http-equiv="refresh" content="3">' in waiting
    assert "<progress" in waiting
    assert "refresh" not in re.findall(r"<meta[^>]*>", desk.get(f"{path}?refresh=off", headers=headers).text)
    works()
    preview = desk.get(f"{path}?lang=en", headers=headers).text
    assert "Start with 1 cases" in preview
    assert "http-equiv" not in preview
    desk.post(f"{path}/start", headers=headers, follow_redirects=False)
    works()
    assert "Done (1)" in desk.get(f"{path}?lang=en", headers=headers).text
    assert path in desk.get("/desk/jobs", headers=headers).text
    assert (case_of(clean, one)["state"], case_of(clean, other)["state"]) == ("decided", "open")


def test_forms_that_make_no_sense_are_refused(clean: Site, desk: TestClient) -> None:
    bulk = Bulk(desk, clean)
    notifications(clean, 1)
    headers = {**bearer(bulk.key), "accept": "text/html", "origin": "http://testserver"}
    for sent in (
        {"kind": "decide", "of-all": "postpone"},
        {"kind": "decide", "of-all": "accept", "case": "x"},
        {"kind": "assign", "to": "x"},
        {"kind": "export", "format": "exe"},
        {"kind": "decide", "of-all": "accept", "reasons": "a\0b"},
        {"kind": "decide", "of-all": "accept", "amount_from": "much"},
    ):
        assert desk.post("/desk/jobs", data={"whose": "groups", **sent}, headers=headers).status_code == 422, sent
    assert clean.value("select count(*) from review.job") == 0
    elsewhere = {**headers, "origin": "https://evil.example"}
    assert desk.post("/desk/jobs", data={"kind": "export", "format": "csv"}, headers=elsewhere).status_code == 403


def test_views_are_saved_shared_and_deleted(clean: Site, desk: TestClient) -> None:
    owner, colleague = Bulk(desk, clean), Bulk(desk, clean, email="colleague@example.go.jp")
    stranger = Bulk(desk, clean, "hokkaido-bureau", email="north@example.go.jp")
    headers = {**bearer(owner.key), "accept": "text/html", "origin": "http://testserver"}
    sent = {"whose": "nobody", "state": "overdue", "q": "林産業", "sort": "due", "name": "期限切れ", "share": KINKI}
    saved = desk.post("/desk/views", data=sent, headers=headers, follow_redirects=False)
    assert "whose=nobody&state=overdue&q=%E6%9E%97" in saved.headers["location"]
    assert "期限切れ" in desk.get("/desk", headers=headers).text
    views = "/v1/cases/views"
    (shared,) = desk.get(views, headers=bearer(colleague.key)).json()
    assert shared["filter"] == {"unassigned": True, "overdue": True, "q": "林産業"}
    assert (shared["mine"], shared["by"], shared["sort"]) == (False, "一括 太郎", "due")
    assert desk.get(views, headers=bearer(stranger.key)).json() == []
    assert desk.delete(f"{views}/{shared['id']}", headers=bearer(colleague.key)).status_code == 404
    wrong = {"name": "x", "filter": {}, "group": "hokkaido-bureau"}
    assert desk.post(views, json=wrong, headers=bearer(owner.key)).status_code == 422
    assert desk.delete(f"{views}/{shared['id']}", headers=bearer(owner.key)).status_code == 204
    assert desk.get(views, headers=bearer(owner.key)).json() == []
