"""The home: one machine at a time, private secrets, ports that stay."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import database
from deploy.one import parts
from deploy.one.errors import StartError
from deploy.one.home import AlreadyRunning, Home
from deploy.paths import SERVICES


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home.at(tmp_path / "home")
    made.make()
    return made


def test_a_second_machine_in_the_same_home_is_refused(home: Home) -> None:
    with home.held():
        assert home.is_held()
        with pytest.raises(AlreadyRunning), home.held():
            pass
    assert not home.is_held()


def test_the_home_is_free_again_after_kill_9(home: Home) -> None:
    code = "from deploy.one.home import Home; import time\nwith Home.at().held(): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], env={"MADOGUCHI_HOME": str(home.path)}, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert home.is_held()
        holder.kill()
    assert not home.is_held()


def test_ports_stay_the_same_unless_somebody_else_has_them(home: Home) -> None:
    first = home.choose_ports()
    assert home.choose_ports() == first == home.ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", first["valkey"]))
        other.listen()
        second = home.choose_ports()
    assert second["valkey"] != first["valkey"]
    assert {name for name in first if first[name] == second[name]} == {"postgres", "smtp", "mailbox"}


def test_a_secret_is_made_once_and_only_its_owner_reads_it(home: Home) -> None:
    secret = home.secret("valkey")
    assert len(secret) >= 32
    assert home.secret("valkey") == secret != home.secret("secret_key")
    folder = home.path / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_what_a_run_told_is_gone_with_it(home: Home) -> None:
    with home.held():
        home.tell(base_url="http://127.0.0.1:8000")
        assert home.told() == {"base_url": "http://127.0.0.1:8000"}
    assert home.told() == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else")
def test_a_home_of_another_account_is_refused(home: Home) -> None:
    os.chown(home.path, 65534, 65534)
    with pytest.raises(StartError, match="belongs to another account"):
        home.make()


def test_a_home_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="can't be made"):
        Home.at(tmp_path / "file" / "home").make()


def test_every_role_of_the_database_has_its_address(home: Home) -> None:
    site = parts.Site(home, home.choose_ports(), 8000)
    addresses = " ".join(site.settings().values())
    assert database.DATABASE == parts.DATABASE
    assert database.SERVICES == SERVICES
    for role in database.ROLES:
        assert f"//{role}:{home.secret(role)}@" in addresses


def test_settings_of_another_installation_do_not_leak_in(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("MADOGUCHI_INTAKE_DATABASE_POOL", "99")
    environment = parts.Site(home, home.choose_ports(), 8000).environment("web")
    assert "PGHOST" not in environment
    assert "MADOGUCHI_INTAKE_DATABASE_POOL" not in environment
