"""The real parts every test runs on: PostgreSQL and a broker, migrated and with the shipped procedures in force."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.machine import Machine
from tests.site import PROCEDURES, Site, running_site

# The tests start dozens of Python processes. Without this each compiles all it loads anew, where an environment says so.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With several processes, a file's tests stay in one of them: they share the servers and workers they start."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """One database and one broker for each test process, prepared as in production."""
    with running_site() as made:
        os.environ.update(made.environment)
        made.publish_procedures(PROCEDURES)
        yield made


@pytest.fixture
def clean(site: Site) -> Site:
    """The site with nothing filed and nothing waiting."""
    site.empty()
    return site


@pytest.fixture(scope="module")
def machine(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Processes beside the site's servers: workers, beat, a mailbox, the web; all ended after the file's tests."""
    folder: Path = tmp_path_factory.mktemp("machine")
    with Machine(site, folder) as made:
        yield made


# The clients that tests have in common.
_SHARED: list[TestClient] = []


@pytest.fixture(autouse=True)
def no_cookies() -> Iterator[None]:
    """What a test chose on the pages, such as a language, is not the next one's."""
    yield
    for client in _SHARED:
        client.cookies.clear()


@pytest.fixture(scope="session")
def counter(site: Site) -> Iterator[TestClient]:
    """The counter over HTTP."""
    from services.intake.app import create_app

    assert site.broker_url
    with TestClient(create_app()) as client:
        _SHARED.append(client)
        yield client


@pytest.fixture(scope="session")
def desk(site: Site) -> Iterator[TestClient]:
    """The desk over HTTP."""
    from services.review.app import create_app

    assert site.broker_url
    with TestClient(create_app()) as client:
        _SHARED.append(client)
        yield client


@pytest.fixture(scope="session")
def post_office(site: Site) -> Iterator[TestClient]:
    """The post over HTTP."""
    from services.notify.app import create_app

    assert site.broker_url
    with TestClient(create_app()) as client:
        _SHARED.append(client)
        yield client


@pytest.fixture(scope="session")
def window(site: Site) -> Iterator[TestClient]:
    """The shop window over HTTP."""
    from services.opendata.app import create_app

    assert site.broker_url
    with TestClient(create_app()) as client:
        _SHARED.append(client)
        yield client
