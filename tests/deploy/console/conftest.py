"""The console as a signed-in operator sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.site import Site, bearer

ADDRESS = "https://testserver"
ENGLISH = {"accept": "text/html", "accept-language": "en", "origin": ADDRESS}


@pytest.fixture(scope="session")
def console_app(site: Site) -> Iterator[TestClient]:
    """The console, for nobody yet."""
    from deploy.console.app import create_app

    assert site.broker_url
    with TestClient(create_app(), base_url=ADDRESS, headers=ENGLISH, follow_redirects=False) as client:
        yield client


@pytest.fixture
def console(clean: Site, console_app: TestClient) -> TestClient:
    """The console, for the operator operator@example.go.jp."""
    console_app.cookies.clear()
    console_app.headers.update(bearer(clean.an_operator()))
    return console_app
