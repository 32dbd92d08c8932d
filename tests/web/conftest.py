"""Browsers for tests without a browser: clients that keep cookies and send forms as our own pages would."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from shared.identity.callers import link_secret
from tests.site import Site

ADDRESS = "https://testserver"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

Open = Callable[[Callable[[], FastAPI]], TestClient]


@pytest.fixture
def open_pages(clean: Site) -> Iterator[Open]:
    """Opens an application as a browser sees it; called again it gives another browser."""
    assert clean.broker_url
    with ExitStack() as stack:

        def opened(create_app: Callable[[], FastAPI]) -> TestClient:
            headers = {"accept": HTML, "origin": ADDRESS}
            return stack.enter_context(TestClient(create_app(), base_url=ADDRESS, headers=headers, follow_redirects=False))

        yield opened


@pytest.fixture
def counter_pages(open_pages: Open) -> TestClient:
    """The counter's pages."""
    from services.intake.app import create_app

    return open_pages(create_app)


@pytest.fixture
def desk_pages(open_pages: Open) -> TestClient:
    """The desk's pages."""
    from services.review.app import create_app

    return open_pages(create_app)


@pytest.fixture
def console_pages(open_pages: Open) -> TestClient:
    """The console's pages."""
    from deploy.console.app import create_app

    return open_pages(create_app)


def secret_of(link: UUID) -> str:
    """The secret that the mail of a link holds."""
    return link_secret(SecretStr(os.environ["MADOGUCHI_SECRET_KEY"]), link)


def ask_for_link(client: TestClient, site: Site, email: str) -> dict[str, str]:
    """Ask for a link: what the form behind it sends."""
    assert client.post("/sign-in", data={"email": email}).status_code == 200
    link = site.value("select id from identity.sign_in_link order by created_at desc limit 1")
    return {"link": str(link), "secret": secret_of(link)}
