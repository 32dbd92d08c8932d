"""Who somebody is, as it stands in identity's tables: names and addresses are sealed, and addresses are found by their hash.

A place of its own for addresses, and one for names: sealed once, they go from an invitation into an account as they are.
"""

from __future__ import annotations

from typing import Any

from shared.sealing.blind import whose
from shared.sealing.columns import SealedJSON, SealedText

EMAIL = SealedText("identity.account.email")
NAME = SealedText("identity.account.name")
PROFILE = SealedJSON("identity.account.profile")


def spelt(email: str) -> str:
    """An address as accounts have it."""
    return email.strip().lower()


def looked_for(email: str | None) -> dict[str, Any]:
    """What functions of the database find an address by: its `hash`, and as it stands where it is plain still (`address`)."""
    if email is None:
        return {"hash": None, "address": None}
    # what begins like this in a table is sealed: nobody is found by what he copied from there
    return {"hash": whose(email), "address": None if email.startswith("~") else email}


def written(email: str | None) -> dict[str, Any]:
    """The same, and the address as it is written now (`sealed`)."""
    return looked_for(email) | {"sealed": EMAIL.sealed_text(email)}
