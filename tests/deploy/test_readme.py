"""What the READMEs promise, done as they say."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.deploy.running import Machine

ROOT = Path(__file__).parent.parent.parent
OSAKA = "近畿経済産業局 担当"


def session() -> str:
    """The commands of the README's section “A session”."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## A session")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def test_the_readmes_session_files_an_application_and_gets_it_accepted(machine: Machine) -> None:
    commands = session().replace(".madoguchi/demo.json", str(machine.home / "demo.json"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    filed, status, case, *mails, state, after, counts = done.stdout.splitlines()
    assert '"receipt_number":"R2' in filed
    assert status == "in_review"
    assert OSAKA in case
    assert [mail.split()[0] for mail in mails] == ["applicant@madoguchi.example", "kinki-bureau.official@madoguchi.example"]
    assert (state, after) == ("decided", "accepted")
    assert "Notification of manufacturing or importing electrical appliances" in counts


def test_both_readmes_name_the_commands_that_there_are() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in ("README.md", "README.ja.md"):
        named = set(re.findall(r"^make ([a-z]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        assert named == {"run", "test"} <= targets


def test_the_folders_of_the_readme_are_there() -> None:
    for folder in re.findall(r"^\| `([a-z/]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder
