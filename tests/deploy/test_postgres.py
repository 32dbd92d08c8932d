"""PostgreSQL of one machine: private, durable, and always able to start again."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from deploy.one import account, leftovers
from deploy.one.errors import StartError
from deploy.one.ports import free_ports
from deploy.one.postgres import Postgres
from deploy.one.process import Running, is_alive


@pytest.fixture
def server(tmp_path: Path) -> Postgres:
    """A server that was never started, in an empty folder."""
    return Postgres(tmp_path / "data", free_ports(1)[0], "a-password", tmp_path / "postgres.log", durable=False)


@contextmanager
def running(server: Postgres) -> Iterator[Running]:
    life = Running(server.part())
    try:
        life.wait_ready()
        yield life
    finally:
        life.end()


def connect(server: Postgres, password: str | None = None) -> psycopg.Connection:
    url = server.url("postgres", server.password if password is None else password, "postgres")
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("select current_setting(%s)", [name]).fetchone()
    assert row
    return str(row[0])


def test_everybody_needs_the_password_even_on_this_machine(server: Postgres) -> None:
    with running(server):
        connect(server).close()
        for wrong in ("another", ""):
            with pytest.raises(psycopg.OperationalError):
                connect(server, wrong)


def test_a_durable_server_writes_through_checks_its_pages_and_listens_on_the_loopback_alone(server: Postgres) -> None:
    with running(replace(server, durable=True)), connect(server) as connection:
        assert setting(connection, "fsync") == setting(connection, "data_checksums") == "on"
        assert setting(connection, "synchronous_commit") == "on"
        assert setting(connection, "listen_addresses") == "127.0.0.1"
        assert setting(connection, "unix_socket_directories") == ""
        assert setting(connection, "password_encryption") == "scram-sha-256"


def test_it_sorts_by_code_point_and_knows_unicode(server: Postgres) -> None:
    with running(server), connect(server) as connection:
        assert connection.execute("select upper('ä'), 'あ' < 'い', 'ｱ' > 'ア'").fetchone() == ("Ä", True, True)
        assert setting(connection, "server_encoding") == "UTF8"


def test_what_was_written_is_there_after_a_stop(server: Postgres) -> None:
    with running(server), connect(server) as connection:
        connection.execute("create table kept as select 42 as answer")
    with running(server), connect(server) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_what_was_committed_is_there_after_kill_9(server: Postgres) -> None:
    durable = replace(server, durable=True)
    life = Running(durable.part())
    life.wait_ready()
    with connect(server) as connection:
        connection.execute("create table kept as select 42 as answer")
        os.kill(life.pid, signal.SIGKILL)
    with running(durable), connect(server) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    life.end()


def test_a_server_that_a_killed_supervisor_left_is_ended_before_the_next_one_starts(server: Postgres) -> None:
    left = Running(server.part())
    left.wait_ready()
    with running(server) as life:
        assert not is_alive(left.pid)
        assert leftovers.servers_in(server.data, "postgres").count(life.pid) == 1
    left.end()


def test_a_lock_file_that_names_somebody_elses_process_does_not_stop_the_start(server: Postgres) -> None:
    with running(server):
        stale = (server.data / "postmaster.pid").read_text().splitlines()
    other = subprocess.Popen(["sleep", "60"])
    try:
        (server.data / "postmaster.pid").write_text("\n".join([str(other.pid), *stale[1:]]) + "\n")
        with running(server):
            assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_half_made_cluster_is_thrown_away(server: Postgres) -> None:
    half = server.data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with running(server), connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert not half.exists()


def test_data_of_another_version_is_refused_with_advice(server: Postgres) -> None:
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartError, match="PostgreSQL 15") as refused:
        Running(server.part())
    assert "pg_dump" in refused.value.remedy


def test_a_value_that_breaks_a_rule_is_not_in_the_log(server: Postgres) -> None:
    with running(server), connect(server) as connection:
        connection.execute("create table person (email text primary key)")
        for _ in range(2):
            try:
                connection.execute("insert into person values (%s)", ["hanako@example.jp"])
            except psycopg.errors.UniqueViolation:
                break
        else:
            pytest.fail("the second insert should have failed")
    log = server.log.read_text()
    assert "duplicate key value" in log
    assert "hanako" not in log


def test_the_password_is_in_no_command_line(server: Postgres) -> None:
    with running(server) as life:
        assert server.password.encode() not in Path(f"/proc/{life.pid}/cmdline").read_bytes()


def test_a_port_somebody_has_makes_the_start_fail_with_the_log(server: Postgres) -> None:
    with running(server):
        second = Postgres(server.data.with_name("second"), server.port, "b", server.log.with_name("second.log"), durable=False)
        life = Running(second.part())
        with pytest.raises(StartError) as failed:
            life.wait_ready()
        assert "could not bind" in str(failed.value)
        life.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
class TestWithoutUserNamespaces:
    """Where containers forbid namespaces, root gives the database to the account `nobody`."""

    @pytest.fixture(autouse=True)
    def _forbidden(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(account, "namespaces_allowed", lambda: False)

    def test_it_runs_as_nobody_and_keeps_running_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with tempfile.TemporaryDirectory() as folder:
            server = Postgres(Path(folder, "data"), free_ports(1)[0], "a-password", Path(folder, "log"), durable=False)
            for _ in range(2):
                with running(server), connect(server) as connection:
                    connection.execute("create table if not exists kept ()")
                assert server.data.stat().st_uid != 0
            monkeypatch.setattr(account, "namespaces_allowed", lambda: True)
            again = replace(server)  # decides anew
            with running(again), connect(again) as connection:
                connection.execute("select from kept")

    def test_a_home_nobody_can_reach_is_said_clearly(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        home = closed / "home"
        home.mkdir()
        with pytest.raises(StartError, match="refuses to run as root") as refused:
            Running(Postgres(home / "data", 1, "p", home / "log").part())
        assert "ordinary user" in refused.value.remedy


def test_ending_takes_under_five_seconds_with_clients_connected(server: Postgres) -> None:
    life = Running(server.part())
    life.wait_ready()
    connection = connect(server)
    connection.execute("begin")
    began = time.monotonic()
    life.end()
    assert time.monotonic() - began < 5
    connection.close()
