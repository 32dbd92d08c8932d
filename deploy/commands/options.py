"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="MADOGUCHI_HOME", help="Where data, logs and secrets are kept (default: .madoguchi)."),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why: it stands in the audit.")]
WhyOption = Annotated[str, typer.Option("--reason", help="Why: it stands in the audit.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port of the one address.")]
