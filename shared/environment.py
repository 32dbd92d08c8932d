"""Settings come from the environment, else from a secret: a file of the setting's name. Loads nothing, so commands stay quick."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = Path("/run/secrets")
# The folder where Docker and Kubernetes put secrets; None where there is none.
SECRETS = _FOLDER if _FOLDER.is_dir() else None


def setting(variable: str, secrets: Path | None = SECRETS) -> str:
    """One setting by its variable: of the environment, else of the secret of that name, else empty."""
    if (value := os.environ.get(variable)) is not None:
        return value
    file = (secrets or _FOLDER) / variable.lower()
    return file.read_text().strip() if file.is_file() else ""
