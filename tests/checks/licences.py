"""`python -m tests.checks.licences`: every package and its licence; ends with 1 if one has none that we may pass on.

Weak copyleft (LGPL, MPL) is fine for a library that is used as it is; strong copyleft and no licence at all are not.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from typing import Any

FINE = re.compile(r"MIT|Apache|BSD|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Lesser General Public|OFL|SIL Open Font")
OWN = "madoguchi"
# What packages say in the file LICENSE alone.
TOLD = {"pyrage": "MIT"}


def licence(package: Distribution) -> str:
    """What a package says of its licence: an SPDX expression, or else its classifiers and the first line of its text."""
    meta: Any = package.metadata
    if meta["Name"] in TOLD:
        return TOLD[meta["Name"]]
    named = [line.rpartition(" :: ")[2] for line in meta.get_all("Classifier", []) if line.startswith("License :: ")]
    text = (meta.get("License") or "").partition("\n")[0][:60]
    return meta.get("License-Expression") or ", ".join(filter(None, [*named, text]))


def bad(licences: dict[str, str]) -> list[str]:
    """The packages with no licence that we know to be fine."""
    return sorted(name for name, said in licences.items() if not FINE.search(said))


def main() -> int:
    """Print the table."""
    found = {package.metadata["Name"]: licence(package) for package in distributions() if package.metadata["Name"] != OWN}
    for name in sorted(found, key=str.lower):
        sys.stdout.write(f"{name:<40} {found[name]}\n")
    if wrong := bad(found):
        sys.stderr.write(f"not fine, or not known: {', '.join(wrong)}\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
