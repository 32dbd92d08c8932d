"""`python sbom.py [--only-debian] < /var/lib/dpkg/status`: what an image is made of, as CycloneDX 1.5 (JSON).

Debian's packages come from dpkg's list, Python's from the interpreter that runs this. No serial number and no time: the same
image has the same bill.
"""

from __future__ import annotations

import json
import platform
import sys
from email.parser import Parser
from importlib.metadata import Distribution, distributions
from typing import Any
from urllib.parse import quote


def debian(status: str) -> list[dict[str, Any]]:
    """The installed packages of dpkg's status file, with the source each is built from (Debian's advisories name those)."""
    found = []
    for paragraph in status.split("\n\n"):
        fields = Parser().parsestr(paragraph, headersonly=True)
        if fields.get("Status") != "install ok installed":
            continue
        name, version = fields["Package"], fields["Version"]
        source = fields.get("Source", name).partition(" ")[0]
        purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={fields['Architecture']}"
        found.append(
            {
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "properties": [{"name": "debian:source", "value": source}],
            }
        )
    return found


def python() -> list[dict[str, Any]]:
    """Python and the packages it finds."""
    version = platform.python_version()
    itself = {"type": "platform", "bom-ref": f"python@{version}", "name": "python", "version": version}
    return [itself | {"purl": f"pkg:generic/python@{version}"}, *map(_component, distributions())]


def _component(package: Distribution) -> dict[str, Any]:
    meta: Any = package.metadata
    name = meta["Name"].lower().replace("_", "-").replace(".", "-")
    purl = f"pkg:pypi/{quote(name)}@{quote(package.version)}"
    component: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": package.version, "purl": purl}
    expression = meta.get("License-Expression")
    named = [line.rpartition(" :: ")[2] for line in meta.get_all("Classifier", []) if line.startswith("License :: ")]
    if expression:
        component["licenses"] = [{"expression": expression}]
    elif named:
        component["licenses"] = [{"license": {"name": name}} for name in named]
    return component


def main() -> None:
    """Write the bill to standard output."""
    parts = debian(sys.stdin.read())
    if "--only-debian" not in sys.argv:
        parts += python()
    parts.sort(key=lambda part: str(part["bom-ref"]))
    component = {"type": "container", "bom-ref": "madoguchi", "name": "madoguchi"}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component},
        "components": parts,
    }
    json.dump(bill, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
