"""The tables of the desk: a module a noun."""

from services.review.models.audit import AuditEntry, AuditLink, AuditWaiting
from services.review.models.base import ReviewRecord
from services.review.models.case import Case, Procedure, Revision
from services.review.models.correction import Correction, Pause
from services.review.models.document import DOCUMENTS, Document
from services.review.models.file import CaseFile
from services.review.models.message import Message
from services.review.models.opinion import Opinion

__all__ = [
    "DOCUMENTS",
    "AuditEntry",
    "AuditLink",
    "AuditWaiting",
    "Case",
    "CaseFile",
    "Correction",
    "Document",
    "Message",
    "Opinion",
    "Pause",
    "Procedure",
    "ReviewRecord",
    "Revision",
]
