"""Clients by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from notifications_python_client import NotificationsAPIClient
from typer.testing import CliRunner

from deploy.cli import app
from deploy.one.demo_client import make_client
from tests.site import Site


@pytest.fixture
def run(clean: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """What runs a command against the site."""
    for name, value in clean.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MADOGUCHI_HOME", str(tmp_path / "none"))
    return CliRunner()


def said(run: CliRunner, *arguments: str, code: int = 0, text: str | None = None) -> str:
    found = run.invoke(app, ["clients", *arguments], input=text)
    assert found.exit_code == code, found.output
    return found.output.strip()


def test_a_client_made_by_commands_sends(run: CliRunner, server: str) -> None:
    assert "建築課: " in said(run, "add", "建築課")
    assert "There is a client with this name already" in said(run, "add", "建築課", code=1)
    key = said(run, "key", "add", "建築課", "prod", "--type", "test").splitlines()[-1]
    template = said(run, "template", "add", "建築課", "email", "案内", "-", text="件名 ((number))\n\n本文 ((name))\n")
    assert said(run, "template", "revise", "建築課", template, "-", text="件名\n((name)) 様").endswith("version 2")
    assert template in said(run, "template", "list", "建築課")
    said(run, "reply-to", "建築課", "answers@example.jp")
    said(run, "sender", "建築課", "Kenchiku")
    said(run, "team", "建築課", "a@example.jp", "b@example.jp")
    said(run, "limits", "建築課", "--daily", "10", "--a-minute", "60", "--trial")
    assert "10 messages a day, 60 requests a minute, on trial" in said(run, "list")
    client = NotificationsAPIClient(key, base_url=server)
    sent = client.send_email_notification("x@example.com", template, {"name": "花子"})
    assert (sent["content"]["subject"], sent["content"]["body"]) == ("件名", "花子 様")
    key_id = said(run, "key", "list", "建築課").split()[0]
    said(run, "key", "revoke", "建築課", key_id)
    assert "revoked" in said(run, "key", "list", "建築課")
    assert "no key with the id x" in said(run, "key", "revoke", "建築課", "x", code=1)
    assert "There is no client 道路課" in said(run, "team", "道路課", code=1)


def test_the_demo_has_one_client_however_often_it_is_started(clean: Site, server: str) -> None:
    from pydantic import SecretStr

    made = []
    for _ in range(2):
        with clean.session("notify") as session:
            made.append(make_client(session, SecretStr(clean.environment["MADOGUCHI_SECRET_KEY"])))
            session.commit()
    assert made[0] == made[1]
    client = NotificationsAPIClient(made[0], base_url=server)
    template = client.get_all_templates("email")["templates"][0]["id"]
    assert client.send_email_notification("hanako@example.com", template, {"name": "花子", "number": "A-1"})["id"]
    assert len(client.get_all_templates()["templates"]) == 2
