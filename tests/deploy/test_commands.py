"""The commands of operators and of those who write procedures."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from tests.deploy.running import Machine, madoguchi
from tests.intake.lookup_samples import PLACES

PROCEDURES = Path(__file__).parent.parent.parent / "procedures"


def test_the_shipped_procedures_are_fine_and_a_mistake_is_found_with_its_line(tmp_path: Path) -> None:
    fine = madoguchi("procedure", "lint", *map(str, PROCEDURES.glob("*.yaml")))
    assert (fine.returncode, fine.stdout.count(": fine")) == (0, 5), fine.stderr
    for name in ("koen-meigi.yaml", "offices.yaml"):
        (tmp_path / name).write_text((PROCEDURES / name).read_text().replace("held.to < held.from", "held.to < hold.from"))
    shutil.copytree(PROCEDURES / "documents", tmp_path / "documents")
    wrong = madoguchi("procedure", "lint", str(tmp_path / "koen-meigi.yaml"), locale="ja_JP.UTF-8")
    line = (tmp_path / "koen-meigi.yaml").read_text().splitlines().index("  - when: 'held.to < hold.from'") + 1
    assert wrong.returncode == 1
    assert f"koen-meigi.yaml:{line}: checks.0.when: holdという項目や関数はありません" in wrong.stderr


def test_a_procedure_that_did_not_change_keeps_its_version(machine: Machine) -> None:
    done = madoguchi("procedure", "publish", str(PROCEDURES / "koen-meigi.yaml"), "--home", str(machine.home))
    assert done.stdout == "koen-meigi is in force in version 1.\n", done.stderr


def test_a_file_that_is_in_force_differs_in_nothing_from_what_is_published(machine: Machine) -> None:
    file = str(PROCEDURES / "koen-meigi.yaml")
    done = madoguchi("procedure", "diff", file, "--published", "--home", str(machine.home))
    assert done.stdout == "Nothing differs.\n", done.stderr
    assert madoguchi("procedure", "diff", file).returncode == 2


def test_a_skeleton_is_written_once_and_its_schema_exported(tmp_path: Path) -> None:
    (tmp_path / "offices.yaml").write_text((PROCEDURES / "offices.yaml").read_text())
    file = tmp_path / "my-own.yaml"
    assert madoguchi("procedure", "new", str(file)).returncode == 0
    assert madoguchi("procedure", "new", str(file)).returncode == 1
    assert madoguchi("procedure", "new", str(tmp_path / "My Own.yaml")).returncode == 1
    assert "fine" in madoguchi("procedure", "lint", str(file)).stdout
    assert "begins" in json.loads(madoguchi("procedure", "export", str(file)).stdout)["properties"]
    assert "+ form.申請者" in madoguchi("procedure", "diff", str(PROCEDURES / "dx-sodan.yaml"), str(file)).stdout


def test_an_operator_verifies_an_organisation_and_gives_it_an_owner(machine: Machine) -> None:
    home = ("--home", str(machine.home))
    new = ("people", "add", "firm@example.com", "新 社長", "applicant", "--organisation", "新会社", "--rights", "read")
    assert madoguchi(*new, *home).returncode == 0
    assert "owner" in madoguchi("people", "rights", "firm@example.com", "owner", *home).stdout
    assert madoguchi("people", "rights", "firm@example.com", "king", *home).returncode == 1
    assert madoguchi("people", "rights", "nobody@example.com", "owner", *home).returncode == 1
    wrong = madoguchi("people", "verify", "firm@example.com", "--corporate-number", "5010401067253", *home)
    assert (wrong.returncode, "check digit" in wrong.stderr) == (1, True)
    right = madoguchi("people", "verify", "firm@example.com", "--corporate-number", "5010401067252", *home)
    assert right.stdout == "The organisation of firm@example.com is verified.\n", right.stderr


def test_people_are_added_and_their_keys_issued_listed_and_revoked(machine: Machine) -> None:
    home = ("--home", str(machine.home))
    added = madoguchi("people", "add", "new@example.go.jp", "新任 三郎", "reviewer", "--group", "kanto-bureau", *home)
    assert added.returncode == 0, added.stderr
    again = madoguchi("people", "add", "new@example.go.jp", "新任 三郎", "reviewer", *home)
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    key = madoguchi("people", "issue-key", "new@example.go.jp", *home).stdout.strip()
    assert key.startswith("mdg_")
    (listed,) = madoguchi("people", "keys", "new@example.go.jp", *home).stdout.splitlines()
    assert listed.endswith("in use")
    assert key not in listed
    assert madoguchi("people", "revoke-key", listed.split()[0], *home).returncode == 0
    assert "revoked" in madoguchi("people", "keys", "new@example.go.jp", *home).stdout


def test_dead_letters_are_listed_shown_and_replayed(machine: Machine) -> None:
    home = ("--home", str(machine.home))
    assert "No dead letters." in madoguchi("deadletters", "list", *home).stdout
    event = machine.kill_a_delivery("opendata.count")
    listed = madoguchi("deadletters", "list", *home).stdout
    assert re.search(rf"{event}  opendata.count", listed)
    shown = json.loads(madoguchi("deadletters", "show", event, *home).stdout)
    assert shown[0]["subscriber"] == "opendata.count"
    assert madoguchi("deadletters", "replay", *home).returncode == 2
    assert "1 will be delivered again" in madoguchi("deadletters", "replay", event, *home).stdout
    assert madoguchi("deadletters", "replay", event, *home).returncode == 1


def test_lookups_are_taken_in_whole_or_not_at_all(machine: Machine, tmp_path: Path) -> None:
    home = ("--home", str(machine.home))
    file = tmp_path / "utf_ken_all.csv"
    file.write_text(PLACES, encoding="utf-8")
    done = madoguchi("lookups", "import", "postal-codes", str(file), *home)
    assert done.stdout == f"{file}: 8\n", done.stderr
    file.write_text("no such file\n", encoding="utf-8")
    wrong = madoguchi("lookups", "import", "postal-codes", str(file), *home)
    assert (wrong.returncode, "Nothing was taken in." in wrong.stderr) == (1, True)
    assert "place: 8" in madoguchi("lookups", "show", *home).stdout
    assert madoguchi("lookups", "import", "corporations", str(tmp_path / "none.csv"), *home).returncode == 1


def test_a_procedure_is_tried_at_an_address_until_the_trial_is_ended(machine: Machine) -> None:
    home = ("--home", str(machine.home))
    tried = madoguchi("procedure", "publish", "--trial", str(PROCEDURES / "koen-meigi.yaml"), *home)
    assert re.search(
        r"koen-meigi can be tried until \d{4}-\d\d-\d\d at http://127\.0\.0\.1:\d+/trials/[0-9a-f-]{36}\n", tried.stdout
    )
    assert madoguchi("procedure", "end-trial", "koen-meigi", *home).returncode == 0
    assert madoguchi("procedure", "end-trial", "koen-meigi", *home).returncode == 1


def test_an_operator_gives_and_takes_duties(machine: Machine) -> None:
    home = ("--home", str(machine.home))
    new = ("people", "add", "duty@example.go.jp", "新任 四郎", "reviewer", "--group", "kanto-bureau", "--duty", "approver")
    assert madoguchi(*new, *home).returncode == 0
    one = ("people", "duty", "add", "duty@example.go.jp", "kanto-bureau", "manager", "--procedure", "koen-meigi")
    assert madoguchi(*one, *home).returncode == 0
    set_up = ("people", "group", "set", "duty@example.go.jp", "kanto-bureau", "--skill", "electricity", "--no-takes-cases")
    assert madoguchi(*set_up, *home).returncode == 0
    listed = madoguchi("people", "duty", "list", "duty@example.go.jp", *home).stdout
    assert listed == "kanto-bureau: approver, manager (koen-meigi); skills: electricity; takes no cases\n"
    assert madoguchi("people", "duty", "remove", "duty@example.go.jp", "kanto-bureau", "approver", *home).returncode == 0
    assert madoguchi("people", "duty", "remove", "duty@example.go.jp", "kanto-bureau", "approver", *home).returncode == 1
