"""The post behind a real HTTP server, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn

from deploy.one.ports import LOOPBACK, free_ports
from tests.notify.clients.parts import Office
from tests.site import Site, eventually


@pytest.fixture(scope="session")
def server(site: Site) -> Iterator[str]:
    """The post's address."""
    from services.notify.app import create_app

    assert site.broker_url
    port = free_ports(1)[0]
    running = uvicorn.Server(uvicorn.Config(create_app(), host=LOOPBACK, port=port, log_level="warning", access_log=False))
    thread = Thread(target=running.run, daemon=True)
    thread.start()
    eventually(lambda: running.started)
    yield f"http://{LOOPBACK}:{port}/notify"
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def office(clean: Site, server: str) -> Office:
    """An office whose system sends its own messages."""
    return Office.opened(clean, server)
