"""A real Prometheus with the shipped configuration, changed in its addresses only (Debian's package `prometheus`)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from deploy.one.ports import LOOPBACK, free_ports
from tests.machine import ROOT
from tests.site import eventually

WATCHING = ROOT / "deploy" / "observability"
HERE = shutil.which("prometheus") is not None and shutil.which("promtool") is not None


@dataclass(frozen=True)
class Prometheus:
    """One that runs at `url`."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer of its API."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=20).raise_for_status().json()
        return answer["data"]

    def value(self, expression: str) -> list[dict[str, Any]]:
        """What an expression is now: series with their labels and values."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def alerts(self) -> dict[str, list[dict[str, Any]]]:
        """What is pending or fires, by the alert's name."""
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self.ask("alerts")["alerts"]:
            found.setdefault(one["labels"]["alertname"], []).append(one)
        return found


@contextmanager
def watching(folder: Path, web: str, token: str, *, every: str = "2s") -> Iterator[Prometheus]:
    """Prometheus, asking the services behind the address `web` every so often; ended afterwards."""
    port = free_ports(1)[0]
    config = YAML(typ="safe").load((WATCHING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": every, "evaluation_interval": every}
    config["rule_files"] = [str(WATCHING / "rules.yml")]
    (folder / "token").write_text(token)
    for job in config["scrape_configs"]:
        job["authorization"]["credentials_file"] = str(folder / "token")
        job["static_configs"] = [{"targets": [re.sub(r"^https?://", "", web)]}]
    with (folder / "prometheus.yml").open("w") as file:
        YAML(typ="safe").dump(config, file)
    program = (
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={LOOPBACK}:{port}",
    )
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(program, stdout=log, stderr=log) as running:
        try:
            made = Prometheus(f"http://{LOOPBACK}:{port}")
            eventually(lambda: _ready(made.url), within=60)
            yield made
        finally:
            running.terminate()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=2).is_success
    except httpx.HTTPError:
        return False
