"""`madoguchi audit`: what an operator reads and verifies."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from services.review.audit.audit import note, note_list
from shared.identity.callers import Caller
from tests.review.audit.test_notes import CASE
from tests.site import Site


@pytest.fixture
def trace(clean: Site) -> Site:
    """An official's list and act, and another's list of other cases; all sealed."""
    from services.review.tasks import seal_trace

    clean.a_reviewer("kinki-bureau")
    account = clean.account("official@example.go.jp")
    official = Caller(account.id, "reviewer", account.name, account.email, "ja")
    with clean.session("review") as session:
        note(session, official, "case.decide", CASE, duty="approver", revision=2)
        note_list(session, official, "cases.listed", [uuid4(), CASE])
        note_list(session, Caller(uuid4(), "reviewer", "審査 二郎", "", "ja"), "cases.listed", [uuid4()])
        session.commit()
    seal_trace()
    return clean


def audit(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments, "--home", str(home)])


def test_verify_ends_with_0_or_says_what_is_wrong_and_ends_with_1(trace: Site, tmp_path: Path) -> None:
    key = audit(tmp_path, "key").output.strip()
    fine = audit(tmp_path, "verify", "--key", key)
    assert (fine.exit_code, "3 links, 3 entries, 1 heads" in fine.output) == (0, True), fine.output
    assert os.environ["MADOGUCHI_AUDIT_KEY"] not in key
    trace.run("update review.audit_entry set account_name = '' where act = 'case.decide'")
    wrong = audit(tmp_path, "verify")
    assert (wrong.exit_code, "(link 1): not as it was sealed" in wrong.output) == (1, True), wrong.output
    assert audit(tmp_path, "verify", "--key", "x").exit_code == 2


def test_show_finds_what_a_case_and_a_person_left(trace: Site, tmp_path: Path) -> None:
    assert trace
    of_case = audit(tmp_path, "show", "--case", str(CASE)).output
    assert "case.decide" in of_case
    assert "as approver  revision=2" in of_case
    assert of_case.count("cases.listed") == 1
    assert "審査 二郎" not in audit(tmp_path, "show", "--account", "official@example.go.jp").output
    assert "3 shown" in audit(tmp_path, "show", "--since", "2026-01-01").output
    assert "Nothing is noted" in audit(tmp_path, "show", "--since", "2100-01-01").output
    assert audit(tmp_path, "show", "--account", "nobody@example.go.jp").exit_code == 1
