"""An owner keeps his webhooks in the browser; an operator sees those of all."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from services.notify.channels.webhooks.carrier import GONE
from services.notify.settings import Settings
from tests.notify.channels.parts import call
from tests.notify.channels.receiver import Receiver
from tests.notify.channels.test_webhooks import an_arrival, verified
from tests.notify.parts import tell
from tests.site import Site, bearer

PAGE = {"accept": "text/html", "origin": "http://testserver", "accept-language": "en"}


def test_an_owner_adds_tries_follows_and_removes_a_webhook(
    clean: Site, settings: Settings, office: TestClient, receiver: Receiver
) -> None:
    owner = PAGE | bearer(clean.an_applicant())
    wrong = office.post("/notify/webhooks", data={"url": "https://localhost:1/#x", "types": ["all"]}, headers=owner)
    assert wrong.status_code == 422
    assert 'id="url-error"' in wrong.text
    assert 'id="types-error"' in wrong.text
    assert 'value="https://localhost:1/#x"' in wrong.text
    sent = {"url": receiver.url("/500"), "types": ["application.arrived"], "description": "基幹システム <b>"}
    page = office.post("/notify/webhooks", data=sent, headers=owner)
    assert page.status_code == 200
    path = page.url.path
    assert "whsec_" not in page.text
    secret = re.search(r"whsec_[\w+/=]+", office.post(f"{path}/secret", headers=owner).text)
    assert secret
    tell(clean, an_arrival(clean))
    call(settings)
    assert verified(receiver.taken[0], secret[0])
    log = office.get(f"{path}?state=deferred", headers=owner).text
    assert "500 Internal Server Error" in log
    assert "&#34;state&#34;: &#34;arrived&#34;" in log or '"state": "arrived"' in log or "\\u0022state\\u0022" in log
    assert "500 Internal Server Error" not in office.get(f"{path}?state=failed", headers=owner).text
    office.post(path, data={**sent, "url": receiver.url("/410")}, headers=owner)
    assert "on its way" in office.post(f"{path}/ping", headers=owner).text
    call(settings)
    gone = office.get(path, headers=owner).text
    assert GONE in gone
    assert "/ping" not in gone
    office.post(path, data={**sent, "url": receiver.url("/204")}, headers=owner)
    assert "is called again" in office.post(f"{path}/state", data={"state": "active"}, headers=owner).text
    assert office.post(f"{path}/replay", data={"since": "tomorrow"}, headers=owner).status_code == 422
    assert "2 messages go out once more" in office.post(f"{path}/replay", data={"since": "2026-01-01"}, headers=owner).text
    assert call(settings) == 2
    assert "new secret" in office.post(f"{path}/rotation", headers=owner).text
    assert office.post(f"{path}/rotation", headers=owner).status_code == 409
    operator = PAGE | bearer(clean.an_operator())
    everybody = office.get("/notify/webhooks", headers=operator).text
    assert "株式会社窓口電機" in everybody
    assert "基幹システム &lt;b&gt;" in everybody
    assert "Show the secret" not in office.get(path, headers=operator).text
    assert office.post(f"{path}/secret", headers=operator).status_code == 403
    assert "There is nothing here" in office.post(f"{path}/removal", headers=owner).text
    assert office.get(path, headers=owner).status_code == 404


def test_who_does_not_own_the_organisation_and_other_sites_are_refused(clean: Site, office: TestClient) -> None:
    key = clean.an_applicant()
    clean.run("update identity.account set rights = 'file'")
    assert office.get("/notify/webhooks", headers=PAGE | bearer(key)).status_code == 403
    assert office.get("/notify/webhooks", headers=PAGE | bearer(clean.a_reviewer("kinki"))).status_code == 403
    elsewhere = PAGE | {"origin": "https://elsewhere.example"} | bearer(clean.an_applicant("other@example.com"))
    assert office.post("/notify/webhooks", data={"url": "https://example.com/"}, headers=elsewhere).status_code == 403
    signed_out = office.get("/notify/webhooks", headers=PAGE, follow_redirects=False)
    assert signed_out.headers["location"].startswith("/sign-in?next=")
