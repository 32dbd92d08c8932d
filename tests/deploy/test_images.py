"""What the images rest on: a service alone starts, one map of paths, secrets by a script, settings from files, a bill."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.gateway import Gateway
from deploy.image import sbom
from deploy.paths import PATHS, SERVICES, as_nginx
from deploy.signs.health import Health, healths
from deploy.wakings import wakings
from shared.environment import setting
from tests.site import Site

ROOT = Path(__file__).parent.parent.parent
HEALTHY = ROOT / "deploy" / "image" / "healthy.py"
DECLARED = re.compile(r'^  (\w+): \{ file: "\$\{MADOGUCHI_SECRETS', re.MULTILINE)
STATUS = """Package: openssl
Status: install ok installed
Architecture: amd64
Version: 3.0.11-1~deb12u2

Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1~deb12u2

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""


def test_a_service_starts_with_shared_and_its_own_folder_alone(site: Site, tmp_path: Path) -> None:
    started = {}
    for service in SERVICES:
        here = tmp_path / service
        (here / "services").mkdir(parents=True)
        for part in ("shared", "services/__init__.py", f"services/{service}"):
            (here / part).symlink_to(ROOT / part)
        load = f"import services.{service}.app as web, services.{service}.tasks; web.create_app()"
        # The package is installed in the tests' environment, so the rest of it has to be kept away.
        alone = f"import sys; sys.modules['deploy'] = None; {load}"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | site.environment
        started[service] = subprocess.Popen([sys.executable, "-c", alone], cwd=here, env=environment, stderr=subprocess.PIPE)
    for service, process in started.items():
        _, says = process.communicate(timeout=60)
        assert process.returncode == 0, f"{service}: {says.decode()}"


@pytest.mark.parametrize(
    "path", [*PATHS, *(f"{path}/x/y" for path in PATHS if path != "/"), "/v1/casesfoo", "/nothing", "/v1", "/static/pages.css"]
)
def test_nginx_sends_a_path_where_the_gateway_of_one_machine_does(path: str) -> None:
    claims = re.findall(r"^  ~(\S+) (\w+);$", as_nginx(), re.MULTILINE)
    default = re.search(r"default (\w+);", as_nginx())
    assert default
    found = next((name for claim, name in claims if re.match(claim, path)), default[1])

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

    owner = Gateway({name: Named(name) for name in (*SERVICES, "console")}).owner(path)
    assert getattr(owner, "name", "") == found


def test_the_secrets_are_made_once_and_belong_together(tmp_path: Path) -> None:
    script, folder = ROOT / "deploy" / "compose" / "secrets.sh", tmp_path / "secrets"

    def made() -> dict[str, str]:
        subprocess.run([script, folder], check=True, capture_output=True)
        return {path.name: path.read_text() for path in folder.iterdir()}

    first = made()
    assert made() == first
    assert folder.stat().st_mode & 0o777 == 0o700
    needed = DECLARED.findall((ROOT / "compose.yaml").read_text())
    sometimes = [name for file in (ROOT / "deploy" / "compose").glob("*.yaml") for name in DECLARED.findall(file.read_text())]
    assert set(needed) <= set(first) <= {*needed, *sometimes}
    assert urlsplit(first["madoguchi_admin_database_url"]).password == first["postgres_password"]
    password = urlsplit(first["madoguchi_broker_url"]).password
    assert password
    assert f"#{hashlib.sha256(password.encode()).hexdigest()} " in first["redis_acl"]
    assert len(base64.b64decode(first["madoguchi_audit_key"], validate=True)) == 32
    assert len({urlsplit(value).password for name, value in first.items() if name.endswith("database_url")}) == 8


def test_with_servers_outside_the_secrets_name_them(tmp_path: Path) -> None:
    outside = {
        "POSTGRES": "db.example.go.jp/window?sslmode=verify-full",
        "REDIS": "rediss://u:p@r:6380/0",
        "SMTP": "smtps://m:465",
    }
    script = [ROOT / "deploy" / "compose" / "secrets.sh", tmp_path]
    subprocess.run(script, check=True, capture_output=True, env=os.environ | outside)
    # After an upgrade that needs one more, nobody names the servers again.
    (tmp_path / "madoguchi_notify_database_url").unlink()
    subprocess.run(script, check=True, capture_output=True)
    url = (tmp_path / "madoguchi_notify_database_url").read_text()
    assert url.endswith("@db.example.go.jp/window?sslmode=verify-full")
    assert (tmp_path / "madoguchi_admin_database_url").read_text() == ""
    assert [(tmp_path / f"madoguchi_{name}").read_text() for name in ("broker_url", "notify_smtp_url")] == [
        "rediss://u:p@r:6380/0",
        "smtps://m:465",
    ]
    assert [(tmp_path / name).read_text() for name in ("postgres_password", "redis_acl")] == ["", ""]


def test_a_setting_comes_from_the_environment_else_from_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "madoguchi_a_thing").write_text("from the secret\n")
    assert setting("MADOGUCHI_A_THING", tmp_path) == "from the secret"
    monkeypatch.setenv("MADOGUCHI_A_THING", "from the environment")
    assert setting("MADOGUCHI_A_THING", tmp_path) == "from the environment"
    assert setting("MADOGUCHI_ANOTHER", tmp_path) == ""


def test_beat_wakes_the_sweeper_of_every_service_from_a_file(site: Site, tmp_path: Path) -> None:
    woken = wakings()
    assert {one["task"] for one in woken.values()} >= {f"{service}.sweep" for service in SERVICES}
    file, alive = tmp_path / "wakings.json", tmp_path / "alive"
    file.write_text(json.dumps(woken))
    heavy = ("psycopg", "sqlalchemy", "cryptography", "babel")  # beat's container has 80 MB
    look = "import sys; from shared.bus.beat import Scheduler, app; one = Scheduler(app); one.tick(); print(len(one.schedule))"
    look += f"; print([name for name in {heavy} if name in sys.modules])"
    environment = os.environ | site.environment | {"MADOGUCHI_WAKINGS": str(file), "MADOGUCHI_ALIVE": str(alive)}
    done = subprocess.run([sys.executable, "-c", look], env=environment, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines() == [str(len(woken)), "[]"]
    assert alive.exists()


def test_a_file_that_was_touched_lately_is_a_sign_of_life(tmp_path: Path) -> None:
    file = tmp_path / "alive"

    def healthy() -> bool:
        return subprocess.run([sys.executable, "-IS", HEALTHY, file], capture_output=True, check=False).returncode == 0

    assert not healthy()
    file.touch()
    assert healthy()
    os.utime(file, (time.time() - 61, time.time() - 61))
    assert not healthy()


def test_the_console_asks_each_service_where_no_address_tells_of_all() -> None:
    nobody = "http://127.0.0.1:9"
    assert healths([nobody]) is None
    assert healths([f"{nobody}/a", f"{nobody}/b"]) == [Health("127.0.0.1", "down"), Health("127.0.0.1", "down")]


def test_the_bill_of_materials_names_what_is_installed() -> None:
    debian = sbom.debian(STATUS)
    assert [one["purl"] for one in debian] == [
        "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64",
        "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64",
    ]
    assert {one["properties"][0]["value"] for one in debian} == {"openssl"}
    assert {"celery", "python"} <= {one["name"] for one in sbom.python()}
