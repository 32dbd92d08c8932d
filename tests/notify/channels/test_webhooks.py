"""Webhooks are signed as Standard Webhooks says, tried again for 76 hours, and lead nowhere but to their receiver."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notify.channels.webhooks import standing
from services.notify.channels.webhooks.carrier import BACKOFF, GONE, LONGEST_WAIT, WebhookCarrier, retry_after
from services.notify.settings import Settings
from shared.events import Agent, Applicant, ApplicationArrived, ApplicationReturned, CaseDecided, CaseOpened, Contact, Parties
from tests.bus.parts import PROCEDURE, arrived
from tests.notify.channels.parts import call, organisation_of, payload, permissive, registered, with_settings
from tests.notify.channels.receiver import Receiver, Taken
from tests.notify.channels.test_http import resolves_to
from tests.notify.parts import make_due, tell
from tests.site import Site, bearer


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


def an_arrival(site: Site, *, agent: str = "") -> ApplicationArrived:
    who = Applicant(organisation_id=organisation_of(site), name="窓口電機")
    if agent:
        who = who.model_copy(update={"agent": Agent(organisation_id=organisation_of(site, agent), name="代理人")})
    return arrived().model_copy(update={"applicant": who})


def deliveries(office: TestClient, key: str, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = office.get(f"/v1/webhooks/{webhook['id']}/deliveries", headers=bearer(key))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def wait_of(site: Site) -> float:
    return float(site.value("select extract(epoch from next_attempt_at - now()) from notify.message where channel = 'webhook'"))


def verified(taken: Taken, secret: str) -> Any:
    return Webhook(secret).verify(taken.body, taken.headers)


def test_a_call_is_signed_and_says_ids_and_states_and_nothing_personal(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    webhook = registered(office, key, receiver.url())
    event = an_arrival(clean)
    tell(clean, event)
    assert call(settings) == 1
    (taken,) = receiver.taken
    said = verified(taken, webhook["secret"])
    assert said == payload(taken.body)
    assert (said["type"], set(said)) == ("application.arrived", {"type", "timestamp", "data"})
    assert said["data"] == {
        "application_id": event.subject,
        "procedure": {"id": PROCEDURE.id, "version": PROCEDURE.version},
        "receipt_number": "R1",
        "arrival_number": "A1",
        "state": "arrived",
        "url": f"{settings.base_url}/v1/applications/{event.subject}",
    }
    for personal in ("secret@example.com", "窓口", "申請者の秘密"):
        assert personal not in taken.body.decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["secret"]).verify(taken.body + b" ", taken.headers)
    (log,) = deliveries(office, key, webhook)
    assert (log["id"], log["state"], log["attempts"]) == (taken.headers["webhook-id"], "delivered", 1)
    assert [one["answer"] for one in log["tries"]] == ["204 No Content"]
    assert "whsec_" not in str(clean.rows("select filling, options from notify.message"))


def test_a_webhook_hears_of_its_own_organisation_and_of_the_types_it_chose_once(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    registered(office, key, receiver.url(), "case.decided", "application.returned")
    other = clean.an_applicant("other@example.com", name="他社")
    registered(office, other, receiver.url("/200"))
    parties = Parties(organisation_id=organisation_of(clean))
    application, to = str(uuid4()), Contact(name="窓口 花子", email="secret@example.com")
    about = {"subject": application, "procedure": PROCEDURE, "parties": parties}
    case = {**about, "case_id": uuid4(), "arrival_number": "A1"}
    tell(
        clean,
        CaseOpened(**case, sequence=1, group="kinki", group_title="近畿", official=None),
        CaseDecided(**case, sequence=2, contact=to, decision="approve", partly=True, decided_at=datetime.now(UTC)),
        service="review",
    )
    tell(clean, an_arrival(clean), ApplicationReturned(**about, sequence=1, receipt_number="R1", contact=to, mends=[]))
    assert call(settings) == 2
    assert call(settings) == 0
    said = {payload(one.body)["type"]: payload(one.body)["data"]["state"] for one in receiver.taken}
    assert said == {"case.decided": "partly_approved", "application.returned": "returned"}
    assert {one.path for one in receiver.taken} == {"/204"}


def test_an_agent_hears_of_what_it_filed_while_its_mandate_is_in_force(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    agent = clean.an_applicant("agent@example.com", name="行政書士法人")
    registered(office, agent, receiver.url("/200"))
    registered(office, key, receiver.url("/204"))
    assert key
    tell(clean, an_arrival(clean, agent="agent@example.com"))
    call(settings)
    assert [one.path for one in receiver.taken] == ["/204"]
    clean.run(
        """
        insert into identity.mandate (id, principal_id, agent_id, agent_email, rights, starts_on, ends_on, accepted_at)
        values (gen_random_uuid(), :principal, :agent, 'agent@example.com', '{file}', current_date - 1, current_date + 1, now())
        """,
        principal=organisation_of(clean),
        agent=organisation_of(clean, "agent@example.com"),
    )
    tell(clean, an_arrival(clean, agent="agent@example.com"))
    call(settings)
    assert sorted(one.path for one in receiver.taken) == ["/200", "/204", "/204"]
    clean.run("update identity.mandate set ended_at = now()")
    tell(clean, an_arrival(clean, agent="agent@example.com"))
    call(settings)
    assert [one.path for one in receiver.taken].count("/200") == 1


def test_what_the_receiver_refuses_is_tried_ten_times_with_the_same_id_and_a_new_signature(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    webhook = registered(office, key, receiver.url("/500"))
    tell(clean, an_arrival(clean))
    waits = []
    for _ in range(len(BACKOFF) + 3):
        call(settings, lanes=1)
        waits.append(wait_of(clean))
        make_due(clean)
    (log,) = deliveries(office, key, webhook)
    assert (log["state"], log["attempts"], log["error"]) == ("failed", 10, "500 Internal Server Error")
    assert len(receiver.taken) == len(log["tries"]) == 10
    assert {one.headers["webhook-id"] for one in receiver.taken} == {log["id"]}
    assert all(verified(one, webhook["secret"]) for one in receiver.taken)
    assert all(0.7 * planned < wait < 1.3 * planned for planned, wait in zip(BACKOFF, waits, strict=False))
    assert 75 * 3600 < sum(BACKOFF) < 77 * 3600


@pytest.mark.parametrize(
    ("path", "says"), [("/301", "301 Moved Permanently"), ("/404", "404 Not Found"), ("/drip", "no answer: it took too long")]
)
def test_what_is_no_success_is_tried_again_later(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver, *, path: str, says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(WebhookCarrier, "timeout", 0.3)
    webhook = registered(office, key, receiver.url(path))
    tell(clean, an_arrival(clean))
    begun = time.monotonic()
    assert call(settings) == 0
    assert time.monotonic() - begun < 5
    (log,) = deliveries(office, key, webhook)
    assert (log["state"], log["error"], len(receiver.taken)) == ("deferred", says, 1)


def test_a_redirect_to_a_private_address_is_not_followed(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    receiver.answer = (307, {"location": receiver.url("/200")}, b"")
    webhook = registered(office, key, receiver.url("/answer"))
    tell(clean, an_arrival(clean))
    assert call(settings) == 0
    assert [one.path for one in receiver.taken] == ["/answer"]
    assert deliveries(office, key, webhook)[0]["error"] == "307 Temporary Redirect"


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1"])
def test_a_name_that_leads_inside_later_is_not_called(
    clean: Site, post_office: TestClient, key: str, receiver: Receiver, *, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    settings = permissive(monkeypatch, PRIVATE_NETWORKS="[]")
    with with_settings(post_office, settings):
        webhook = registered(post_office, key, receiver.url(host="hooks.example"))
    tell(clean, an_arrival(clean))
    resolves_to(monkeypatch, [address])
    assert call(settings) == 0
    (log,) = deliveries(post_office, key, webhook)
    assert (log["state"], log["attempts"]) == ("deferred", 1)
    assert "not one of the public internet" in log["error"]
    assert receiver.taken == []


def test_410_disables_the_webhook_and_cancels_what_waits(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    webhook = registered(office, key, receiver.url("/410"))
    tell(clean, an_arrival(clean), an_arrival(clean), an_arrival(clean))
    call(settings, lanes=1)
    assert len(receiver.taken) == 1
    shown = office.get(f"/v1/webhooks/{webhook['id']}", headers=bearer(key)).json()
    assert (shown["state"], shown["reason"]) == ("disabled", GONE)
    assert sorted(one["state"] for one in deliveries(office, key, webhook)) == ["cancelled", "cancelled", "failed"]
    tell(clean, an_arrival(clean))
    assert len(deliveries(office, key, webhook)) == 3
    refused = office.post(f"/v1/webhooks/{webhook['id']}/ping", headers=bearer(key))
    assert refused.status_code == 409
    # its owner mends the receiver, switches it on and has all of it told again
    path = f"/v1/webhooks/{webhook['id']}"
    changed = office.patch(path, json={"url": receiver.url("/200"), "state": "active"}, headers=bearer(key))
    assert (changed.status_code, changed.json()["state"], changed.json()["reason"]) == (200, "active", "")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert office.post(f"{path}/replay", json={"since": since}, headers=bearer(key)).json() == {"replayed": 3}
    assert call(settings) == 3


def test_after_a_rotation_both_secrets_sign_for_a_day(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    old = registered(office, key, receiver.url())
    path = f"/v1/webhooks/{old['id']}"
    new = office.post(f"{path}/rotation", headers=bearer(key)).json()
    assert new["secret"] != old["secret"]
    assert office.get(f"{path}/secret", headers=bearer(key)).json() == {"secret": new["secret"]}
    assert office.post(f"{path}/rotation", headers=bearer(key)).status_code == 409
    tell(clean, an_arrival(clean))
    call(settings)
    assert verified(receiver.taken[0], old["secret"]) == verified(receiver.taken[0], new["secret"])
    clean.run("update notify.webhook set rotated_at = now() - interval '25 hours'")
    tell(clean, an_arrival(clean))
    call(settings)
    assert verified(receiver.taken[1], new["secret"])
    with pytest.raises(WebhookVerificationError):
        verified(receiver.taken[1], old["secret"])


def test_retry_after_is_honoured_within_bounds(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert retry_after("120", now) == 120
    assert retry_after("Wed, 25 Nov 2026 12:01:00 GMT", now) == 60
    assert [retry_after(one, now) for one in ("", "soon", "-5", "Wed, 25 Nov 2020 12:01:00 GMT")] == [0, 0, 0, 0]
    assert retry_after("9" * 500, now) == LONGEST_WAIT
    receiver.answer = (429, {"retry-after": "3000"}, b"")
    registered(office, key, receiver.url("/answer"))
    tell(clean, an_arrival(clean))
    call(settings)
    assert 2900 < wait_of(clean) <= 3000


def test_a_receiver_that_hangs_holds_up_no_other(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WebhookCarrier, "timeout", 0.5)
    other = clean.an_applicant("other@example.com", name="他社")
    hanging = registered(office, other, receiver.url("/silent"))
    registered(office, key, receiver.url("/200"))
    them = Applicant(organisation_id=organisation_of(clean, "other@example.com"), name="他社")
    tell(clean, *(an_arrival(clean).model_copy(update={"applicant": them}) for _ in range(20)))
    tell(clean, an_arrival(clean))
    begun = time.monotonic()
    assert call(settings, lanes=1) == 1
    assert time.monotonic() - begun < 8  # twenty timeouts one after the other would take ten seconds
    log = deliveries(office, other, hanging)
    assert sum(one["attempts"] for one in log) == 1  # the others wait, and that was no try of theirs
    assert {one["state"] for one in log} == {"created", "deferred"}


def test_a_ping_and_a_replay_are_told_with_their_own_ids(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver
) -> None:
    assert clean.broker_url
    webhook = registered(office, key, receiver.url(), "case.decided")
    path = f"/v1/webhooks/{webhook['id']}"
    sent = office.post(f"{path}/ping", headers=bearer(key))
    assert sent.status_code == 202
    assert office.post(f"{path}/deliveries/{sent.json()['id']}/replay", headers=bearer(key)).status_code == 409
    assert call(settings) == 1
    assert office.post(f"{path}/deliveries/{sent.json()['id']}/replay", headers=bearer(key)).status_code == 202
    assert call(settings) == 1
    assert [payload(one.body)["type"] for one in receiver.taken] == ["ping", "ping"]
    assert {one.headers["webhook-id"] for one in receiver.taken} == {sent.json()["id"]}
    assert len(deliveries(office, key, webhook)[0]["tries"]) == 2
    assert office.post(f"{path}/deliveries/{uuid4()}/replay", headers=bearer(key)).status_code == 404


def test_owners_reach_their_own_webhooks_and_operators_all(clean: Site, office: TestClient, key: str, receiver: Receiver) -> None:
    webhook = registered(office, key, receiver.url())
    path = f"/v1/webhooks/{webhook['id']}"
    stranger, operator = clean.an_applicant("other@example.com"), clean.an_operator()
    official = clean.a_reviewer("kinki")
    for method, address in (("GET", path), ("DELETE", path), ("POST", f"{path}/ping"), ("GET", f"{path}/secret")):
        assert office.request(method, address, headers=bearer(stranger)).status_code == 404
        assert office.request(method, address, headers=bearer(official)).status_code == 403
        assert office.request(method, address).status_code == 401
    assert office.get("/v1/webhooks", headers=bearer(stranger)).json() == []
    shown = office.get("/v1/webhooks", headers=bearer(operator)).json()
    assert [(one["id"], one["owner_name"]) for one in shown] == [(webhook["id"], "株式会社窓口電機")]
    assert office.get(f"{path}/secret", headers=bearer(operator)).status_code == 403
    clean.run("update identity.account set rights = 'file' where id = :id", id=clean.account("applicant@example.com").id)
    office.app.state.callers.forget_all()  # type: ignore[attr-defined]
    assert office.get(path, headers=bearer(key)).status_code == 403
    assert office.delete(path, headers=bearer(operator)).status_code == 204
    assert office.get("/v1/webhooks", headers=bearer(operator)).json() == []


def test_what_must_not_be_called_cannot_be_registered(clean: Site, post_office: TestClient, key: str) -> None:
    assert clean.broker_url
    for url in (
        "http://example.com/",
        "https://127.0.0.1/",
        "https://example.com:22/",
        "https://u:p@example.com/",
        "ftp://x/",
        "",
    ):
        problem = registered(post_office, key, url, status=422)
        assert [one["pointer"] for one in problem["errors"]] == ["/url"], url
    assert [one["pointer"] for one in registered(post_office, key, "https://e.jp/", "all", status=422)["errors"]] == ["/types"]
    for number in range(20):
        registered(post_office, key, f"https://example.com/{number}")
    assert registered(post_office, key, "https://example.com/", status=409)["type"].endswith("conflict")


def test_a_quick_receiver_gets_a_burst_at_once_and_test_calls_are_limited(
    clean: Site, settings: Settings, office: TestClient, key: str, receiver: Receiver, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PATIENCE", "SLOW"):  # however busy the machine is
        monkeypatch.setattr(standing, name, 60.0)
    webhook = registered(office, key, receiver.url())
    tell(clean, *(an_arrival(clean) for _ in range(60)))
    assert call(settings, lanes=12) == 60  # in one turn: none is put off
    path = f"/v1/webhooks/{webhook['id']}/ping"
    answers = [office.post(path, headers=bearer(key)) for _ in range(11)]
    assert [one.status_code for one in answers] == [202] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "60"


def test_a_slow_receiver_has_a_few_calls_at_a_time_and_a_silent_one_rests_longer_and_longer() -> None:
    pace, slow, silent = standing.Pace(), uuid4(), uuid4()
    assert pace.begin(slow) == 0
    pace.end(slow, standing.SLOW + 1, answered=True)
    assert [pace.begin(slow) for _ in range(standing.AT_ONCE + 1)] == [0.0] * standing.AT_ONCE + [standing.SOON]
    assert [pace.begin(silent), pace.begin(silent)] == [0.0, 0.0]
    assert [pace.end(silent, 15.0, answered=False) for _ in range(2)] == [standing.REST, 0.0]  # the second began before
    assert 0 < pace.begin(silent) <= standing.REST
    pace._resting[silent] = (0.0, standing.REST)
    assert pace.begin(silent) == 0
    assert pace.end(silent, 15.0, answered=False) == standing.REST * 2
