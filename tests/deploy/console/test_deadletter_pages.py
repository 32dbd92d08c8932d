"""Dead letters on the console's pages: edited, replayed, discarded; each noted under the operator's name."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from tests.bus.parts import announce, arrived
from tests.site import Site


@pytest.fixture
def letter(clean: Site) -> UUID:
    """An event that is dead to the post and to the desk."""
    (event,) = announce(clean, arrived())
    clean.run("update bus.delivery set state = 'dead', error = 'KeyError: x' where service in ('notify', 'review')")
    return event


def states(site: Site) -> dict[str, str]:
    return {row["subscriber"]: row["state"] for row in site.rows("select subscriber, state from bus.delivery")}


def test_a_letter_is_edited_and_replayed_to_one_subscriber(console: TestClient, letter: UUID, clean: Site) -> None:
    page = f"/console/dead-letters/{letter}"
    data = clean.value("select data from bus.event where id = :id", id=letter)
    broken = console.post(f"{page}/data", data={"data": json.dumps(data | {"arrived_at": "soon"}), "reason": "of need"})
    assert broken.status_code == 422
    assert "/data/arrived_at" in broken.text
    assert "soon" in broken.text
    mended = json.dumps(data | {"arrival_number": "A2"})
    assert "Enter this; it is required" in console.post(f"{page}/data", data={"data": mended, "reason": ""}).text
    assert console.post(f"{page}/data", data={"data": mended, "reason": "of need"}).headers["location"] == f"{page}?done=edited"
    assert "&#34;A2&#34;" in console.get(page).text
    assert console.post(page, data={"subscriber": "notify.tell"}).status_code == 303
    assert (states(clean)["notify.tell"], states(clean)["review.open_case"]) == ("waiting", "dead")
    noted = clean.rows("select act, name, reason from operation.act order by id")
    assert [one["act"] for one in noted] == ["dead-letter.shown", "dead-letter.edited", "dead-letter.replayed"]
    assert {one["name"] for one in noted} == {clean.value("select name from identity.account where role = 'operator'")}


def test_a_letter_is_discarded_with_a_reason_and_the_rest_replayed_at_once(
    console: TestClient, letter: UUID, clean: Site
) -> None:
    page = f"/console/dead-letters/{letter}/discard"
    assert console.post(page, data={"subscriber": "notify.tell"}).status_code == 422
    assert console.post(page, data={"subscriber": "notify.tell", "reason": "told by hand"}).status_code == 303
    assert console.post("/console/dead-letters", data={"subscriber": ""}).headers["location"].endswith("count=1")
    assert (states(clean)["notify.tell"], states(clean)["review.open_case"]) == ("discarded", "waiting")


def test_another_site_cannot_discard_and_neither_can_an_official(console: TestClient, letter: UUID, clean: Site) -> None:
    page, sent = f"/console/dead-letters/{letter}/discard", {"reason": "told by hand"}
    assert console.post(page, data=sent, headers={"origin": "https://evil.example"}).status_code == 403
    official = {"authorization": f"Bearer {clean.a_reviewer('kinki-bureau')}"}
    assert console.post(page, data=sent, headers=official).status_code == 403
    assert set(states(clean).values()) == {"waiting", "dead"}
