"""`madoguchi retention`: a plan changes nothing, a run does what it says, a hold keeps it back."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from tests.site import DENKI, Site


@pytest.fixture
def says(clean: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> object:
    """What a command says, and how it ended."""
    for name, value in clean.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["retention", *words, "--home", str(tmp_path)])
        return done.exit_code, re.sub(r" +", " ", done.output)

    return run


def test_plan_hold_run_and_report(clean: Site, says: object) -> None:
    command = says
    assert callable(command)
    key = clean.an_applicant()
    clean.file(key, 2, DENKI)
    clean.deliver_all()
    clean.run("update bus.event set time = now() - interval '40 days'")
    clean.run("""
        insert into identity.session (hash, account_id, expires_at)
        select '\\x01', id, now() - interval '3 days' from identity.account
    """)
    clean.run("update notify.message set state = 'sent', completed_at = now()")
    _, planned = command("plan")
    assert "intake bus.event.intake - 4 deleted" in planned
    assert "house identity.session - 1 deleted" in planned
    assert clean.value("select count(*) from bus.event") > 0
    assert command("report")[0] == 1
    code, held = command("hold", "procedure", DENKI, "--reason", "会計検査")
    assert code == 0, held
    assert DENKI in command("holds")[1]
    assert f"notify.message {DENKI} 2 held back" in command("plan", "--on", "2040-04-02")[1]
    code, done = command("run")
    assert (code, "intake bus.event.intake - 4 deleted" in done) == (0, True), done
    assert clean.value("select count(*) from bus.event") == 0
    assert clean.value("select count(*) from identity.session") == 0
    code, report = command("report")
    assert (code, "intake bus.event.intake - 4 deleted" in report) == (0, True), report
    hold_id = str(clean.value("select id from operation.hold"))
    assert command("release", hold_id, "--reason", "検査の終了")[0] == 0
    assert "Nothing is held" in command("holds")[1]
    assert clean.value("select count(*) from operation.act") == 2
