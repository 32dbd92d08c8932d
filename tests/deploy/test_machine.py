"""`madoguchi up`: one command, and everything runs; it can be started twice, killed, and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from deploy.one.demo import PROCEDURES
from deploy.one.ports import free_ports
from tests.deploy.running import MADOGUCHI, Machine, madoguchi, started, until, whoever_serves

# Each example makes two: its applicant hears that it arrived, an official that there is a case.
MAILS = 2 * len(list(PROCEDURES.glob("*.example.json")))


def test_the_examples_are_filed_and_their_mails_are_in_the_mailbox(machine: Machine) -> None:
    def filed() -> list[str]:
        return [one["status"] for key in ("applicant", "division") for one in machine.get("/v1/applications", key)]

    until(lambda: set(filed()) == {"in_review"})
    examples = len(list(PROCEDURES.glob("*.example.json")))
    assert len(filed()) == examples
    until(lambda: len(machine.mails()) >= 2 * examples)
    to = {one["address"] for mail in machine.mails() for one in mail["to"]}
    assert {"applicant@madoguchi.example", "kinki-bureau.official@madoguchi.example"} <= to


def test_the_demos_reviewer_sees_the_cases_of_every_office_and_is_given_none(machine: Machine) -> None:
    until(lambda: len(machine.get("/v1/cases", "reviewer")) >= 2)
    cases = machine.get("/v1/cases", "reviewer")
    assert len({case["group"] for case in cases}) >= 2
    assert all(case["official"] and "審査 太郎" not in case["official"] for case in cases)


def test_demo_json_says_what_is_promised_to_its_owner_alone(machine: Machine) -> None:
    assert (machine.home / "demo.json").stat().st_mode & 0o777 == 0o600
    demo = machine.demo
    assert demo["base_url"] == f"http://127.0.0.1:{machine.port}"
    assert demo["mailbox"]["api"] == f"{demo['mailbox']['url']}/email"
    assert set(demo) == {"base_url", "mailbox", "keys"}
    assert set(demo["keys"]) == {"applicant", "division", "reviewer", "approver", "manager", "operator", "notify"}


def test_starting_it_twice_says_where_it_runs(machine: Machine) -> None:
    second = madoguchi("up", "--home", str(machine.home), "--port", str(machine.port))
    assert second.returncode == 0
    assert f"already running at http://127.0.0.1:{machine.port}" in second.stdout
    assert machine.is_well()


def test_another_home_on_the_same_port_is_told_to_choose_another(machine: Machine, tmp_path: Path) -> None:
    other = madoguchi("up", "--home", str(tmp_path / "other"), "--port", str(machine.port))
    assert other.returncode == 1
    assert "--port" in other.stderr


def test_the_doctor_finds_a_running_machine_well(machine: Machine) -> None:
    found = madoguchi("doctor", "--home", str(machine.home))
    assert found.returncode == 0, found.stdout
    for looked_at in ("PostgreSQL", "Redis: ", "schema intake", "role madoguchi_owner", "mail server", "intake worker"):
        assert looked_at in found.stdout


@pytest.mark.faults
def test_each_part_that_is_killed_is_started_again(machine: Machine) -> None:
    for name, pid in machine.pids().items():
        os.kill(pid, signal.SIGKILL)
        until(partial(machine.has_replaced, name, pid))
    until(machine.is_well, 40)
    until(lambda: len(machine.mails()) >= MAILS)


def test_no_secret_is_in_a_log_or_a_command_line(machine: Machine) -> None:
    secrets = [file.read_text() for file in (machine.home / "secrets").iterdir()] + list(machine.demo["keys"].values())
    logs = "".join(log.read_text() for log in (machine.home / "logs").iterdir())
    lines = "".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in whoever_serves(machine.home))
    assert not [secret for secret in secrets if secret in logs or secret in lines]


def test_ctrl_c_ends_everything_and_the_next_start_finds_it_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with started(home, "--demo") as first:
        until(lambda: len(first.mails()) >= MAILS)
        applications, demo = first.get("/v1/applications", "applicant"), first.demo
        began = time.monotonic()
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(30) == 0
        assert time.monotonic() - began < 12
        assert whoever_serves(home) == []
    with started(home, "--demo", port=first.port) as second:
        assert second.demo == demo
        assert {one["id"] for one in second.get("/v1/applications", "applicant")} == {one["id"] for one in applications}
        assert len(second.mails()) == MAILS


@pytest.mark.faults
def test_after_kill_9_nothing_is_left_behind_and_the_next_start_works(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with started(home, "--demo") as first:
        applications = first.get("/v1/applications", "applicant")
        first.process.kill()
        first.process.wait()
        until(lambda: whoever_serves(home) == [])
    with started(home, "--demo", port=first.port) as second:
        assert {one["id"] for one in second.get("/v1/applications", "applicant")} == {one["id"] for one in applications}


def test_a_start_that_is_interrupted_ends_what_it_began(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [*MADOGUCHI, "up", "--home", str(home), "--port", str(free_ports(1)[0])]
    for moment in ("valkey", "postgres"):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                if moment in line:
                    break
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
        assert (process.returncode, rest.splitlines()[-1]) == (0, "Ended.")
        assert whoever_serves(home) == []


def test_an_ephemeral_machine_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with started(tmp_path / "unused", "--ephemeral"):
        (home,) = tmp_path.glob("madoguchi-*")
        assert (home / "postgres" / "PG_VERSION").exists()
    assert list(tmp_path.iterdir()) == []


def test_status_and_doctor_of_a_home_where_nothing_runs(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        doctor = madoguchi("doctor", "--home", str(tmp_path / "home"), "--port", port)
    status = madoguchi("status", "--home", str(tmp_path / "home"))
    assert (status.returncode, doctor.returncode) == (1, 1)
    assert "madoguchi up" in status.stdout
    assert f"port {port} of 127.0.0.1 is taken" in doctor.stdout
    assert not (tmp_path / "home").exists()
