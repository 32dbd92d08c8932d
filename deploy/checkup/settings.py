"""Settings that are wrong, before a start finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.checkup.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator


def look() -> Iterator[Finding]:
    """What each service would say of its settings as this process has them. What is not set here may be set there."""
    from pydantic import ValidationError

    from deploy.commands.settings import kinds

    wrong: dict[str, str] = {}
    for _, kind in kinds():
        try:
            kind()
        except ValidationError as error:
            for one in error.errors(include_input=False, include_url=False):
                name = str(one["loc"][0]) if one["loc"] else "settings that do not go together"
                if one["type"] != "missing":
                    prefix = str(kind.model_config.get("env_prefix", ""))
                    wrong[name if name.isupper() else f"{prefix}{name}".upper()] = one["msg"]
    for variable, message in sorted(wrong.items()):
        yield Finding(f"{variable}: {message}", "Mend it where the environment or the secrets are set.", "docs/settings.md")
    if not wrong:
        yield Finding("the settings that are set are right")
