"""A certified OpenID Connect provider, really run, and a browser that goes through it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from deploy.one.ports import answers, free_ports
from tests.site import Site, eventually
from tests.web.conftest import ADDRESS, HTML

SOURCE = Path(__file__).parent / "provider"
CALLBACK = f"{ADDRESS}/sign-in/with/gbizid/callback"


@dataclass
class RunningProvider:
    """The provider's process, and whom it signs in next."""

    folder: Path
    port: int
    people: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with keys of its own: a restart changes them."""
        environment = {
            **os.environ,
            "PORT": str(self.port),
            "CLIENT_ID": "madoguchi",
            "CLIENT_SECRET": "s" * 40,
            "REDIRECT_URI": CALLBACK,
            "PEOPLE_FILE": str(self.folder / "people.json"),
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(["node", "provider.js"], cwd=self.folder, env=environment, stdout=log, stderr=log)
        eventually(lambda: answers(self.port), within=30)

    def stop(self) -> None:
        """End it."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def next_is(self, sub: str, claims: dict[str, str], *, refuse: bool = False) -> None:
        """Who signs in next, with these claims."""
        self.people[sub] = claims
        said = {"now": sub, "people": self.people, "refuse": refuse}
        (self.folder / "people.json").write_text(json.dumps(said), encoding="utf-8")


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    """One provider for the test process; its packages are those of package-lock.json."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.fail("these tests need node and npm")
    folder = tmp_path_factory.mktemp("provider")
    for name in ("package.json", "package-lock.json", "provider.js"):
        shutil.copy(SOURCE / name, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    running = RunningProvider(folder, free_ports(1)[0])
    running.next_is("nobody", {})
    running.start()
    yield running
    running.stop()


@dataclass
class Browser:
    """One browser: its cookies here and at the provider."""

    here: TestClient
    provider: RunningProvider

    def begin(self, goal: str = "") -> str:
        """Press the button; the provider's address that it leads to."""
        answer = self.here.get("/sign-in/with/gbizid", params={"next": goal} if goal else {})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def at_provider(self, address: str) -> str:
        """Sign in at the provider; the path and query of our own that it leads back to."""
        with closing(httpx.Client()) as there:
            for _ in range(8):
                address = str(httpx.URL(self.provider.issuer).join(there.get(address).headers["location"]))
                if address.startswith(CALLBACK):
                    parts = urlsplit(address)
                    return f"{parts.path}?{parts.query}"
        raise AssertionError(f"the provider did not lead back, but to {address}")

    def sign_in(self, goal: str = "") -> httpx.Response:
        """The whole way; the answer of our callback."""
        answer: httpx.Response = self.here.get(self.at_provider(self.begin(goal)))
        return answer


@pytest.fixture
def browsers(clean: Site, provider: RunningProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes browsers; each has its own application process, as it were."""
    from services.intake.app import create_app

    assert clean.broker_url
    secret = provider.folder / "secret"
    secret.write_text("s" * 40, encoding="utf-8")
    known = {
        "id": "gbizid", "title": "GビズID", "issuer": provider.issuer, "client_id": "madoguchi", "secret_file": str(secret),
        "rules": "gbizid",
    }  # fmt: skip
    monkeypatch.setenv("MADOGUCHI_SIGN_IN_PROVIDERS", json.dumps([known]))
    monkeypatch.setenv("MADOGUCHI_BASE_URL", ADDRESS)
    made: list[TestClient] = []

    def browser() -> Browser:
        client = TestClient(create_app(), base_url=ADDRESS, headers={"accept": HTML, "origin": ADDRESS}, follow_redirects=False)
        made.append(client.__enter__())
        return Browser(made[-1], provider)

    yield browser
    for client in made:
        client.__exit__(None, None, None)
