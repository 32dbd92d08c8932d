"""A webhook that took nothing for as long as a message is tried is given up, and its owners hear of it."""

from __future__ import annotations

from fastapi.testclient import TestClient

from services.notify.channels.webhooks.carrier import BACKOFF
from services.notify.channels.webhooks.silence import SILENT
from services.notify.settings import Settings
from tests.notify.channels.parts import call, registered
from tests.notify.channels.receiver import Receiver
from tests.notify.channels.test_webhooks import an_arrival, deliveries
from tests.notify.parts import tell
from tests.site import Site, bearer

LAST_TRY = f"update notify.message set attempts = {len(BACKOFF)} where channel = 'webhook' and state = 'created'"


def _mails(site: Site) -> list[str]:
    return [row["template"] for row in site.rows("select template from notify.message where channel = 'email' order by id")]


def test_after_the_last_try_the_webhook_is_disabled_and_its_owner_told_once(
    clean: Site, settings: Settings, office: TestClient, receiver: Receiver
) -> None:
    key = clean.an_applicant()
    webhook = registered(office, key, receiver.url("/500"))
    tell(clean, an_arrival(clean), an_arrival(clean))
    clean.run(LAST_TRY)
    already = _mails(clean)
    call(settings, lanes=1)
    shown = office.get(f"/v1/webhooks/{webhook['id']}", headers=bearer(key)).json()
    assert (shown["state"], shown["reason"]) == ("disabled", SILENT)
    assert sorted(one["state"] for one in deliveries(office, key, webhook)) == ["cancelled", "failed"]
    assert _mails(clean)[len(already) :] == ["webhook-disabled"]


def test_a_receiver_that_took_anything_since_is_called_on(
    clean: Site, settings: Settings, office: TestClient, receiver: Receiver
) -> None:
    key = clean.an_applicant()
    webhook = registered(office, key, receiver.url("/500"))
    tell(clean, an_arrival(clean), an_arrival(clean))
    clean.run(LAST_TRY)
    clean.run(
        "update notify.message set state = 'delivered', completed_at = now() + interval '1 second' "
        "where id = (select max(id::text)::uuid from notify.message where channel = 'webhook')"
    )
    call(settings, lanes=1)
    shown = office.get(f"/v1/webhooks/{webhook['id']}", headers=bearer(key)).json()
    assert shown["state"] == "active"
    assert "webhook-disabled" not in _mails(clean)
