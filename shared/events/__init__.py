"""The contracts between services: what may happen, and who hears of it.

An event is a frozen class with a versioned name, sent in the envelope of CloudEvents 1.0. A published contract only grows:
a new field needs a default, a changed meaning needs a new version (tests/contracts refuses anything else).
To read SUBSCRIBERS is to read the system.
"""

from shared.events.applications import (
    ApplicationArrived,
    ApplicationFiled,
    ApplicationReturned,
    ApplicationWithdrawn,
    ProcedurePublished,
    WithdrawalAsked,
)
from shared.events.cases import (
    CaseAssigned,
    CaseAwaiting,
    CaseDecided,
    CaseDueSoon,
    CaseOpened,
    CaseOverdue,
    CaseRescheduled,
    CaseWithdrawn,
)
from shared.events.corrections import (
    ApplicationCorrected,
    CaseCorrected,
    CaseEdited,
    CorrectionClosed,
    CorrectionEvent,
    CorrectionExpired,
    CorrectionExtended,
    CorrectionReminded,
    CorrectionRequested,
)
from shared.events.documents import (
    DocumentEnded,
    DocumentEvent,
    DocumentFetched,
    DocumentIssued,
    DocumentReminded,
    DocumentSentOnPaper,
    DocumentUnfetched,
)
from shared.events.envelope import ENVELOPE, Event, Part
from shared.events.identity import InvitationSent, MandateOffered, RegistrationRequested, SignInRequested
from shared.events.messages import MessageReadByApplicant, MessageReadByOffice, MessageTaken, MessageToApplicant, MessageToOffice
from shared.events.notes import NoteMentioned
from shared.events.operation import CanarySent
from shared.events.opinions import OpinionAnswered, OpinionAsked, OpinionEvent, OpinionExpired, OpinionReminded, OpinionWithdrawn
from shared.events.parts import (
    Agent,
    Applicant,
    AttachedFile,
    Contact,
    CorrectionItem,
    Duplicate,
    Mend,
    NoticeWish,
    Official,
    Parties,
    ProcedureRef,
)
from shared.events.subscribers import EVENTS, SUBSCRIBERS, Subscriber

__all__ = [
    "ENVELOPE",
    "EVENTS",
    "SUBSCRIBERS",
    "Agent",
    "Applicant",
    "ApplicationArrived",
    "ApplicationCorrected",
    "ApplicationFiled",
    "ApplicationReturned",
    "ApplicationWithdrawn",
    "AttachedFile",
    "CanarySent",
    "CaseAssigned",
    "CaseAwaiting",
    "CaseCorrected",
    "CaseDecided",
    "CaseDueSoon",
    "CaseEdited",
    "CaseOpened",
    "CaseOverdue",
    "CaseRescheduled",
    "CaseWithdrawn",
    "Contact",
    "CorrectionClosed",
    "CorrectionEvent",
    "CorrectionExpired",
    "CorrectionExtended",
    "CorrectionItem",
    "CorrectionReminded",
    "CorrectionRequested",
    "DocumentEnded",
    "DocumentEvent",
    "DocumentFetched",
    "DocumentIssued",
    "DocumentReminded",
    "DocumentSentOnPaper",
    "DocumentUnfetched",
    "Duplicate",
    "Event",
    "InvitationSent",
    "MandateOffered",
    "Mend",
    "MessageReadByApplicant",
    "MessageReadByOffice",
    "MessageTaken",
    "MessageToApplicant",
    "MessageToOffice",
    "NoteMentioned",
    "NoticeWish",
    "Official",
    "OpinionAnswered",
    "OpinionAsked",
    "OpinionEvent",
    "OpinionExpired",
    "OpinionReminded",
    "OpinionWithdrawn",
    "Part",
    "Parties",
    "ProcedurePublished",
    "ProcedureRef",
    "RegistrationRequested",
    "SignInRequested",
    "Subscriber",
    "WithdrawalAsked",
]
