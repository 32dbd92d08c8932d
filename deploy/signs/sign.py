"""A sign: how one part is, said in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from shared.i18n import Language, message, show_age, show_time, translate

Kind = Literal["good", "mend", "bad"]
# Files of docs/runbooks.
Runbook = Literal[
    "backup-late",
    "backup-log-late",
    "backup-none",
    "backups",
    "broker",
    "canary-late",
    "database",
    "dead-letters",
    "deliveries-late",
    "messages-late",
    "messages-unknown",
    "retention-late",
    "rehearsal-failed",
    "schedules",
    "service-down",
    "signatures",
    "storage",
]


@dataclass(frozen=True)
class Sign:
    """How one part is. `says` is a text with `values`; `runbook` says what to do, `href` is where it is done."""

    group: str
    part: str
    kind: Kind
    says: str
    values: dict[str, Any] = field(default_factory=dict)
    runbook: Runbook | Literal[""] = ""
    href: str = ""


GROUPS = {
    "services": message("Services and workers"),
    "work": message("Queues and dead letters"),
    "servers": message("Database and broker"),
    "files": message("Files and viruses"),
    "schedule": message("Scheduled work and backups"),
    "features": message("Features"),
}


def said(sign: Sign, language: Language) -> str:
    """What a sign says. `age` is a number of seconds; `part` and `feature` are texts themselves."""

    def shown(name: str, value: Any) -> Any:
        if isinstance(value, datetime):
            return show_time(value, language)
        if name == "age":
            return show_age(value, language)
        return translate(value, language) if name in {"part", "feature"} else value

    return translate(sign.says, language, **{name: shown(name, value) for name, value in sign.values.items()})


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004 - decimal units, as disks are sold
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
