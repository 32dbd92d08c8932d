"""The words for where an application stands and for what happened to it, each with the look of its badge."""

from __future__ import annotations

from services.intake.models import Step
from shared.i18n import message

STATES = {
    "filed": ("going", message("Filed; its format is being checked")),
    "arrived": ("going", message("Arrived")),
    "returned": ("mend", message("Returned; needs mending")),
    "in_review": ("going", message("Under review")),
    "correcting": ("mend", message("Asked to be mended")),
    "approved": ("good", message("Approved")),
    "partly_approved": ("good", message("Approved in part")),
    "refused": ("bad", message("Refused")),
    "accepted": ("good", message("Accepted")),
    "withdrawing": ("going", message("Withdrawal asked for")),
    "withdrawn": ("bad", message("Withdrawn")),
}


# The same as steps of the past.
STEPS = STATES | {
    "filed": ("good", message("Filed")),
    "arrived": ("good", message("Arrived")),
    "in_review": ("going", message("The review began")),
}


# What happened in steps that leave an application in a state, or bring it back.
WHAT = {
    "asked": ("mend", message("Correction asked for")),
    "extended": ("mend", message("More time for the correction")),
    "expired": ("bad", message("The last day for the correction passed")),
    "closed": ("going", message("The review goes on without the correction")),
    "answered": ("good", message("Correction sent in")),
    "edited": ("mend", message("The office changed entries")),
}


# The same as news, and what is no step.
NEWS = {
    "reminded": ("mend", message("The last day for the correction is near")),
    "message": ("going", message("Message from the office")),
    "document": ("good", message("Document issued")),
    "document-ended": ("bad", message("Document revoked")),
    "document-reminder": ("mend", message("Document not fetched yet")),
    "fetched": ("good", message("Document fetched")),
}


def step_said(step: Step) -> tuple[str, str]:
    """The badge of a step."""
    return WHAT[step.detail["what"]] if "what" in step.detail else STEPS[step.state]


def said_of(kind: str) -> tuple[str, str]:
    """The badge of a notice."""
    return (STEPS | WHAT | NEWS)[kind]
