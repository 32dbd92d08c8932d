"""How the state of a case is called and shown."""

from __future__ import annotations

from services.review.models import Case
from shared.i18n import message

# a badge's kind (shared/web/templates/macros.html) and its text
STATES: dict[str, tuple[str, str]] = {
    "open": ("going", message("Open")),
    "correcting": ("mend", message("Being mended by the applicant")),
    "decided": ("good", message("Decided")),
    "withdrawn": ("bad", message("Withdrawn")),
}
DECIDED: dict[str, tuple[str, str]] = {
    "approve": ("good", message("Approved")),
    "approve-in-part": ("good", message("Approved in part")),
    "refuse": ("bad", message("Refused")),
    "accept": ("good", message("Accepted")),
}


def state_of(case: Case) -> tuple[str, str]:
    """The state of a case, or what was decided: a badge's kind and its text."""
    return DECIDED[case.decision] if case.decision else STATES[case.state]
