"""Legal holds on the console: held and released with a reason, under the operator's name; and what the last runs did."""

from __future__ import annotations

from uuid import uuid4

from fastapi.testclient import TestClient

from tests.retention.parts import INTAKE, purged
from tests.site import DENKI, Site

PAGE = "/console/retention"


def test_an_operator_holds_an_application_back_and_releases_it(console: TestClient, clean: Site) -> None:
    subject = str(uuid4())
    wanted = {"kind": "application", "subject": f" {subject.upper()} ", "reason": "A lawsuit"}
    for wrong in ({"kind": "everything"}, {"subject": "an id"}, {"reason": ""}, {"subject": "a\0"}):
        assert console.post(f"{PAGE}/holds", data=wanted | wrong).status_code == 422, wrong
    assert console.post(f"{PAGE}/holds", data=wanted).headers["location"] == f"{PAGE}?done=held"
    assert console.post(f"{PAGE}/holds", data=wanted).status_code == 409
    (hold,) = clean.rows("select * from operation.hold")
    assert (hold["subject"], hold["reason"], hold["held_by"]) == (subject, "A lawsuit", "運用 太郎")
    page = console.get(PAGE).text
    assert subject in page
    release = f"{PAGE}/holds/{hold['id']}/release"
    assert console.post(release, data={"reason": " "}).status_code == 422
    assert console.post(release, data={"reason": "It is over"}).headers["location"] == f"{PAGE}?done=released"
    assert console.post(release, data={"reason": "Again"}).status_code == 404
    assert subject not in console.get(PAGE).text
    acts = [(row["act"], row["subject"]) for row in clean.rows("select act, subject from operation.act order by id")]
    assert acts == [("hold.set", f"application {subject}"), ("hold.released", f"application {subject}")]


def test_the_last_runs_are_shown_with_what_they_did(console: TestClient, clean: Site) -> None:
    key = clean.an_applicant()
    clean.file(key, 1, DENKI)
    clean.deliver_all()
    clean.run("update bus.event set time = now() - interval '40 days' where source = 'intake'")
    purged(INTAKE)
    page = console.get(PAGE).text
    assert "bus.event.intake" in page
    assert "purged for two days: The desk" in page
