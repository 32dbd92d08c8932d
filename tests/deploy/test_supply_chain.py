"""What we use is pinned by hash, and may be passed on."""

from __future__ import annotations

import tomllib
from importlib.metadata import distributions
from pathlib import Path

from tests.checks.licences import OWN, bad, licence

LOCK = Path(__file__).parents[2] / "uv.lock"


def test_every_package_of_the_lock_file_has_a_hash() -> None:
    packages = [one for one in tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"] if "registry" in one["source"]]
    assert len(packages) > 100
    files = [
        (one["name"], file) for one in packages for file in [*one.get("wheels", ()), *([one["sdist"]] if "sdist" in one else ())]
    ]
    assert {name for name, _ in files} == {one["name"] for one in packages}
    assert [name for name, file in files if not file.get("hash", "").startswith("sha256:")] == []


def test_every_package_has_a_licence_that_is_fine() -> None:
    found = {one.metadata["Name"]: licence(one) for one in distributions() if one.metadata["Name"] != OWN}
    assert bad(found) == []
    assert bad({"a": "GPL-3.0-only", "b": "", "c": "LGPL-3.0-only", "d": "Proprietary"}) == ["a", "b", "d"]
