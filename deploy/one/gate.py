"""`python -m deploy.one.gate FILE MODULES PROGRAM …`: load modules, wait until FILE exists, then run PROGRAM.

Loading takes longer than all else in a start. So the parts that need the prepared database load while it is being prepared.
"""

from __future__ import annotations

import runpy
import sys
import time
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Load, wait, run."""
    gate, modules, program, *arguments = sys.argv[1:]
    for module in modules.split(","):
        import_module(module)
    while not Path(gate).exists():
        time.sleep(0.02)
    sys.argv = [program, *arguments]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
