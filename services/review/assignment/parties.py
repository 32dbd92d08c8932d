"""Who is concerned by a case, as conflicts of interest name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID


def parties(case_id: UUID, applicant: Mapping[str, Any], contact: Mapping[str, Any]) -> frozenset[str]:
    """The case itself, applicant and agent by organisation and corporate number, and the address that is written to.

    The same as review.parties in the database, by which queries leave out what an official must not see.
    """
    agent = applicant.get("agent") or {}
    found = [str(case_id), contact["email"].lower()]
    for one in (applicant, agent):
        found += [str(one[key]) for key in ("organisation_id", "corporate_number") if one.get(key)]
    return frozenset(found)
