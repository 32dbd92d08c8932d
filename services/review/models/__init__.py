"""The tables of the desk: a module a noun."""

from services.review.models.assigning import Absence, Conflict, Handing
from services.review.models.audit import AuditEntry, AuditLink, AuditWaiting
from services.review.models.base import ReviewRecord
from services.review.models.case import Case, Procedure, Revision
from services.review.models.correction import Correction, Pause
from services.review.models.document import DOCUMENTS, Document, DocumentSerial
from services.review.models.file import CaseFile
from services.review.models.finding import Finding, FindingGrams
from services.review.models.job import Job, JobFile, JobItem, SavedView
from services.review.models.message import Message
from services.review.models.note import Mention, Note
from services.review.models.opinion import Opinion
from services.review.models.purged import Leaving, Purged
from services.review.models.stage import Judgement, Proposal, ProposalComment, ScoreSheet, Step

__all__ = [
    "DOCUMENTS",
    "Absence",
    "AuditEntry",
    "AuditLink",
    "AuditWaiting",
    "Case",
    "CaseFile",
    "Conflict",
    "Correction",
    "Document",
    "DocumentSerial",
    "Finding",
    "FindingGrams",
    "Handing",
    "Job",
    "JobFile",
    "JobItem",
    "Judgement",
    "Leaving",
    "Mention",
    "Message",
    "Note",
    "Opinion",
    "Pause",
    "Procedure",
    "Proposal",
    "ProposalComment",
    "Purged",
    "ReviewRecord",
    "Revision",
    "SavedView",
    "ScoreSheet",
    "Step",
]
