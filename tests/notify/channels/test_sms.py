"""Text messages reach a provider once, whatever gets lost on the way, and its receipts say what became of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from services.notify.channels.sms.carrier import NO_PROVIDER, SmsCarrier
from services.notify.recipients.phones import e164
from services.notify.settings import Settings
from services.notify.wording.rendering import Wordings
from tests.notify.channels.parts import permissive, with_settings
from tests.notify.channels.receiver import Receiver, receiving
from tests.notify.parts import make_due, write_to
from tests.site import Site, bearer


@pytest.fixture
def provider() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def sms_to(site: Site, number: str) -> None:
    """A message that an application arrived, as a text message."""
    write_to(site, "a@example.com")
    site.run("update notify.message set channel = 'sms', recipient = :number", number=number)


def send(settings: Settings) -> int:
    """What the errand does."""
    from services.notify.sending.sending import send_some
    from services.notify.tasks import engine

    return send_some(engine, "sms", SmsCarrier(settings, Wordings(engine, settings)))[0]


def the_message(site: Site) -> dict[str, Any]:
    (found,) = site.rows("select * from notify.message")
    return found


def test_numbers_are_written_as_providers_take_them() -> None:
    assert [e164(one) for one in ("090-1234-5678", "０８０ １２３４ ５６７８", "+81 90 1234 5678")] == [
        "+819012345678",
        "+818012345678",
        "+819012345678",
    ]
    for wrong in ("", "窓口", "12", "+81 90 1234", "090-1234-5678-9999", "0" * 60):
        with pytest.raises(ValueError, match="telephone"):
            e164(wrong)


def test_a_provider_gets_number_text_and_the_messages_id_as_its_key(
    clean: Site, monkeypatch: pytest.MonkeyPatch, provider: Receiver
) -> None:
    settings = permissive(monkeypatch, SMS_URL=provider.url("/200"), SMS_TOKEN="a-token", SMS_SENDER="MADOGUCHI")
    sms_to(clean, "090-1234-5678")
    assert send(settings) == 1
    (taken,) = provider.taken
    message = the_message(clean)
    assert (message["state"], message["error"]) == ("sent", None)
    assert taken.headers["authorization"] == "Bearer a-token"
    assert taken.headers["idempotency-key"] == str(message["id"])
    said = json.loads(taken.body)
    assert "到達" in said.pop("text")
    assert said == {"id": str(message["id"]), "to": "+819012345678", "from": "MADOGUCHI"}
    assert send(settings) == 0


@pytest.mark.parametrize(
    ("path", "state"), [("/400", "failed"), ("/422", "failed"), ("/429", "deferred"), ("/503", "deferred"), ("/401", "deferred")]
)
def test_what_the_provider_says_decides(
    clean: Site, monkeypatch: pytest.MonkeyPatch, provider: Receiver, *, path: str, state: str
) -> None:
    settings = permissive(monkeypatch, SMS_URL=provider.url(path))
    sms_to(clean, "090-1234-5678")
    assert send(settings) == 0
    assert the_message(clean)["state"] == state


def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_key(
    clean: Site, monkeypatch: pytest.MonkeyPatch, provider: Receiver
) -> None:
    provider.patience = 0.1  # then it hangs up
    sms_to(clean, "090-1234-5678")
    assert send(permissive(monkeypatch, SMS_URL=provider.url("/silent"))) == 0
    assert the_message(clean)["state"] == "deferred"
    make_due(clean)
    assert send(permissive(monkeypatch, SMS_URL=provider.url("/200"))) == 1
    assert len({one.headers["idempotency-key"] for one in provider.taken}) == 1


def test_without_a_provider_or_a_number_it_fails_and_says_why(
    clean: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sms_to(clean, "090-1234-5678")
    assert send(permissive(monkeypatch, SMS_URL="")) == 0
    assert (the_message(clean)["state"], the_message(clean)["error"]) == ("failed", NO_PROVIDER)
    clean.run("update notify.message set state = 'created', recipient = 'nobody'")
    make_due(clean)
    assert send(permissive(monkeypatch, SMS_URL=f"folder://{tmp_path}")) == 0
    assert "telephone" in the_message(clean)["error"]


def test_a_developer_finds_text_messages_in_a_folder(clean: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sms_to(clean, "090-1234-5678")
    assert send(permissive(monkeypatch, SMS_URL=f"folder://{tmp_path}/sms")) == 1
    (file,) = (tmp_path / "sms").iterdir()
    assert json.loads(file.read_text(encoding="utf-8"))["to"] == "+819012345678"


def test_receipts_say_what_became_of_it_to_whoever_knows_the_token(
    clean: Site, monkeypatch: pytest.MonkeyPatch, post_office: TestClient, tmp_path: Path
) -> None:
    settings = permissive(monkeypatch, SMS_URL=f"folder://{tmp_path}", SMS_RECEIPTS_TOKEN="known-to-both")
    sms_to(clean, "090-1234-5678")
    assert send(settings) == 1
    body = {"receipts": [{"id": str(the_message(clean)["id"]), "state": "failed", "reason": "no such subscriber"}]}
    path = "/notify/receipts/sms"
    assert post_office.post(path, json=body, headers=bearer("known-to-both")).status_code == 404  # none are taken
    with with_settings(post_office, settings):
        assert post_office.post(path, json=body).status_code == 401
        assert post_office.post(path, json=body, headers=bearer("guessed")).status_code == 401
        assert post_office.post(path, json=body, headers=bearer("known-to-both")).json() == {"taken": 1}
        message = the_message(clean)
        assert (message["state"], message["error"]) == ("bounced", "no such subscriber")
        late = {"receipts": [{"id": one, "state": "delivered"} for one in (str(message["id"]), str(uuid4()))]}
        assert post_office.post(path, json=late, headers=bearer("known-to-both")).json() == {"taken": 0}
    assert [one["outcome"] for one in clean.rows("select outcome from notify.attempt order by id")] == ["sent", "bounced"]
