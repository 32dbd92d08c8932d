"""The tables of the counter."""

from __future__ import annotations

from services.intake.models.applications import ARRIVALS, RECEIPTS, Application, Fingerprint, Revision, Step
from services.intake.models.attachments import Attachment, Enclosure
from services.intake.models.corrections import Correction
from services.intake.models.documents import Document
from services.intake.models.drafts import Draft
from services.intake.models.lookups import Corporation, Municipality, Place
from services.intake.models.messages import Message, Notice, NoticeRead
from services.intake.models.procedures import TRIAL_VERSIONS, Procedure, Trial, TrialFiling
from services.intake.models.purged import Purged
from services.intake.models.records import IntakeRecord

__all__ = [
    "ARRIVALS",
    "RECEIPTS",
    "TRIAL_VERSIONS",
    "Application",
    "Attachment",
    "Corporation",
    "Correction",
    "Document",
    "Draft",
    "Enclosure",
    "Fingerprint",
    "IntakeRecord",
    "Message",
    "Municipality",
    "Notice",
    "NoticeRead",
    "Place",
    "Procedure",
    "Purged",
    "Revision",
    "Step",
    "Trial",
    "TrialFiling",
]
