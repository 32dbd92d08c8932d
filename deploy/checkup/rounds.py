"""The round through all parts, in the order in which one would mend them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.checkup import broker, database, files, outside, settings, work
from deploy.checkup.findings import guarded
from shared.workdays import today

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.checkup.findings import Finding

NEEDED = [*map(database.variable, database.ROLES), "MADOGUCHI_BROKER_URL", "MADOGUCHI_NOTIFY_SMTP_URL", "MADOGUCHI_STORAGE"]


def servers(get: Callable[[str], str], *, production: bool) -> Iterator[Finding]:
    """Every part, as the settings name it."""
    for part, look in (
        ("the settings", settings.look),
        ("PostgreSQL", lambda: database.look(get)),
        ("the broker", lambda: broker.look(get)),
        ("the work", lambda: work.look(get, production=production)),
        ("the mail server", lambda: outside.mail(get)),
        ("the storage", lambda: files.storage(get)),
        ("the scanner", lambda: files.scanner(get)),
        ("the calendar", lambda: iter([files.calendar(today().year)])),
        ("the identity providers", lambda: outside.providers(get)),
        ("the address people use", lambda: outside.base(get)),
    ):
        yield from guarded(part, look)
