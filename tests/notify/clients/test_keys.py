"""Who may send, how much and to whom; and what becomes of what is sent with keys for tests."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from notifications_python_client import NotificationsAPIClient
from notifications_python_client.errors import HTTPError

from tests.notify.clients.parts import Office, refusal
from tests.notify.parts import send

VALUES = {"name": "花子", "number": "A-1"}


def refused(client: NotificationsAPIClient) -> tuple[int, str, str]:
    with pytest.raises(HTTPError) as caught:
        client.get_all_templates()
    return refusal(caught.value)


def test_the_secret_of_a_key_lies_in_no_table(office: Office) -> None:
    key = office.key()
    assert key.startswith(f"normal-{office.id}-")
    rows = office.site.rows("select * from notify.client_key") + office.site.rows("select * from notify.client")
    assert key[-36:] not in str(rows)


def test_a_wrong_secret_a_revoked_key_and_an_archived_or_unknown_client_are_told(office: Office) -> None:
    key = office.key()
    good = NotificationsAPIClient(key, base_url=office.url)
    assert good.get_all_templates()["templates"]
    wrong = NotificationsAPIClient(key[:-1] + ("0" if key[-1] != "0" else "1"), base_url=office.url)
    assert refused(wrong) == (403, "AuthError", "Invalid token: API key not found")
    stranger = NotificationsAPIClient(f"x-00000000-0000-4000-8000-000000000000-{key[-36:]}", base_url=office.url)
    assert refused(stranger) == (403, "AuthError", "Invalid token: service not found")
    other = NotificationsAPIClient(Office.opened(office.site, office.url, "道路課").key(), base_url=office.url)
    other.service_id = str(office.id)  # another client's secret opens nothing here
    assert refused(other) == (403, "AuthError", "Invalid token: API key not found")
    office.revoke_all()
    assert refused(good) == (403, "AuthError", "Invalid token: API key revoked")
    office.site.run("update notify.client set archived_at = now()")
    assert refused(good) == (403, "AuthError", "Invalid token: service is archived")


CLOCK = "Error: Your system clock must be accurate to within 30 seconds"


@pytest.mark.parametrize(
    ("claims", "algorithm", "status", "text"),
    [
        ({"iat": -60}, "HS256", 403, CLOCK),
        ({"iat": 60}, "HS256", 403, CLOCK),
        ({"iat": -20}, "HS256", 200, ""),
        ({"iat": 20}, "HS256", 200, ""),
        ({}, "HS256", 403, "Invalid token: iat field not provided"),
        ({"iat": 0}, "HS512", 403, "Invalid token: algorithm used is not HS256"),
        ({"iat": 0, "iss": None}, "HS256", 403, "Invalid token: iss field not provided"),
        ({"iat": 0, "iss": "five"}, "HS256", 403, "Invalid token: service id is not the right data type"),
    ],
)
def test_a_token_is_good_for_half_a_minute_and_says_who_it_is_from(
    office: Office, claims: dict[str, Any], algorithm: str, status: int, text: str
) -> None:
    client = office.client()
    said = {"iss": str(office.id)} | claims
    if "iat" in said:
        said["iat"] += int(time.time())
    said = {name: value for name, value in said.items() if value is not None}
    secret = client.api_key if algorithm == "HS256" else client.api_key * 2
    token = jwt.encode(said, secret, algorithm)
    answer = client.request_session.get(f"{office.url}/v2/templates", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status
    if text:
        assert answer.json() == {"status_code": status, "errors": [{"error": "AuthError", "message": text}]}


@pytest.mark.parametrize(
    ("header", "status", "text"),
    [
        (None, 401, "Unauthorized: authentication token must be provided"),
        ("Basic x", 401, "Unauthorized: authentication bearer scheme must be used"),
        ("Bearer x", 403, "Invalid token: make sure your API token matches the example at "),
        ("Bearer a.b.c", 403, "Invalid token: make sure your API token matches the example at "),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", 403, "Invalid token: algorithm used is not HS256"),
    ],
)
def test_what_is_no_token_is_told(office: Office, header: str | None, status: int, text: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = office.client().request_session.get(f"{office.url}/v2/templates", headers=headers)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["error"]) == (status, "AuthError")
    assert error["message"].startswith(text)


def test_a_test_key_sends_nothing_and_ends_as_its_recipient_says(office: Office) -> None:
    client, template = office.client("test"), str(office.templates["email"])
    wanted = {
        "anybody@example.com": "delivered",
        "temp-fail@simulator.notify": "temporary-failure",
        "perm-fail@simulator.notify": "permanent-failure",
    }
    sent = {address: client.send_email_notification(address, template, VALUES)["id"] for address in wanted}
    assert {address: client.get_notification_by_id(one)["status"] for address, one in sent.items()} == wanted
    sms = {
        number: client.send_sms_notification(number, str(office.templates["sms"]), VALUES)["id"]
        for number in ("07700900003", "07700900002")
    }
    assert [client.get_notification_by_id(one)["status"] for one in sms.values()] == ["temporary-failure", "permanent-failure"]
    found = client.get_all_notifications(status="failed")["notifications"]
    assert len(found) == 4
    assert send("smtp://127.0.0.1:9") == 0
    # a list shows what was sent with keys of the same type
    assert office.client().get_all_notifications()["notifications"] == []


def test_addresses_for_trying_out_get_nothing_with_any_key(office: Office) -> None:
    client = office.client()
    address = "simulate-delivered-2@notifications.service.gov.uk"
    sent = client.send_email_notification(address, str(office.templates["email"]), VALUES)
    assert client.get_notification_by_id(sent["id"])["status"] == "delivered"
    assert send("smtp://127.0.0.1:9") == 0


STANDINGS = [
    ("email", "sent", None, "delivered"),
    ("sms", "sent", None, "sending"),
    ("sms", "delivered", None, "delivered"),
    ("email", "deferred", "450 busy", "sending"),
    ("email", "unknown", "the connection broke", "pending"),
    ("email", "bounced", "5.1.1 no such user", "permanent-failure"),
    ("email", "failed", "550 5.1.1 never", "permanent-failure"),
    ("email", "failed", "451 4.7.1 later", "temporary-failure"),
    ("email", "failed", "no connection: TimeoutError", "temporary-failure"),
    ("email", "failed", "the recipient is suppressed: bounce", "permanent-failure"),
    ("email", "failed", "the mail cannot be made: KeyError", "technical-failure"),
    ("sms", "failed", "400 no such number", "permanent-failure"),
    ("sms", "failed", "503 busy", "temporary-failure"),
    ("sms", "failed", None, "technical-failure"),
    ("letter", "sent", None, "accepted"),
    ("letter", "delivered", None, "received"),
    ("email", "cancelled", "an operator did", "cancelled"),
]


def test_each_state_has_its_status_and_is_found_by_it(office: Office) -> None:
    client = office.client()
    sent = client.send_email_notification("a@example.com", str(office.templates["email"]), VALUES)["id"]
    for channel, state, error, status in STANDINGS:
        change = "update notify.message set channel = :channel, state = :state, error = :error"
        office.site.run(change, channel=channel, state=state, error=error)
        assert client.get_notification_by_id(sent)["status"] == status, (channel, state, error)
        assert [one["id"] for one in client.get_all_notifications(status=[status])["notifications"]] == [sent]


def test_a_team_key_and_a_client_on_trial_write_to_the_team_only(office: Office) -> None:
    office.change(team=["Team@Example.com", "+81 90-1234-5678"])
    email, sms = str(office.templates["email"]), str(office.templates["sms"])
    team = office.client("team")
    assert team.send_email_notification("team@example.com", email, VALUES)["id"]
    assert team.send_sms_notification("090-1234-5678", sms, VALUES)["id"]
    with pytest.raises(HTTPError) as caught:
        team.send_email_notification("other@example.com", email, VALUES)
    assert refusal(caught.value) == (400, "BadRequestError", "Can’t send to this recipient using a team-only API key")
    live = office.client()
    assert live.send_email_notification("other@example.com", email, VALUES)["id"]
    office.change(trial=True)
    assert live.send_email_notification("team@example.com", email, VALUES)["id"]
    with pytest.raises(HTTPError) as caught:
        live.send_email_notification("other@example.com", email, VALUES)
    assert refusal(caught.value)[2].startswith("Can’t send to this recipient when service is in trial mode")


def test_over_its_limits_a_client_is_told_so(office: Office) -> None:
    office.change(daily_limit=2)
    client, test, template = office.client(), office.client("test"), str(office.templates["email"])
    for number in range(2):
        client.send_email_notification(f"{number}@example.com", template, VALUES)
    with pytest.raises(HTTPError) as caught:
        client.send_email_notification("3@example.com", template, VALUES)
    assert refusal(caught.value) == (429, "TooManyRequestsError", "Exceeded send limits (2) for today")
    assert test.send_email_notification("3@example.com", template, VALUES)["id"]  # those do not count
    office.change(settings={"rate_limit": 2})
    hasty = office.client()
    assert [hasty.get_all_templates()["templates"] != [] for _ in range(2)] == [True, True]
    assert refused(hasty) == (429, "RateLimitError", "Exceeded rate limit for key type LIVE of 2 requests per 60 seconds")
    assert office.client("team").get_all_templates()  # each key for itself
