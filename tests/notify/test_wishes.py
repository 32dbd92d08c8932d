"""How people want to be told: what they say, and what follows of it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from services.notify.models import Preference
from services.notify.recipients.addresses import recipient_hash
from services.notify.recipients.telephones import MOST_A_DAY, MOST_TRIES, code_of
from services.notify.recipients.ways import ELECTRONIC, NO_CONSENT, Way, ways
from services.notify.settings import Settings
from services.notify.telling import digests
from services.notify.wording.rendering import Wordings
from shared.events import CaseDecided, CaseOpened, MessageTaken, SignInRequested
from shared.settings import load
from tests.notify.samples import CONTACT, OFFICIAL, an_event
from tests.notify.test_telling import mails, told
from tests.site import Site, bearer

HOME = ["100-0013", "東京都千代田区霞が関1-3-1", "窓口 花子 様"]
NIGHT = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)  # 23:00 in Japan
NOON = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def wish(email: str = "", **said: Any) -> Preference:
    key = recipient_hash(load(Settings).secret_key, email) if email else b""
    return Preference(recipient_hash=key, email=email, **said)


def put(post_office: TestClient, key: str, **wishes: Any) -> Any:
    return post_office.put("/v1/preferences", json=wishes, headers=bearer(key))


WAYS: list[tuple[dict[str, Any] | None, dict[str, Any], list[Way]]] = [
    (None, {}, [Way("email", "a")]),
    (None, {"official": True}, [Way("inbox", "a"), Way("email", "a")]),
    (None, {"official": True, "offered": ["email"]}, [Way("email", "a")]),
    ({"electronic": False}, {}, [Way("email", "a", why_not=NO_CONSENT)]),
    ({"electronic": False}, {"urgent": True}, [Way("email", "a")]),
    ({"electronic": False, "postal_address": HOME}, {"by_law": True}, [Way("letter", "\n".join(HOME))]),
    ({"channels": ["sms"], "phone": "+81901"}, {}, [Way("sms", "+81901")]),
    ({"channels": ["sms"], "phone": "+81901"}, {"offered": ["email"]}, [Way("email", "a")]),  # somehow he has to be told
    ({"channels": ["sms"], "phone_asked": "+81901"}, {}, [Way("email", "a")]),  # the number is not checked
    ({"postal_address": HOME}, {"offered": ["letter", "email"]}, [Way("letter", "\n".join(HOME)), Way("email", "a")]),
    ({"electronic": False, "postal_address": HOME}, {"carried": {"email"}}, [Way("email", "a", why_not=NO_CONSENT)]),
    ({"channels": []}, {"official": True}, [Way("inbox", "a")]),
    (
        {"digest_at": time(8)},
        {"official": True},
        [Way("inbox", "a"), Way("email", "a", datetime(2026, 11, 25, 23, 0, tzinfo=UTC), digest=True)],
    ),
    ({"digest_at": time(8)}, {"official": True, "by_law": True}, [Way("inbox", "a"), Way("email", "a")]),
]


@pytest.mark.parametrize(("said", "of", "expected"), WAYS)
def test_law_office_and_wish_choose_the_ways(said: dict[str, Any] | None, of: dict[str, Any], expected: list[Way]) -> None:
    assert ways("a", wish(**said) if said else None, NOON, **{"official": False, "offered": ELECTRONIC, **of}) == expected


QUIET = [
    (time(22), time(7), NIGHT, datetime(2026, 11, 25, 22, 0, tzinfo=UTC)),
    (time(22), time(7), NOON, None),
    (time(11), time(13), NOON, datetime(2026, 11, 25, 4, 0, tzinfo=UTC)),
    (time(13), time(11), NOON, None),
    (time(22), time(7), datetime(2026, 11, 25, 21, 59, 59, tzinfo=UTC), datetime(2026, 11, 25, 22, 0, tzinfo=UTC)),
    (time(22), time(7), datetime(2026, 11, 25, 22, 0, tzinfo=UTC), None),
]


@pytest.mark.parametrize(("begin", "end", "now", "until"), QUIET)
def test_quiet_hours_hold_what_can_wait_until_they_end(begin: time, end: time, now: datetime, until: datetime | None) -> None:
    said = wish(quiet_from=begin, quiet_to=end)
    assert [way.at for way in ways("a", said, now, official=False, by_law=True)] == [until]
    assert [way.at for way in ways("a", said, now, official=False, urgent=True)] == [None]


def test_without_consent_nothing_but_a_sign_in_goes_out_and_everybody_can_see_why(clean: Site) -> None:
    with clean.session("notify") as session:
        session.add(wish(CONTACT.email, electronic=False))
        decided, sign_in = an_event(CaseDecided), an_event(SignInRequested)
        written = {one.template: one for one in told(session, decided, sign_in)}
        assert (written["decided"].state, written["decided"].error) == ("cancelled", NO_CONSENT)
        assert written["decided"].completed_at is not None
        assert written["sign-in"].state == "created"


def test_a_letter_goes_to_the_postal_address_of_who_wants_no_mails(clean: Site) -> None:
    with clean.session("notify") as session:
        session.add(wish(CONTACT.email, electronic=False, postal_address=HOME))
        (letter,) = told(session, an_event(CaseDecided))
        assert (letter.channel, letter.recipient, letter.state) == ("letter", "\n".join(HOME), "created")


def test_an_official_is_told_in_his_language(clean: Site) -> None:
    with clean.session("notify") as session:
        session.add(wish(OFFICIAL.email, language="en"))
        (mail,) = mails(session, an_event(CaseOpened))
        assert mail.language == "en"
        assert mail.filling["procedure"].isascii()


def test_what_somebody_wishes_is_kept_and_he_hears_that_it_changed(clean: Site, post_office: TestClient) -> None:
    key = clean.an_applicant("a@example.com")
    before = post_office.get("/v1/preferences", headers=bearer(key)).json()
    assert (before["electronic"], before["channels"], before["consented_at"]) == (True, ["email"], None)
    wished = {"language": "en", "electronic": False, "postal_address": HOME, "quiet_from": "22:00", "quiet_to": "07:00"}
    assert put(post_office, key, **wished).status_code == 200
    now = post_office.get("/v1/preferences", headers=bearer(key)).json()
    assert now.items() >= {**wished, "quiet_from": "22:00:00", "quiet_to": "07:00:00"}.items()
    assert datetime.now(UTC) - datetime.fromisoformat(now["consented_at"]) < timedelta(minutes=1)
    (told_of,) = clean.rows("select recipient, template, urgent from notify.message")
    assert told_of == {"recipient": "a@example.com", "template": "preferences-changed", "urgent": True}


REFUSED = [
    ("/phone", {"phone": "12"}),
    ("/phone", {"phone": "090\01234-5678"}),
    ("/phone", {"channels": ["sms"]}),
    ("/quiet_to", {"quiet_from": "22:00"}),
    ("/quiet_to", {"quiet_from": "22:00", "quiet_to": "22:00"}),
    ("/digest_at", {"digest_at": "08:00"}),
    ("/channels", {"channels": []}),
    ("/channels/0", {"channels": ["letter"]}),
    ("/postal_address/0", {"postal_address": ["東京都", "東京都", "花子"]}),
    ("/postal_address/1", {"postal_address": ["1000013", "千代田区", "花子"]}),
    ("/postal_address/2", {"postal_address": ["1000013", "東京都千代田区", "花\0子"]}),
    ("/postal_address", {"postal_address": ["1000013", "東京都千代田区"]}),
    ("/language", {"language": "fr"}),
]


@pytest.mark.parametrize(("pointer", "wishes"), REFUSED)
def test_what_cannot_be_is_said_where_it_stands(clean: Site, post_office: TestClient, pointer: str, wishes: Any) -> None:
    answer = put(post_office, clean.an_applicant(), **wishes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not clean.value("select count(*) from notify.preference")


def test_officials_have_digests_and_need_no_consent(clean: Site, post_office: TestClient) -> None:
    key = clean.a_reviewer("kinki-bureau")
    assert put(post_office, key, digest_at="08:30", channels=[]).status_code == 200
    assert put(post_office, key, electronic=False).status_code == 422


def test_a_number_is_used_when_the_code_that_was_sent_there_came_back(clean: Site, post_office: TestClient) -> None:
    key = clean.an_applicant("a@example.com")
    put(post_office, key, channels=["sms"], phone="090-1234-5678")
    (check,) = clean.rows("select recipient, filling, urgent from notify.message where channel = 'sms'")
    code = code_of(load(Settings).secret_key, UUID(check["filling"]["code_id"]))
    assert re.fullmatch(r"\d{6}", code)
    assert code not in str(clean.rows("select * from notify.message")) + str(clean.rows("select * from notify.preference"))

    def confirm(written: str) -> int:
        return int(post_office.post("/v1/preferences/phone", json={"code": written}, headers=bearer(key)).status_code)

    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert [confirm(wrong) for _ in range(2)] == [422, 422]
    assert clean.value("select phone_tries from notify.preference") == 2
    assert confirm(code) == 200
    assert clean.value("select phone from notify.preference") == "+819012345678"
    assert confirm(code) == 409


def test_a_key_that_may_only_read_changes_nobodys_wishes(clean: Site, post_office: TestClient) -> None:
    key = clean.an_applicant("a@example.com")
    clean.run("update identity.api_key set rights = 'read'")
    assert put(post_office, key, electronic=False).status_code == 403
    ours = bearer(key) | {"origin": str(post_office.base_url)}
    assert post_office.post("/notify/preferences", data={"electronic": "no"}, headers=ours).status_code == 403
    assert post_office.get("/v1/preferences", headers=bearer(key)).status_code == 200
    assert not clean.value("select count(*) from notify.preference")


def test_who_guesses_at_many_codes_at_once_has_no_more_tries(clean: Site, post_office: TestClient) -> None:
    key = clean.an_applicant("a@example.com")
    put(post_office, key, channels=["sms"], phone="090-1234-5678")

    def confirm(guess: int) -> int:
        return int(post_office.post("/v1/preferences/phone", json={"code": f"x{guess}"}, headers=bearer(key)).status_code)

    with ThreadPoolExecutor(8) as hands:
        said = list(hands.map(confirm, range(16)))
    assert sorted(said) == [410] * (16 - MOST_TRIES) + [422] * MOST_TRIES


def test_codes_are_few_and_short_lived(clean: Site, post_office: TestClient) -> None:
    key = clean.an_applicant("a@example.com")

    def ask() -> int:
        return int(put(post_office, key, channels=["sms"], phone="090-1234-5678").status_code)

    def confirm(code: str) -> int:
        return int(post_office.post("/v1/preferences/phone", json={"code": code}, headers=bearer(key)).status_code)

    assert confirm("000000") == 409
    assert [ask(), ask()] == [200, 200]
    assert clean.value("select count(*) from notify.message where channel = 'sms'") == 1  # the first still works
    clean.run("update notify.preference set phone_tries = 5")
    assert confirm("000000") == 410
    clean.run("update notify.preference set phone_tries = 0, phone_sent_at = now() - interval '11 minutes'")
    assert confirm("000000") == 410
    for _ in range(MOST_A_DAY - 1):
        assert ask() == 200
        clean.run("update notify.preference set phone_sent_at = now() - interval '11 minutes'")
    assert ask() == 429


def test_what_waits_for_an_official_goes_as_one_mail_and_nothing_is_lost_or_doubled(clean: Site) -> None:
    settings = load(Settings)
    first, second = an_event(CaseOpened, arrival_number="A1"), an_event(MessageTaken, arrival_number="A2")
    with clean.session("notify") as session:
        session.add(wish(OFFICIAL.email, digest_at=time(8), language="ja"))
        told(session, first, second)
        session.commit()
    with clean.session("notify") as session:
        bind: Any = session.get_bind()
        assert not digests.merge_some(bind, Wordings(bind, settings))
        assert _states(clean) == {"case-opened": "created", "message": "created"}  # it is not eight yet
        clean.run("update notify.message set next_attempt_at = now() - interval '1 second' where digest")
        for _ in range(2):
            digests.merge_some(bind, Wordings(bind, settings))
    assert _states(clean) == {"case-opened": "merged", "message": "merged", "digest": "created"}
    (digest,) = clean.rows("select id, filling, digest from notify.message where template = 'digest'")
    assert [item.count("A1") + item.count("A2") for item in digest["filling"]["items"]] == [1, 1]
    assert not digest["digest"]
    assert clean.value("select count(*) from notify.message where merged_into = :id", id=digest["id"]) == 2


def test_a_digest_that_cannot_be_made_leaves_everything_as_it_was(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(Settings)
    with clean.session("notify") as session:
        session.add(wish(OFFICIAL.email, digest_at=time(8)))
        told(session, an_event(CaseOpened))
        session.commit()
        clean.run("update notify.message set next_attempt_at = now() - interval '1 second' where digest")
        monkeypatch.setattr(digests, "ring_after_commit", lambda *_: 1 / 0)
        bind: Any = session.get_bind()
        with pytest.raises(ZeroDivisionError):
            digests.merge_some(bind, Wordings(bind, settings))
    assert _states(clean) == {"case-opened": "created"}


def _states(site: Site) -> dict[str, str]:
    return {
        row["template"]: row["state"] for row in site.rows("select template, state from notify.message where channel = 'email'")
    }
