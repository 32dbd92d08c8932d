"""A house in containers is lost with its volumes and its secrets, and goes on elsewhere by what docs/backup.md says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compose.conftest import employ
from tests.compose.stack import NAME, Stack, clone, commands, running, until
from tests.files.samples import PDF
from tests.site import DENKI, KOEN, bearer, example

pytestmark = pytest.mark.compose
APPLICATIONS = 36
ACCOUNT = 10001  # of the containers that use the store
COUNTED = (
    *("intake.application", "intake.attachment", "intake.enclosure", "intake.step", 'review."case"', "review.document"),
    *("review.audit_entry", "notify.message", "identity.account", "identity.api_key", "opendata.procedure_count"),
)
HASHES = "cd /var/lib/madoguchi/storage && find . -type f -exec sha256sum {} + | sort"


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Stack]:
    """A house with backups. Its identity and its store are in folders beside it."""
    if os.geteuid() != 0:
        pytest.skip("the store's folder has to be given to the account of the containers")
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    os.chown(store, ACCOUNT, ACCOUNT)
    make = [sys.executable, "-m", "deploy.cli", "backup", "key", "--out", f"{tmp_path}/madoguchi-identity.txt"]
    public = subprocess.check_output(make, text=True).rpartition("MADOGUCHI_BACKUP_RECIPIENTS=")[2].strip()
    settings = {
        "MADOGUCHI_BACKUP_FOLDER": str(store),
        "MADOGUCHI_BACKUP_RECIPIENTS": public,
        "MADOGUCHI_BACKUP_EVERY_SECONDS": "5",
    }
    folder = tmp_path / "house"
    with running(folder, COMPOSE_PROJECT_NAME=f"{NAME}-saved", COMPOSE_PROFILES="mailbox,backup", **settings) as made:
        yield made


def file_with_attachments(stack: Stack, firm: dict[str, str]) -> None:
    """Applications with a file each, no two alike, all of them in review."""
    with httpx.Client(base_url=stack.base, headers=firm, timeout=30) as client:
        for number in range(APPLICATIONS):
            named = {"content-disposition": f"attachment; filename=plan-{number}.pdf"}
            sent = client.post("/v1/attachments", content=PDF + b"%% %d\n" % number, headers=named)
            filing = example(KOEN)
            filing["answers"]["plan"] = sent.json()["reference"]
            answer = client.post("/v1/applications", json=filing)
            assert answer.status_code == 202, answer.text
    until(lambda: stack.query("select count(*) from intake.application where state = 'in_review'") == str(APPLICATIONS))
    until(lambda: stack.query("select count(*) from intake.attachment where state = 'clean'") == str(APPLICATIONS))


def accepted(stack: Stack, firm: dict[str, str], official: dict[str, str]) -> tuple[str, str, bytes]:
    """File what is accepted with a document; the addresses of case and document, and the document itself."""
    filed = httpx.post(f"{stack.base}/v1/applications", json=example(DENKI), headers=firm).json()["id"]
    (case,) = until(lambda: httpx.get(f"{stack.base}/v1/cases?application_id={filed}", headers=official).json())
    at_the_desk = f"{stack.base}/v1/cases/{case['id']}"
    decided = httpx.post(f"{at_the_desk}/decision", json={"decision": "accept"}, headers=official)
    assert decided.status_code == 200, decided.text
    documents = f"{stack.base}/v1/applications/{filed}/documents"
    (one,) = until(lambda: httpx.get(documents, headers=firm).json())
    document = f"{documents}/{one['id']}"
    return at_the_desk, document, httpx.get(document, headers=firm).content


def facts(stack: Stack) -> dict[str, Any]:
    """What has to be the same again: rows, files, secrets."""
    until(lambda: stack.query("select count(*) from bus.delivery where state = 'waiting'") == "0")
    counts = ", ".join(f"'{table}', (select count(*) from {table})" for table in COUNTED)
    found: dict[str, Any] = json.loads(stack.query(f"select jsonb_build_object({counts})"))
    found["files"] = stack.docker("compose", "exec", "-T", "intake", "sh", "-c", HASHES).splitlines()
    saved = stack.docker("compose", "exec", "-T", "backup", "ls", "/run/secrets").split()
    return found | {f"secret {name}": (stack.folder / "secrets" / name).read_bytes() for name in saved}


def lose(stack: Stack) -> None:
    """Everything of the house but its store, its identity and its settings."""
    now = stack.query("select clock_timestamp()")
    stack.docker("compose", "exec", "-T", "backup", "madoguchi", "backup", "now")
    through = "select max((report ->> 'through')::timestamptz) from operation.run where kind = 'backup.wal'"
    until(lambda: stack.query(f"select ({through}) > '{now}'") == "t")
    stack.docker("compose", "kill")
    stack.docker("compose", "down", "--volumes")
    shutil.rmtree(stack.folder / "secrets")


def test_a_house_that_is_lost_with_its_secrets_goes_on_elsewhere(saved: Stack, tmp_path: Path) -> None:
    keys = employ(saved)
    saved.tools("procedure", "publish", f"procedures/{KOEN}.yaml")
    firm, official = bearer(keys["firm@example.com"]), bearer(keys["desk@example.go.jp"])
    file_with_attachments(saved, firm)
    case, document, content = accepted(saved, firm, official)
    before = facts(saved)
    assert len(before["files"]) == APPLICATIONS + 1
    lose(saved)

    elsewhere = replace(saved, folder=tmp_path / "elsewhere")
    clone(elsewhere.folder)
    for file in (saved.folder / ".env", tmp_path / "madoguchi-identity.txt"):
        shutil.copy(file, elsewhere.folder)
    said = elsewhere.sh(commands("backup.md", "Restore")[-1], within=300)
    assert f"Files: {APPLICATIONS + 1} compared" in said

    assert facts(elsewhere) == before
    assert httpx.get(document, headers=firm).content == content
    assert httpx.get(case, headers=official).json()["contact"]["email"] == "firm@example.com"
    elsewhere.tools("audit", "verify")
    again = httpx.post(f"{elsewhere.base}/v1/applications", json=example(DENKI), headers=firm).json()["id"]
    until(lambda: httpx.get(f"{elsewhere.base}/v1/applications/{again}", headers=firm).json()["status"] == "in_review")
