"""What the tests of webhooks have in common: a receiver on this machine, and a post that may call it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from services.notify.settings import Settings
from tests.notify.channels.parts import permissive, with_settings
from tests.notify.channels.receiver import Receiver, receiving
from tests.site import Site


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def settings(clean: Site, monkeypatch: pytest.MonkeyPatch) -> Settings:
    assert clean.broker_url
    return permissive(monkeypatch)


@pytest.fixture
def office(post_office: TestClient, settings: Settings) -> Iterator[TestClient]:
    with with_settings(post_office, settings):
        yield post_office
