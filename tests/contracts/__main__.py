"""`python -m tests.contracts`: store the contracts of new events, and of those that only grew."""

from __future__ import annotations

import json
import sys

from shared.events import EVENTS
from tests.contracts.compare import FOLDER, breaks, contract


def main() -> int:
    """Write what may be written; say what may not."""
    refused = 0
    for name, event in EVENTS.items():
        path = FOLDER / f"{name}.json"
        current = contract(event)
        if path.exists() and (found := breaks(json.loads(path.read_text(encoding="utf-8")), current)):
            refused += 1
            sys.stderr.write(f"{name} would break its readers; make a new version of it instead:\n")
            sys.stderr.writelines(f"  {one}\n" for one in found)
            continue
        path.write_text(json.dumps(current, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
