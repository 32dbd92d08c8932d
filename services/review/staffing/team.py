"""A group and its officials: duties, skills, who is there, and how much everybody has to do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.review.assignment.assignment import desks
from services.review.cases.rights import groups_of
from shared.identity.callers import Caller
from shared.identity.duties import EVERY_PROCEDURE
from shared.problems import Forbidden

_COUNTS = text("""
select official_id, state, max(official_name) as name, count(*) as n from review."case"
where "group" = :group and state in ('open', 'correcting') group by 1, 2
""")


def overview(session: Session, caller: Caller, group: str) -> dict[str, Any]:
    """The officials of a group with what lies with them there, and the cases that nobody has. Raises Forbidden."""
    if group not in groups_of(session, caller):
        raise Forbidden("You have no duty in this group")
    rows = session.execute(_COUNTS, {"group": group}).all()
    counts: dict[tuple[UUID | None, str], int] = {(row.official_id, row.state): row.n for row in rows}
    there = desks(session, [group])
    members = [
        {
            "official": {"id": one, "name": desk.official.name},
            "duties": sorted(
                role + ("" if procedure == EVERY_PROCEDURE else f" ({procedure})")
                for where, procedure, role in desk.duties
                if where == group
            ),
            "skills": sorted(desk.skills.get(group, ())),
            "takes_cases": group in desk.takes,
            "away": desk.away,
            "open": counts.get((one, "open"), 0),
            "correcting": counts.get((one, "correcting"), 0),
        }
        for one, desk in there.items()
    ]
    gone = {row.official_id: row.name for row in rows if row.official_id is not None and row.official_id not in there}
    return {
        "members": sorted(members, key=lambda member: (member["official"]["name"], member["official"]["id"])),
        "unassigned": counts.get((None, "open"), 0) + counts.get((None, "correcting"), 0),
        "gone": [
            {"official": {"id": one, "name": name}, "cases": sum(counts.get((one, state), 0) for state in ("open", "correcting"))}
            for one, name in sorted(gone.items(), key=lambda row: row[1])
        ],
    }
