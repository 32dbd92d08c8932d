"""`madoguchi messages`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from tests.notify.operating.parts import a_message, acts_of, hash_of, some_messages, state_of
from tests.site import Site

Run = Callable[..., Result]


@pytest.fixture
def run(clean: Site, tmp_path: Path) -> Run:
    """The command, on this site."""
    assert clean.environment

    def called(*words: str, answer: str = "") -> Result:
        return CliRunner().invoke(app, ["messages", *words], input=answer, env={"MADOGUCHI_HOME": str(tmp_path)})

    return called


def test_messages_are_listed_and_shown_with_what_to_do(clean: Site, run: Run) -> None:
    rows: list[Any] = [
        {"state": "failed", "error": "550 5.1.1 never", "recipient_hash": rf"\x{hash_of(clean, 'hanako@example.com').hex()}"},
        {"channel": "sms", "recipient": "09012345678"},
    ]
    failed, sms = some_messages(clean, rows)
    listed = run("list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [str(sms), str(failed)]
    assert "hanako@" not in listed.stdout
    for filters in (("--state", "failed"), ("--recipient", "HANAKO@example.com"), ("--channel", "email"), ("--about", "A-1")):
        assert str(failed) in run("list", *filters).stdout
    assert run("list", "--state", "lost").exit_code == 2
    shown = run("show", str(failed)).stdout
    assert "to hanako@example.com" in shown
    assert "send it again" in shown
    assert [act for act, _, _ in acts_of(clean, failed)] == ["message.shown"]


def test_one_or_many_are_done_with_a_reason(clean: Site, run: Run) -> None:
    unknown = a_message(clean, "unknown")
    failed = some_messages(clean, [{"state": "failed"}] * 3)
    assert run("release", str(unknown), "--reason", "log").exit_code == 1
    assert run("release", str(unknown), "--checked").exit_code == 1
    assert run("release", str(unknown), "--reason", "log", "--checked").exit_code == 0
    assert state_of(clean, unknown) == "sent"
    ((act, who, reason),) = acts_of(clean, unknown)
    assert (act, who.endswith("(command line)"), reason) == ("message.released", True, "log")
    assert run("resend", "--reason", "x").exit_code == 2
    assert run("resend", "--all", "--template", "arrived", "--reason", "x", answer="n\n").exit_code == 1
    assert state_of(clean, failed[0]) == "failed"
    assert "3 done." in run("resend", "--all", "--template", "arrived", "--reason", "x", "--yes").stdout
    assert run("cancel", str(failed[0]), "--reason", "x").exit_code == 0
    assert [state_of(clean, one) for one in failed] == ["cancelled", "created", "created"]


def test_a_channel_is_stopped_and_goes_again(clean: Site, run: Run) -> None:
    assert run("pause", "fax", "--reason", "x").exit_code == 2
    assert run("pause", "sms").exit_code == 1
    assert run("pause", "sms", "--reason", "maintenance").exit_code == 0
    assert "STOPPED by" in run("channels").stdout
    assert run("resume", "sms", "--reason", "done").exit_code == 0
    assert "STOPPED" not in run("channels").stdout
    assert clean.value("select count(*) from notify.channel_pause") == 0


def test_a_suppression_is_listed_and_lifted(clean: Site, run: Run) -> None:
    clean.run(
        "insert into notify.suppression (recipient_hash, recipient, channel, reason) values (:hash, :to, 'email', 'bounce')",
        hash=hash_of(clean, "gone@example.com"),
        to="gone@example.com",
    )
    assert "g…e@example.com" in run("suppressions").stdout
    assert run("suppressions", "--release", "gone@example.com").exit_code == 1
    assert run("suppressions", "--release", "gone@example.com", "--reason", "mended").exit_code == 0
    assert run("suppressions", "--release", "gone@example.com", "--reason", "mended").exit_code == 1
    assert clean.value("select count(*) from notify.suppression") == 0
