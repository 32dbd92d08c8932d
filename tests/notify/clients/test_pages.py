"""The operators' pages of clients."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from notifications_python_client import NotificationsAPIClient
from notifications_python_client.errors import HTTPError

from tests.notify.clients.parts import Office, refusal
from tests.site import bearer


@pytest.fixture
def headers(office: Office) -> dict[str, str]:
    """An operator's browser."""
    return bearer(office.site.an_operator()) | {"accept": "text/html", "sec-fetch-site": "same-origin"}


def test_an_operator_makes_a_client_a_key_and_what_goes_with_it(
    office: Office, post_office: TestClient, headers: dict[str, str]
) -> None:
    made = post_office.post("/notify/clients", data={"name": "道路課"}, headers=headers)
    assert "道路課" in made.text
    here = str(made.url.path)
    again = post_office.post("/notify/clients", data={"name": "道路課"}, headers=headers)
    assert (again.status_code, "この名前のシステムはすでにあります" in again.text) == (409, True)
    shown = post_office.post(f"{here}/keys", data={"name": "prod", "kind": "normal"}, headers=headers)
    assert shown.headers["cache-control"] == "no-store"
    found = re.search(r"<code>(prod-[0-9a-f-]{73})</code>", shown.text)
    assert found is not None
    key = found[1]
    client = NotificationsAPIClient(key, base_url=office.url)
    assert client.get_all_templates() == {"templates": []}
    assert key not in post_office.get(here, headers=headers).text
    for what, entry in (
        ("addresses", {"address": "a@x.jp"}),
        ("senders", {"sender": "Doro"}),
        ("team", {"team": "b@x.jp\nc@x.jp"}),
    ):
        answer = post_office.post(f"{here}/{what}", data=entry, headers=headers)
        assert (answer.status_code, next(iter(entry.values())).split("\n")[0] in answer.text) == (200, True)
    post_office.post(f"{here}/limits", data={"daily": "7", "a_minute": "9", "trial": "true"}, headers=headers)
    row = office.site.rows("select daily_limit, trial, settings, team from notify.client where name = '道路課'")[0]
    assert (row["daily_limit"], row["trial"], row["settings"]["rate_limit"], row["team"]) == (7, True, 9, ["b@x.jp", "c@x.jp"])
    wrong = post_office.post(f"{here}/limits", data={"daily": "many", "a_minute": "9"}, headers=headers)
    assert wrong.status_code == 422
    key_id = office.site.value("select id from notify.client_key where name = 'prod'")
    ended = post_office.post(f"{here}/keys/{key_id}/revocation", headers=headers)
    assert "取消し済み" in ended.text
    archived = post_office.post(f"{here}/archive", headers=headers)
    assert "廃止" in archived.text
    assert office.site.value("select archived_at is not null from notify.client where name = '道路課'")


def test_an_operator_writes_a_template_and_a_new_version_of_it(
    office: Office, post_office: TestClient, headers: dict[str, str]
) -> None:
    here = f"/notify/clients/{office.id}/templates"
    assert "本文" in post_office.get(f"{here}/new", headers=headers).text
    text = {"name": "案内", "channel": "email", "subject": "件名", "body": "# ((title))\r\n\r\n((online??オンライン))"}
    made = post_office.post(here, data=text, headers=headers)
    assert made.status_code == 200
    assert "〔title〕" in made.text
    page = str(made.url.path)
    broken = post_office.post(page, data={"subject": "件名", "body": "((title"}, headers=headers)
    assert broken.status_code == 422
    assert "((title" in broken.text
    post_office.post(page, data={"subject": "新しい件名", "body": "((title)) です"}, headers=headers)
    client = office.client()
    seen = client.get_template(page.rpartition("/")[2])
    assert (seen["version"], seen["subject"], seen["body"]) == (2, "新しい件名", "((title)) です")
    other = Office.opened(office.site, office.url, "道路課")
    assert post_office.get(f"/notify/clients/{other.id}/templates/{seen['id']}", headers=headers).status_code == 404
    post_office.post(f"{page}/archive", headers=headers)
    assert seen["id"] not in [one["id"] for one in client.get_all_templates()["templates"]]
    with pytest.raises(HTTPError) as caught:
        client.send_email_notification("a@example.com", seen["id"], {"title": "x"})
    assert refusal(caught.value) == (400, "BadRequestError", "Template has been deleted")


def test_only_operators_see_clients(office: Office, post_office: TestClient) -> None:
    official = bearer(office.site.a_reviewer("kinki")) | {"accept": "text/html"}
    assert post_office.get("/notify/clients", headers=official).status_code == 403
    assert post_office.get(f"/notify/clients/{office.id}", headers=official).status_code == 403
    stranger = post_office.get("/notify/clients", headers={"accept": "text/html"}, follow_redirects=False)
    assert (stranger.status_code, stranger.headers["location"].startswith("/sign-in")) == (303, True)
