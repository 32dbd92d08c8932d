"""Switches on the console: turned with a reason, noted under the operator's name."""

from __future__ import annotations

from fastapi.testclient import TestClient

from tests.site import Site


def test_an_operator_closes_filing_and_says_why(console: TestClient, clean: Site) -> None:
    page = "/console/switches/filing"
    assert console.post(page, data={"on": "false"}).status_code == 422
    assert console.post(page, data={"on": "false", "reason": "A new disk"}).headers["location"] == "/console/switches?done=off"
    assert console.post(page, data={"on": "false", "reason": "Again"}).status_code == 409
    assert console.get("/console/switches").text.count('class="badge badge-mend"') == 1
    (act,) = clean.rows("select * from operation.act")
    assert (act["act"], act["subject"], act["reason"]) == ("switch.off", "filing", "A new disk")
    assert act["account_id"] == clean.value("select id from identity.account where role = 'operator'")
