"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.i18n import Language

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="MADOGUCHI_HOME", help="Where data, logs and secrets are kept (default: .madoguchi)."),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why: it stands in the audit.")]
WhyOption = Annotated[str, typer.Option("--reason", help="Why: it stands in the audit.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port of the one address.")]


def terminal_language() -> Language:
    """Japanese where the terminal's locale is (LC_ALL, LC_MESSAGES, LANG: POSIX 8.2), else English."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "ja" if said.startswith("ja") else "en"
