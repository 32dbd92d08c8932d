"""A whole journey over HTTP, through real workers, to the mails in the mailbox."""

from __future__ import annotations

from typing import Any

import httpx

from tests.flows.conftest import Town
from tests.site import DENKI, ONE_STAGE, bearer, eventually, example


def get(town: Town, path: str, key: str = "", **query: Any) -> Any:
    return httpx.get(f"{town.url}{path}", params=query, headers=bearer(key)).raise_for_status().json()


def post(town: Town, path: str, key: str, content: Any) -> httpx.Response:
    return httpx.post(f"{town.url}{path}", json=content, headers=bearer(key))


def file(town: Town, filing: dict[str, Any]) -> str:
    answer = post(town, "/v1/applications", town.applicant, filing)
    assert answer.status_code == 202, answer.text
    assert answer.json()["receipt_number"].startswith("R20")
    return str(answer.json()["id"])


def status(town: Town, application: str) -> str:
    return str(get(town, f"/v1/applications/{application}", town.applicant)["status"])


def test_a_notification_is_filed_routed_told_accepted_and_counted(town: Town) -> None:
    application = file(town, example(DENKI))
    eventually(lambda: status(town, application) == "in_review", within=5)

    (case,) = get(town, "/v1/cases", town.official, application_id=application)
    assert (case["group"], case["official"]) == ("kinki-bureau", "審査 一郎")  # 大阪府
    (receipt,) = eventually(lambda: town.mailbox.to("applicant@example.com"))
    (notice,) = eventually(lambda: town.mailbox.to("official@example.go.jp"))
    assert case["arrival_number"] in receipt["text"]
    assert f"/desk/cases/{case['id']}" in notice["text"]

    decided = post(town, f"/v1/cases/{case['id']}/decision", town.official, {"decision": "accept"})
    assert decided.status_code == 200, decided.text
    eventually(lambda: status(town, application) == "accepted", within=5)
    told = eventually(lambda: town.mailbox.to("applicant@example.com")[1:])
    assert told[0]["subject"].startswith("【受理】") or "Accepted" in told[0]["subject"]

    timeline = get(town, f"/v1/applications/{application}", town.applicant)["timeline"]
    assert [step["state"] for step in timeline] == ["filed", "arrived", "in_review", "accepted"]
    assert [step["at"] for step in timeline] == sorted(step["at"] for step in timeline)
    counts = {row["id"]: row for row in get(town, "/v1/statistics/procedures")}
    assert {key: counts[DENKI][key] for key in ("filed", "arrived", "returned", "accepted", "refused")} == {
        "filed": 1,
        "arrived": 1,
        "returned": 0,
        "accepted": 1,
        "refused": 0,
    }
    states = {
        message["state"]
        for message in get(town, "/v1/messages", town.operator, subject=application)
        if message["channel"] == "email"
    }
    assert eventually(lambda: states) == {"sent"}


def test_what_the_rules_refuse_comes_back_with_what_to_mend(town: Town) -> None:
    filing = example(ONE_STAGE)
    filing["answers"]["held"] = {"from": "2035-10-06", "to": "2035-10-05"}
    filing["contact"] = {"name": "Hanako Madoguchi", "email": "hanako@example.org", "language": "en"}
    application = file(town, filing)
    eventually(lambda: status(town, application) == "returned", within=5)
    (mail,) = eventually(lambda: town.mailbox.to("hanako@example.org"))
    assert "The event ends before it begins. Mend the period." in mail["text"]
    assert get(town, "/v1/cases", town.official) == []
    assert town.mailbox.to("applicant@example.com") == []


def test_a_refusal_tells_its_reasons_and_how_to_appeal(town: Town) -> None:
    press = town.site.a_reviewer("public-relations", email="press@example.go.jp", name="広報 二郎")
    application = file(town, example(ONE_STAGE))
    (case,) = eventually(lambda: get(town, "/v1/cases", press, application_id=application))
    answer = post(
        town, f"/v1/cases/{case['id']}/decision", press, {"decision": "refuse", "reasons": "営利を主たる目的とするため。"}
    )
    assert answer.status_code == 200, answer.text
    eventually(lambda: status(town, application) == "refused", within=5)
    mail = eventually(lambda: town.mailbox.to("applicant@example.com")[1:])[0]
    assert "営利を主たる目的とするため。" in mail["text"]
    assert "審査請求をすることができます" in mail["text"]


def test_everything_is_well_while_nothing_waits(town: Town) -> None:
    health = get(town, "/health/ready")
    assert health["status"] == "ok", health
    assert set(health["services"]) == {"intake", "review", "notify", "opendata"}
