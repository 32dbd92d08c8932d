"""After the filing too: an agent mends, writes and is told within its mandate; who may only read, reads."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.flows import corrections as on
from tests.identity.test_mandates import MANDATES, mandate
from tests.identity.test_members import a_member
from tests.site import ONE_STAGE, Site, bearer


@pytest.fixture
def principal(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def agent(clean: Site) -> str:
    return clean.an_applicant("agent@example.com", name="行政書士法人代理")


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp")


def test_an_agent_mends_and_writes_until_its_mandate_ends(
    clean: Site, counter: TestClient, desk: TestClient, *, principal: str, agent: str, press: str
) -> None:
    application = on.filed(clean, counter, principal)
    here = f"/v1/applications/{application}"
    correction = on.ask(desk, press, on.case_of(clean, application)).json()["id"]
    clean.deliver_all()
    assert counter.get(f"{here}/correction", headers=bearer(agent)).status_code == 404
    assert counter.get("/v1/notices", headers=bearer(agent)).json() == []
    id_ = mandate(counter, principal, agent)
    notices = counter.get("/v1/notices", headers=bearer(agent)).json()
    assert {one["application_id"] for one in notices} == {application}
    assert (
        counter.post("/v1/notices/read", json={"ids": [one["id"] for one in notices]}, headers=bearer(agent)).status_code == 204
    )
    assert all(one["read"] for one in counter.get("/v1/notices", headers=bearer(agent)).json())
    assert counter.post(f"{here}/messages", json={"text": "代理で送ります。"}, headers=bearer(agent)).status_code == 201
    assert on.send_in(counter, agent, application, correction, fee=800, fee_reason="会場費").status_code == 200
    assert clean.value("select account_name from intake.revision") == "窓口 花子"
    assert counter.delete(f"{MANDATES}/{id_}", headers=bearer(principal)).status_code == 204
    assert counter.get("/v1/notices", headers=bearer(agent)).json() == []
    assert counter.get(f"{here}/messages", headers=bearer(agent)).status_code == 404


def test_a_mandate_to_receive_alone_does_not_let_mend_or_write(
    clean: Site, counter: TestClient, desk: TestClient, *, principal: str, agent: str, press: str
) -> None:
    application = on.filed(clean, counter, principal)
    correction = on.ask(desk, press, on.case_of(clean, application)).json()["id"]
    clean.deliver_all()
    mandate(counter, principal, agent, rights=["receive"], procedures=[ONE_STAGE])
    here = f"/v1/applications/{application}"
    assert counter.get(f"{here}/correction", headers=bearer(agent)).status_code == 200
    assert on.send_in(counter, agent, application, correction, fee=800, fee_reason="x").status_code == 403
    assert counter.post(f"{here}/messages", json={"text": "x"}, headers=bearer(agent)).status_code == 403


def test_who_may_only_read_neither_mends_nor_writes(
    clean: Site, counter: TestClient, desk: TestClient, *, principal: str, press: str
) -> None:
    application = on.filed(clean, counter, principal)
    correction = on.ask(desk, press, on.case_of(clean, application)).json()["id"]
    clean.deliver_all()
    reader = a_member(clean, "read")
    here = f"/v1/applications/{application}"
    assert counter.get(f"{here}/correction", headers=bearer(reader)).status_code == 200
    assert on.send_in(counter, reader, application, correction, fee=800, fee_reason="x").status_code == 403
    assert counter.post(f"{here}/messages", json={"text": "x"}, headers=bearer(reader)).status_code == 403
    assert counter.get("/v1/notices", headers=bearer(reader)).json()
    assert clean.value("select count(*) from intake.revision") == 0
