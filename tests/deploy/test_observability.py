"""Alerts and dashboards ask for what is measured, and each alert has a page that says what to do."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from ruamel.yaml import YAML
from sqlmodel import Session

from deploy.signs import retention, services, work
from shared.operation import runs
from tests.bus.parts import announce, arrived
from tests.notify.parts import write_to
from tests.site import Site, bearer

ROOT = Path(__file__).parents[2]
WATCHING = ROOT / "deploy" / "observability"
FOLDER = ROOT / "docs" / "runbooks"
TESTS = Path(__file__).parent / "alerts.test.yml"
TOKEN = "a-token-for-prometheus"
# Prometheus' own, and what it makes of a histogram.
KNOWN = {"up"}
_NAME = re.compile(r"\b(?:madoguchi|process)_[a-z_]+\b|\bup\b")


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    return [rule for group in read(WATCHING / "rules.yml")["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    dashboard = json.loads((WATCHING / "dashboards" / "madoguchi.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())] + [
        rule["expr"] for rule in rules()
    ]


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    pages = {rule["annotations"]["runbook_url"] for rule in rules()}
    assert len(pages) == len({rule["alert"] for rule in rules()})
    assert pages == {f"docs/runbooks/{page.name}" for page in FOLDER.glob("*-*.md")}
    for rule in rules():
        page = (ROOT / rule["annotations"]["runbook_url"]).read_text(encoding="utf-8")
        assert page.startswith(f"# {rule['alert']}\n")
        assert all(part in page for part in ("**For people:**", "**Look:**", "**Do:**"))
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_page_says_the_same_in_japanese() -> None:
    """The same parts, and no command, setting or address that the English page does not have."""
    pages = {page.name: page.read_text(encoding="utf-8") for page in FOLDER.glob("*.md") if page.stem != "README"}
    japanese = {page.name: page.read_text(encoding="utf-8") for page in (FOLDER / "ja").glob("*.md")}
    assert set(japanese) == set(pages)
    for name, page in japanese.items():
        assert page.startswith("# ")
        assert re.findall(r"^\*\*(.+?)\*\*", page, re.MULTILINE) == ["影響：", "確認：", "対処："], name
        assert set(re.findall(r"`[^`]+`", page)) - set(re.findall(r"`[^`]+`", pages[name])) == set(), name


def test_alerts_draw_the_line_where_the_console_does() -> None:
    asked = {rule["alert"]: rule["expr"] for rule in rules()}
    assert asked["CanaryLate"].endswith(f"> {services.CANARY:.0f}")
    assert f" > {work.BASE_AGE // timedelta(hours=1)} * 3600 or " in asked["BackupLate"]
    assert asked["BackupLogLate"].endswith(f"> {work.WAL_AGE.total_seconds():.0f}")
    assert asked["RetentionLate"].endswith(f"> {retention.AGE.total_seconds():.0f}")


def something_of_everything(site: Site) -> None:
    """Have something of each kind that is measured."""
    announce(site, arrived())
    site.deliver_all()
    write_to(site, "a@example.com", "b@example.com")
    site.run("update notify.message set state = 'unknown' where recipient_hash = :who", who=site.hash_of("b@example.com"))
    site.run("""update review."case" set due_on = date '2020-01-06'""")
    with Session(site.operator) as session:
        for kind in ("backup.base", "backup.rehearsal"):
            runs.finish(session, runs.begin(session, kind), {})
        runs.tell(session, runs.begin(session, "backup.wal"), {"through": datetime.now(UTC).isoformat()})
    from services.intake.tasks import send_canary

    send_canary()
    site.deliver_all()


@pytest.mark.skipif(not which("promtool"), reason="no promtool here (apt-get install prometheus)")
def test_each_alert_fires_when_it_should_and_not_before() -> None:
    done = subprocess.run(["promtool", "test", "rules", TESTS], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, quiet = read(TESTS)["tests"]
    assert {one["alertname"] for one in quiet["alert_rule_test"]} == {rule["alert"] for rule in rules()}


def test_what_alerts_and_dashboards_ask_for_is_measured(
    clean: Site, counter: TestClient, desk: TestClient, post_office: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    something_of_everything(clean)
    measured = set(KNOWN)
    for service, client in (("intake", counter), ("review", desk), ("notify", post_office)):
        client.get("/nowhere")
        monkeypatch.setattr(client.app.state.settings, "metrics_token", SecretStr(TOKEN))  # type: ignore[attr-defined]
        answer = client.get(f"/metrics/{service}", headers=bearer(TOKEN))
        measured |= set(re.findall(r"^([a-z_]+)(?:\{| )", answer.text, re.MULTILINE))
    asked = {name for expression in expressions() for name in _NAME.findall(expression)}
    assert len(asked) > 10
    assert asked - measured == set()


def test_prometheus_asks_every_service_with_the_token() -> None:
    jobs = {job["job_name"]: job for job in read(WATCHING / "prometheus.yml")["scrape_configs"]}
    services = read(ROOT / "compose.yaml")["services"]
    for name, job in jobs.items():
        assert name in services
        assert job["metrics_path"] == f"/metrics/{name}"
        assert job["authorization"]["credentials_file"] == "/run/secrets/madoguchi_metrics_token"
    assert set(jobs) == {"intake", "review", "notify", "opendata"}
