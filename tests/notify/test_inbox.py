"""The inbox of an official."""

from __future__ import annotations

from fastapi.testclient import TestClient

from services.notify.models import Preference
from services.notify.recipients.addresses import recipient_hash
from services.notify.settings import Settings
from shared.events import CaseDecided, CaseOpened, MessageTaken
from shared.settings import load
from tests.notify.samples import CONTACT, OFFICIAL, an_event
from tests.notify.test_telling import told
from tests.retention.parts import NOTIFY, purged
from tests.site import Site, bearer


def test_what_an_official_is_told_lies_in_his_inbox_at_once_until_he_reads_it(clean: Site, post_office: TestClient) -> None:
    mine, other = clean.a_reviewer("kinki-bureau", email=OFFICIAL.email.upper()), clean.a_reviewer("kinki-bureau")
    opened, taken = an_event(CaseOpened, arrival_number="A1"), an_event(MessageTaken)
    with clean.session("notify") as session:
        told(session, opened, taken)
        session.commit()

    def unread(key: str) -> int:
        return int(post_office.get("/v1/inbox/unread", headers=bearer(key)).json()["unread"])

    assert (unread(mine), unread(other)) == (2, 0)
    newest, first = post_office.get("/v1/inbox", headers=bearer(mine)).json()
    assert "A1" in first["says"]
    assert first["link"].endswith(f"/desk/cases/{opened.case_id}")
    older = post_office.get("/v1/inbox", params={"before": newest["id"]}, headers=bearer(mine)).json()
    assert [one["id"] for one in older] == [first["id"]]
    read = {"json": {"ids": [first["id"]]}}
    assert post_office.post("/v1/inbox/read", **read, headers=bearer(other)).status_code == 204
    assert unread(mine) == 2
    assert post_office.post("/v1/inbox/read", **read, headers=bearer(mine)).status_code == 204
    assert unread(mine) == 1
    assert [one["id"] for one in post_office.get("/v1/inbox", params={"unread": True}, headers=bearer(mine)).json()] == [
        newest["id"]
    ]
    assert post_office.get("/v1/inbox", headers=bearer(clean.an_applicant())).status_code == 403


def test_opening_a_message_leads_to_its_thing_and_marks_it_as_read(clean: Site, post_office: TestClient) -> None:
    key = clean.a_reviewer("kinki-bureau", email=OFFICIAL.email)
    event = an_event(CaseOpened)
    with clean.session("notify") as session:
        told(session, event)
        session.commit()
    page = post_office.get("/notify/inbox", headers=bearer(key)).text
    (row,) = clean.rows("select id, state from notify.message where channel = 'inbox'")
    assert row["state"] == "delivered"
    assert f"/notify/inbox/{row['id']}" in page
    answer = post_office.get(f"/notify/inbox/{row['id']}", headers=bearer(key), follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/desk/cases/{event.case_id}")
    assert clean.value("select read_at is not null from notify.message where channel = 'inbox'")
    other = clean.a_reviewer("kinki-bureau")
    assert post_office.get(f"/notify/inbox/{row['id']}", headers=bearer(other), follow_redirects=False).status_code == 404


def test_the_inbox_forgets_after_its_time(clean: Site) -> None:
    with clean.session("notify") as session:
        told(session, an_event(CaseOpened))
        session.commit()
    purged(NOTIFY)
    assert clean.value("select count(*) from notify.message where channel = 'inbox'") == 1
    clean.run("update notify.message set created_at = now() - interval '91 days', completed_at = now() - interval '91 days'")
    purged(NOTIFY)
    assert clean.rows("select channel from notify.message") == [{"channel": "email"}]


def test_the_office_sees_what_reached_nobody_and_why(clean: Site, post_office: TestClient) -> None:
    mine, other = clean.a_reviewer("kinki-bureau", email="a@example.go.jp"), clean.a_reviewer("press", email="b@example.go.jp")
    with clean.session("notify") as session:
        session.add(
            Preference(
                recipient_hash=recipient_hash(load(Settings).secret_key, CONTACT.email), email=CONTACT.email, electronic=False
            )
        )
        told(session, an_event(CaseDecided, group="kinki-bureau", arrival_number="A77"))
        session.commit()
    language = {"accept-language": "ja"}
    page = post_office.get("/notify/inbox/untold", headers=bearer(mine) | language).text
    assert "A77" in page
    assert "書面で送ってください" in page
    assert "A77" not in post_office.get("/notify/inbox/untold", headers=bearer(other) | language).text
