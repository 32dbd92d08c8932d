"""The round through all parts, in the order in which one would mend them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.checkup import calendar, database, outside, settings, signs
from deploy.checkup.findings import guarded
from shared.workdays import today

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.checkup.findings import Finding

NEEDED = [*map(database.variable, database.ROLES), "MADOGUCHI_BROKER_URL", "MADOGUCHI_NOTIFY_SMTP_URL", "MADOGUCHI_STORAGE"]


def servers(get: Callable[[str], str]) -> Iterator[Finding]:
    """Every part, as the settings name it."""
    for part, look in (
        ("the settings", settings.look),
        ("PostgreSQL", lambda: database.look(get)),
        ("the work", lambda: signs.in_database(get)),
        ("the broker and the services", lambda: signs.around(get)),
        ("the mail server", lambda: outside.mail(get)),
        ("the calendar", lambda: iter([calendar.look(today().year)])),
        ("the identity providers", lambda: outside.providers(get)),
        ("the address people use", lambda: outside.base(get)),
    ):
        yield from guarded(part, look)
