"""CEL, the rules' language, without the command line that its package brings: that one loads prompt_toolkit and rich, an eighth
of what a process loads at its start.
"""

from __future__ import annotations

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

from cel import Context, Program, compile  # noqa: E402, A004 - after the line above; as CEL calls it

__all__ = ["Context", "Program", "compile"]
