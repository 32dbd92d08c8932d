"""The applicant sees until when the office means to decide, also when it is later than first said."""

from __future__ import annotations

from datetime import date, timedelta

from fastapi.testclient import TestClient

from shared.i18n import show_date
from shared.workdays import after, today
from tests.flows import corrections as on
from tests.site import Site, bearer


def test_the_applicant_sees_when_the_decision_is_expected_and_that_it_is_later(
    clean: Site, counter: TestClient, desk: TestClient
) -> None:
    key, press = clean.an_applicant(), clean.a_reviewer("public-relations", email="press@example.go.jp")
    application = on.filed(clean, counter, key)
    case = on.case_of(clean, application)
    english = bearer(key) | {"accept-language": "en"}

    def page() -> str:
        return str(counter.get(f"/applications/{application}", headers=english).text)

    first = after(today(), 20)
    assert on.shown(counter, key, application)["due_on"] == first.isoformat()
    assert show_date(first, "en") in page()
    assert on.ask(desk, press, case).status_code == 201
    clean.deliver_all()
    assert "does not run" in page()
    clean.run("""update review."case" set arrived_at = arrived_at - interval '21 days'""")
    clean.run("update review.pause set began_at = began_at - interval '14 days'")
    assert desk.post(f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press)).status_code == 200
    clean.deliver_all()
    later = clean.value('select due_on from review."case"')
    assert isinstance(later, date)
    assert on.shown(counter, key, application)["due_on"] == later.isoformat()
    assert show_date(later, "en") in page()
    clean.run("update intake.application set due_on = :day", day=today() - timedelta(days=1))
    assert "needs longer than its standard processing period" in page()
