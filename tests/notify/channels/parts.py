"""Webhooks to call, and the errand that calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from services.notify.settings import Settings
from shared.settings import load
from tests.site import Site, bearer

OPEN = {"PRIVATE_NETWORKS": '["127.0.0.0/8"]', "PLAIN_HTTP": "true", "PORTS_CALLED": "[]"}


def permissive(monkeypatch: pytest.MonkeyPatch, **more: str) -> Settings:
    """Settings under which a receiver on this machine may be called."""
    for name, value in {**OPEN, **more}.items():
        monkeypatch.setenv(f"MADOGUCHI_NOTIFY_{name}", value)
    return load(Settings)


@contextmanager
def with_settings(office: TestClient, settings: Settings) -> Iterator[TestClient]:
    """The post's application with other settings."""
    app: Any = office.app
    before, app.state.settings = app.state.settings, settings
    try:
        yield office
    finally:
        app.state.settings = before


def organisation_of(site: Site, email: str = "applicant@example.com") -> UUID:
    """The organisation of an account."""
    found = site.account(email).organisation_id
    assert found is not None
    return found


def registered(office: TestClient, key: str, url: str, *types: str, status: int = 201) -> dict[str, Any]:
    """What registering a webhook answers."""
    answer = office.post("/v1/webhooks", json={"url": url, "types": list(types)}, headers=bearer(key))
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made


def call(settings: Settings, *, lanes: int = 4) -> int:
    """What the errand does. How many were delivered."""
    from services.notify.channels.webhooks.carrier import WebhookCarrier
    from services.notify.channels.webhooks.standing import Pace
    from services.notify.sending.sending import send_some
    from services.notify.tasks import engine

    pace = Pace()
    return send_some(engine, "webhook", *(WebhookCarrier(settings, engine, pace) for _ in range(lanes)))[0]


def payload(body: bytes) -> dict[str, Any]:
    """The body of a call."""
    read: dict[str, Any] = json.loads(body)
    return read
