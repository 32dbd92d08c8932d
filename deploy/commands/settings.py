"""`madoguchi settings`: every variable of the environment, as the settings classes say it. docs/settings.md is its output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import typer

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

_BEGIN = """# Settings

Every setting is a variable of the environment. A secret may instead be a file of the variable's name in `/run/secrets`, written
small or large. `<SERVICE>` is INTAKE, REVIEW, NOTIFY, OPENDATA, or OPERATOR for the console. A value that is missing or wrong
stops the start, which names the variable and says what is expected of it, never the value. This page is
written by `madoguchi settings`.
"""
_NEEDED = "**needed**"
# What each service has under its own name.
_EACH = "madoguchi_<service>_"


@dataclass
class Variable:
    """A variable of the environment, and who reads it."""

    name: str
    default: str
    means: str
    bounds: str
    secret: bool
    readers: list[str] = field(default_factory=list)


def settings() -> None:
    """Print what every setting means, as Markdown."""
    typer.echo(page(), nl=False)


def page() -> str:
    """docs/settings.md."""
    known: dict[str, Variable] = {}
    for reader, kind in kinds():
        for variable in _variables(kind):
            known.setdefault(variable.name, variable).readers.append(reader)
    found = list(known.values())
    parts = [_BEGIN, "\n## For several services\n\n", _table([one for one in found if len(set(one.readers)) > 1], readers=True)]
    for reader in dict.fromkeys(reader for reader, _ in kinds()):
        parts += [f"\n## {reader}\n\n", _table([one for one in found if set(one.readers) == {reader}], readers=False)]
    return "".join(parts)


def kinds() -> Iterator[tuple[str, type[BaseSettings]]]:
    """Every class of settings, with who reads it."""
    # Here, since `madoguchi up` need not load the services.
    from deploy.backup.settings import Settings as Backup
    from deploy.console.settings import Settings as Console
    from services.intake.settings import Settings as Intake
    from services.notify.settings import Settings as Notify
    from services.opendata.settings import Settings as Opendata
    from services.review.audit.settings import SealingSettings
    from services.review.settings import Settings as Review

    yield "intake", Intake
    yield "review", Review
    yield "review", SealingSettings  # its worker's
    yield "notify", Notify
    yield "opendata", Opendata
    yield "console", Console
    yield "backup", Backup


def _variables(kind: type[BaseSettings]) -> Iterator[Variable]:
    from shared.settings import ServiceSettings

    prefix = str(kind.model_config.get("env_prefix", ""))
    for name, info in kind.model_fields.items():
        alias = info.validation_alias if isinstance(info.validation_alias, str) else ""
        yield Variable(
            name=alias or (f"{_EACH}{name}" if name in ServiceSettings.model_fields else f"{prefix}{name}").upper(),
            default=_NEEDED if info.is_required() else _shown(info.get_default(call_default_factory=True)),
            means=info.description or "",
            bounds=_bounds(info),
            secret=_is_secret(info),
        )


def _shown(value: Any) -> str:
    text = "" if value is None or value == () else str(value)
    return f"`{text}`" if text and "*" not in text else "empty"


def _bounds(info: FieldInfo) -> str:
    said = []
    for rule in info.metadata:
        for name, sign in (("ge", "≥ "), ("gt", "> "), ("le", "≤ "), ("lt", "< ")):
            if (bound := getattr(rule, name, None)) is not None:
                said.append(f"{sign}{bound}")
        if (length := getattr(rule, "min_length", None)) is not None:
            said.append(f"at least {length} characters")
    return ", ".join(said)


def _is_secret(info: FieldInfo) -> bool:
    from pydantic import SecretStr

    return info.annotation is SecretStr or SecretStr in get_args(info.annotation)


def _table(variables: list[Variable], *, readers: bool) -> str:
    heads = ["variable", "default", "meaning", *(["read by"] if readers else [])]
    lines = [heads, ["---"] * len(heads)]
    for one in variables:
        means = one.means + "".join(f" ({more})" for more in (one.bounds, "secret" if one.secret else "") if more)
        lines.append(
            [
                f"`{one.name}`",
                one.default,
                means.replace("|", "\\|"),
                *([", ".join(dict.fromkeys(one.readers))] if readers else []),
            ]
        )
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
