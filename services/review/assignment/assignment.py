"""Who gets a case: the official of the group with the fewest open ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared.events import Official

# The lock makes two batches share out a group's cases one after the other, so that both see the other's.
_LOCK = text(
    "select pg_advisory_xact_lock(hashtextextended('review.assignment:' || g, 0)) from unnest(cast(:groups as text[])) g"
)
_LOADS = text("""
select o."group", o.account_id, o.name, o.email,
       (select count(*) from review."case" c where c.official_id = o.account_id and c.state = 'open') as load
from identity.official o where o."group" = any(:groups) and o.takes_cases
""")


@dataclass
class Desk:
    """An official and how many open cases lie on the desk."""

    official: Official
    load: int


@dataclass
class Assignment:
    """Shares out cases in one transaction."""

    desks: dict[str, list[UUID]] = field(default_factory=dict)
    officials: dict[UUID, Desk] = field(default_factory=dict)

    @classmethod
    def among(cls, session: Session, groups: set[str]) -> Assignment:
        """The officials of these groups with their present load; nobody else assigns in these groups meanwhile."""
        made = cls()
        names = sorted(groups)
        session.execute(_LOCK, {"groups": names})
        for row in session.execute(_LOADS, {"groups": names}):
            desk = Desk(Official(id=row.account_id, name=row.name, email=row.email), row.load)
            made.officials.setdefault(row.account_id, desk)
            made.desks.setdefault(row.group, []).append(row.account_id)
        return made

    def take(self, group: str) -> Official | None:
        """The official for the next case of a group, or None where the group has nobody who takes cases."""
        candidates = [self.officials[one] for one in self.desks.get(group, [])]
        if not candidates:
            return None
        desk = min(candidates, key=lambda one: (one.load, one.official.id))
        desk.load += 1
        return desk.official
