"""At a glance: what is wrong is red, says what it is, and leads to its runbook and to where it is mended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import Session
from typer.testing import CliRunner

from deploy.cli import app
from deploy.signs import every, servers, services, work
from deploy.signs.health import Health
from deploy.signs.sign import Runbook, said
from shared.bus import wakings
from shared.bus.canary import send
from shared.bus.wakings import Waking
from shared.operation import runs
from shared.operation.measuring import BASE, REHEARSAL, WAL
from tests.bus.parts import announce, arrived
from tests.site import Site, engine_at

NOW = datetime.now(UTC)
WELL: dict[str, dict[str, Any]] = {
    "database": {"ok": True},
    "storage": {"ok": True, "free_bytes": 50, "bytes": 100},
    "scanner": {"ok": True, "scanning": True, "signatures_of": NOW.isoformat()},
    "messages": {"ok": True, "held": 0, "stopped": []},
}
KINDS = {"good": 0, "mend": 1, "bad": 2}


def kinds(signs: Any) -> dict[str, str]:
    """The worst kind of each part."""
    found: dict[str, str] = {}
    for one in signs:
        found[one.part] = max(found.get(one.part, "good"), one.kind, key=KINDS.__getitem__)
    return found


def test_every_runbook_that_a_sign_names_is_a_page_in_the_console(console: TestClient) -> None:
    linked = {
        name
        for page in Path("deploy/console/templates").glob("*.html")
        for name in re.findall(r"/console/runbooks/([a-z-]+)", page.read_text(encoding="utf-8"))
    }
    named = linked | set(get_args(Runbook))
    for name in named:
        assert "<strong>Do:</strong>" in console.get(f"/console/runbooks/{name}").text
        assert "<strong>対処：</strong>" in console.get(f"/console/runbooks/{name}", headers={"accept-language": "ja"}).text
    assert console.get("/console/runbooks/..%2fREADME").status_code == 404


def test_a_well_site_says_so_and_a_dead_letter_is_the_first_thing_to_do(
    console: TestClient, clean: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(every, "healths", lambda _: [Health("intake", "ok", [], WELL)])
    send(engine_at(clean.url("madoguchi_intake")))
    clean.deliver_all()
    with Session(clean.operator) as session:
        for kind in (BASE, REHEARSAL):
            runs.finish(session, runs.begin(session, kind), {})
        wal = runs.begin(session, WAL)
        runs.finish(session, wal, {"through": datetime.now(UTC).isoformat()})
    known = Waking("intake.sweep", 4.0, datetime.now(UTC), ok=True)
    monkeypatch.setattr(wakings, "read", lambda _: [known])
    monkeypatch.setattr(servers, "FULL", 2.0)
    page = console.get("/console").text
    assert "All is well." in page or "appendonly" in page  # the tests' broker keeps nothing
    assert "To be done" not in page
    (event,) = announce(clean, arrived())
    clean.run("update bus.delivery set state = 'dead' where event_id = :id and service = 'review'", id=event)
    page = console.get("/console").text
    assert "To be done: 1" in page
    assert 'href="/console/dead-letters"' in page
    assert 'href="/console/runbooks/dead-letters"' in page
    assert "review.open_case" in console.get("/console/queues").text


@pytest.mark.parametrize(
    ("part", "told", "kind"),
    [
        ("Storage of files", {"ok": True, "free_bytes": 9, "bytes": 100}, "mend"),
        ("Storage of files", {"ok": True, "free_bytes": 1, "bytes": 100}, "bad"),
        ("Virus scanner", {"ok": True, "scanning": False}, "mend"),
        ("Virus scanner", {"ok": True, "scanning": True, "signatures_of": (NOW - timedelta(days=4)).isoformat()}, "bad"),
        ("Virus scanner", {"ok": True, "scanning": True, "signatures_of": None}, "mend"),
        ("The post", {"ok": True, "held": 2, "stopped": []}, "mend"),
        ("The post", {"ok": True, "held": 0, "stopped": ["email"]}, "mend"),
    ],
)
def test_what_a_service_says_of_its_parts_is_judged(part: str, told: dict[str, Any], kind: str) -> None:
    name = {"The post": "messages", "Storage of files": "storage", "Virus scanner": "scanner"}[part]
    assert kinds(services.services([Health("intake", "ok", [], WELL | {name: told})]))[part] == kind
    assert kinds(services.services([Health("intake", "ok", [], WELL)])).get(part, "good") == "good"


def test_services_that_are_ill_or_silent_are_red() -> None:
    assert kinds(services.services([Health("intake", "down", ["database"], {})])) == {"intake": "bad"}
    assert kinds(services.services(None)) == {"Services": "bad"}


def test_a_worker_that_hears_no_canary_is_named(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with Session(clean.operator) as session:
        for patience, kind in ((1e9, "mend"), (0.0, "bad")):  # the database has just begun, or has run for long
            monkeypatch.setattr(services, "CANARY", patience)
            assert set(kinds(services.canaries(session)).values()) == {kind}
    monkeypatch.undo()
    send(engine_at(clean.url("madoguchi_intake")))
    clean.deliver_all()
    clean.run("update bus.delivery set state = 'waiting' where service = 'review'")
    with Session(clean.operator) as session:
        found = kinds(services.canaries(session))
        assert found == {"intake worker": "good", "notify worker": "good", "opendata worker": "good", "review worker": "mend"}
        clean.run("update bus.event set time = now() - interval '4 minutes'")
        session.rollback()
        assert set(kinds(services.canaries(session)).values()) == {"bad"}


def test_the_database_and_the_broker_are_looked_at_and_a_broker_away_is_red(clean: Site) -> None:
    with Session(clean.operator) as session:
        (first, *_) = servers.postgres(session)
    assert first.kind == "good"
    with Session(clean.owner) as open_one, Session(clean.operator) as session:
        open_one.connection()
        clean.broker.ping()
        assert all("may not see" not in one.says for one in servers.postgres(session))
    assert kinds(servers.broker(SecretStr("redis://127.0.0.1:9/0"))) == {"Redis": "bad"}
    assert "Redis" in kinds(servers.broker(SecretStr(clean.broker_url)))


def test_a_broker_that_is_full_or_throws_away_is_red(clean: Site) -> None:
    def said_() -> str:
        return "\n".join(said(one, "en") for one in servers.broker(SecretStr(clean.broker_url)) if one.kind == "bad")

    clean.broker.config_set("maxmemory", "1100000")
    clean.broker.config_set("maxmemory-policy", "allkeys-lru")
    try:
        found = said_()
    finally:
        clean.broker.config_set("maxmemory", "256mb")
        clean.broker.config_set("maxmemory-policy", "noeviction")
    assert "of 1.1 MB memory" not in said_()
    assert "of 1 MB memory" in found
    assert "The broker may throw queues away (maxmemory-policy allkeys-lru)" in found


def test_beat_that_stands_still_and_tasks_that_fail_are_red() -> None:
    runs_ = Waking("intake.sweep", 4.0, NOW, ok=True)
    assert kinds(servers.schedule([runs_], NOW)) == {"Schedules": "good"}
    for bad in (Waking("post.deliver", 4.0, NOW - timedelta(minutes=2), ok=True), Waking("post.deliver", 4.0, NOW, ok=False)):
        (sign,) = (one for one in servers.schedule([runs_, bad], NOW) if one.kind == "bad")
        assert "post.deliver" in said(sign, "en")
    assert kinds(servers.schedule([Waking("never", 4.0, None, ok=True, since=NOW - timedelta(minutes=2))], NOW)) == {
        "Schedules": "bad"
    }
    assert kinds(servers.schedule([Waking("hourly", 3600.0, None, ok=True, since=NOW)], NOW)) == {"Schedules": "good"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("update operation.run set started_at = now() - interval '27 hours' where kind = 'backup.base'", "bad"),
        ("""update operation.run set report = '{"through": "2026-01-01T00:00:00+00:00"}' where kind = 'backup.wal'""", "bad"),
        ("update operation.run set outcome = 'failed' where kind = 'backup.rehearsal'", "bad"),
        ("update operation.run set outcome = 'failed' where kind = 'backup.base'", "bad"),
        ("delete from operation.run where kind = 'backup.rehearsal'", "mend"),
        ("delete from operation.run where kind = 'backup.base'", "mend"),
        ("select 1", "good"),
    ],
)
def test_backups_that_are_old_late_or_never_rehearsed_are_told(clean: Site, change: str, expected: str) -> None:
    with Session(clean.operator) as session:
        for kind in (BASE, REHEARSAL):
            runs.finish(session, runs.begin(session, kind), {})
        runs.finish(session, runs.begin(session, WAL), {"through": datetime.now(UTC).isoformat()})
    clean.run(change)
    with Session(clean.operator) as session:
        assert kinds(work.backups(session)) == {"Backups": expected}


def test_the_command_line_says_the_same(clean: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADOGUCHI_HOME", str(tmp_path / "nowhere"))
    assert clean.broker_url
    said_ = CliRunner().invoke(app, ["health"])
    assert said_.exit_code == 1
    assert "PROBLEM Services: The services' health does not answer\n        Mend what the doctor names;" in said_.output
    assert "See docs/runbooks/service-down.md\n" in said_.output
    assert "ok      Dead letters: There is no dead letter" in said_.output


def test_workers_note_when_a_task_of_the_schedule_ran(clean: Site) -> None:
    noter = wakings._Noter({"post.deliver": 4.0, "post.never": 60.0}, SecretStr(clean.broker_url))
    noter.begin()
    task = type("Task", (), {"name": "post.deliver"})
    noter.ran(sender=task, state="FAILURE")
    noter.ran(sender=type("Other", (), {"name": "intake.deliver"}), state="SUCCESS")
    found = {one.name: one for one in wakings.read(clean.broker)}
    assert set(found) == {"post.deliver", "post.never"}
    assert (found["post.deliver"].ok, found["post.never"].at) == (False, None)
    assert found["post.deliver"].queue == "post"


@pytest.mark.parametrize("path", ["health", "queues", "schedules", "backups", "runbooks"])
def test_every_page_shows_while_services_and_broker_are_away(
    console: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = wakings.client_of(SecretStr("redis://127.0.0.1:9/0"))
    monkeypatch.setattr(wakings, "client_of", lambda _: away)
    assert console.get(f"/console/{path}").status_code == 200
