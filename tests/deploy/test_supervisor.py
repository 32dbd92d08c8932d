"""The supervisor: what dies is started again, what ends ends in order, and nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.one import leftovers, supervisor
from deploy.one.errors import StartError
from deploy.one.process import Part, Running, is_alive
from deploy.one.supervisor import Supervisor


def part(folder: Path, script: str, name: str = "part", **more: object) -> Part:
    environment = {"PATH": os.environ["PATH"], "MADOGUCHI_PART": name, "MADOGUCHI_HOME": str(folder)}
    options: dict[str, object] = {"ready": lambda _: True, "patience": 2.0} | more
    return Part(
        name=name,
        command=("/bin/sh", "-c", script),
        environment=environment,
        folder=folder,
        log=folder / f"{name}.log",
        **options,  # type: ignore[arg-type]
    )


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_dies_is_started_again_after_a_growing_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF", (0.1, 0.2, 0.4))
    said: list[str] = []
    watched = Supervisor(said.append)
    watched.start(part(tmp_path, "echo life; exit 3"))
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        watched.look()
        time.sleep(0.01)
    watched.stop(("part",))
    assert 4 <= len((tmp_path / "part.log").read_text().split()) <= 5
    assert "part ended (exit code 3); it starts again in 0 s" in said[0]
    assert watched.restarts("part") >= 4


def test_a_killed_part_is_replaced_and_its_children_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF", (0.05,))
    watched = Supervisor(lambda _: None)
    first = watched.start(part(tmp_path, "sleep 1000 & sleep 1000; true"))
    until(lambda: len(leftovers.parts_of(tmp_path, "part")) == 3)
    family = leftovers.parts_of(tmp_path, "part")
    os.kill(first.pid, signal.SIGKILL)

    def replaced() -> bool:
        watched.look()
        return watched.lives[0].pid != first.pid

    until(replaced)
    until(lambda: not any(map(is_alive, family)))
    watched.stop(("part",))


def test_parts_end_in_order_and_the_stubborn_are_killed(tmp_path: Path) -> None:
    watched = Supervisor(lambda _: None)
    for name in ("keeper", "taker"):
        watched.start(part(tmp_path, f"trap 'date +%s%N > {name}.ended; exit' TERM; echo on; while :; do sleep 0.01; done", name))
    watched.start(part(tmp_path, "trap '' TERM; echo on; while :; do sleep 0.01; done", "stubborn", patience=0.5))
    until(lambda: all((tmp_path / f"{name}.log").read_text() for name in ("keeper", "taker", "stubborn")))
    watched.stop(("taker", "stubborn"), ("keeper",))
    taker, keeper = (int((tmp_path / f"{name}.ended").read_text()) for name in ("taker", "keeper"))
    assert taker < keeper
    assert leftovers.parts_of(tmp_path, "stubborn") == []


def test_a_part_that_ends_while_starting_says_its_last_words(tmp_path: Path) -> None:
    life = Running(part(tmp_path, "echo 'no such table' >&2; exit 1", ready=lambda _: False))
    with pytest.raises(StartError, match="no such table"):
        life.wait_ready()


def test_a_part_that_is_never_ready_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    life = Running(part(tmp_path, "sleep 1000", ready=lambda _: False))
    with pytest.raises(StartError, match="not ready after"):
        life.wait_ready(0.2)
    life.end()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_supervisor import part
from deploy.one.process import Running
life = Running(part(Path({str(tmp_path)!r}), "exec sleep 1000"))
print(life.pid, flush=True)
time.sleep(1000)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    until(lambda: not is_alive(child))
