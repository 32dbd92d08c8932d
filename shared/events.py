"""The contracts between services: what may happen, and who hears of it.

An event is a frozen class with a versioned name, sent in the envelope of CloudEvents 1.0. A published contract only grows:
a new field needs a default, a changed meaning needs a new version (tests/contracts refuses anything else).
To read SUBSCRIBERS is to read the system.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

ENVELOPE = frozenset({"id", "subject", "sequence", "time", "traceparent"})


class Part(BaseModel):
    """A piece of a contract. Frozen; a field it does not know yet is passed over, so that a newer publisher is readable."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Part):
    """The envelope (CloudEvents 1.0). `subject` is the thing it is about, `sequence` counts its events from 1."""

    type: ClassVar[str]
    source: ClassVar[str]

    id: UUID = Field(default_factory=uuid7)
    subject: str
    sequence: int = Field(ge=1)
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    traceparent: str | None = None

    def data(self) -> dict[str, Any]:
        """The payload: every field but the envelope's, as JSON values."""
        return self.model_dump(mode="json", exclude=set(ENVELOPE))


class ProcedureRef(Part):
    """Which procedure, in which published version."""

    id: str
    version: int


class Contact(Part):
    """Whom to write to about an application, and in which language."""

    name: str
    email: str
    language: Literal["ja", "en"] = "ja"


class Agent(Part):
    """The organisation that files for another one, under its mandate (委任)."""

    organisation_id: UUID
    name: str
    corporate_number: str | None = None
    verified: bool = True


class Applicant(Part):
    """The organisation that files, or for which an `agent` files. `verified`: somebody checked who it is."""

    organisation_id: UUID
    name: str
    corporate_number: str | None = None
    verified: bool = True
    agent: Agent | None = None
    kind: str = Field(default="", description="corporation, sole-proprietor, association or ministry")


class Mend(Part):
    """One place of an application that needs mending, said in both languages. `pointer` is a JSON Pointer into the answers."""

    pointer: str
    ja: str
    en: str


class Duplicate(Part):
    """Another application of the same corporation, in force or open, that is the same by the procedure's keys, or nearly so."""

    application_id: UUID
    receipt_number: str
    filed_at: datetime
    kind: Literal["exact", "near"]


class ProcedurePublished(Event):
    """A version of a procedure is in force. `definition` is the whole of it, as shared.procedure reads it."""

    type: ClassVar[str] = "procedure.published.v1"
    source: ClassVar[str] = "intake"

    procedure: ProcedureRef
    definition: dict[str, Any]


class ApplicationFiled(Event):
    """An application was recorded in the agency's file (デジタル手続法6条3項); its format is not checked yet.

    What was filed stays with intake until it arrives: nobody else has a use for it before.
    """

    type: ClassVar[str] = "application.filed.v1"
    source: ClassVar[str] = "intake"

    receipt_number: str
    procedure: ProcedureRef


class ApplicationArrived(Event):
    """The format check passed: the application has its arrival number, and the agency's clock runs (行政手続法7条)."""

    type: ClassVar[str] = "application.arrived.v1"
    source: ClassVar[str] = "intake"

    receipt_number: str
    arrival_number: str
    arrived_at: datetime
    procedure: ProcedureRef
    applicant: Applicant
    contact: Contact
    answers: dict[str, Any]
    duplicates: list[Duplicate] = []


class ApplicationReturned(Event):
    """The format check found what has to be mended; the application did not arrive."""

    type: ClassVar[str] = "application.returned.v1"
    source: ClassVar[str] = "intake"

    receipt_number: str
    procedure: ProcedureRef
    contact: Contact
    mends: list[Mend]


class WithdrawalAsked(Event):
    """The applicant wants back what the desk may have; whether the decision came first, the case tells (docs/adr/0007)."""

    type: ClassVar[str] = "withdrawal.asked.v1"
    source: ClassVar[str] = "intake"

    asked_at: datetime
    reason: str = ""


class ApplicationWithdrawn(Event):
    """An application was withdrawn for good; nobody decides on it any more."""

    type: ClassVar[str] = "application.withdrawn.v1"
    source: ClassVar[str] = "intake"

    receipt_number: str
    procedure: ProcedureRef
    contact: Contact
    withdrawn_at: datetime


class Official(Part):
    """An official, as far as others need to know."""

    id: UUID
    name: str
    email: str


class CaseOpened(Event):
    """The review began: the application has a case with a group and, where one was free, an official."""

    type: ClassVar[str] = "case.opened.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    group: str
    group_title: str
    official: Official | None
    due_on: date | None = Field(default=None, description="the last day of the standard period (標準処理期間), in Japan")


class CaseRescheduled(Event):
    """The standard period of a case (標準処理期間) ends on another day, because its clock stood. None: there is no such day."""

    type: ClassVar[str] = "case.rescheduled.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    due_on: date | None


class CaseDueSoon(Event):
    """The standard period of a case ends soon (行政手続法6条): told to its official, or to managers where it has none."""

    type: ClassVar[str] = "case.due-soon.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    group: str
    group_title: str
    official: Official | None
    managers: list[Official] = []
    due_on: date


class CaseOverdue(Event):
    """The standard period of a case is over and it is not decided: told to its official and the managers of its group."""

    type: ClassVar[str] = "case.overdue.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    group: str
    group_title: str
    official: Official | None
    managers: list[Official] = []
    due_on: date


class CaseDecided(Event):
    """The office decided. A refusal carries its reasons (行政手続法8条) and how to appeal (行政不服審査法82条).

    `partly`: it is approved in part, and refused for the rest. `amount` is granted, in yen. `criteria` are those it cites.
    """

    type: ClassVar[str] = "case.decided.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    decision: Literal["approve", "refuse", "accept"]
    decided_at: datetime
    reasons: str = ""
    appeal: str = ""
    revision: int = Field(default=1, description="which contents it was decided on: 1 as filed, more after corrections")
    partly: bool = False
    amount: int | None = None
    conditions: list[str] = []
    criteria: list[str] = []


class CaseWithdrawn(Event):
    """The applicant withdrew before the decision: the case is closed. `official` had it, if anybody did."""

    type: ClassVar[str] = "case.withdrawn.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    official: Official | None
    withdrawn_at: datetime
    reason: str = ""


class CaseAssigned(Event):
    """A case went from an official to another, or to nobody. `by` did it; nobody, where the desk did it by the rules."""

    type: ClassVar[str] = "case.assigned.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    group: str
    group_title: str
    official: Official | None
    former: Official | None
    how: str = Field(description="rules, taken, released, reassigned, handed-over, rebalanced or conflict")
    by: str = ""
    by_id: UUID | None = None
    note: str = ""


class CorrectionItem(Part):
    """One place to mend, as the official says it. `pointer` is a JSON Pointer into the answers."""

    pointer: str
    says: str


class CorrectionEvent(Event):
    """About a correction of one case (補正, 行政手続法7条). `due_on` is the last day, in Japan's time."""

    source: ClassVar[str] = "review"

    correction_id: UUID
    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    due_on: date


class CorrectionRequested(CorrectionEvent):
    """The official asks the applicant to mend these places; the clock of the standard period stops."""

    type: ClassVar[str] = "correction.requested.v1"

    asked_at: datetime
    items: list[CorrectionItem]
    note: str = ""


class CorrectionExtended(CorrectionEvent):
    """The applicant has until another day."""

    type: ClassVar[str] = "correction.extended.v1"


class CorrectionReminded(CorrectionEvent):
    """The last day is near, and nothing was sent in yet."""

    type: ClassVar[str] = "correction.reminded.v1"


class CorrectionExpired(CorrectionEvent):
    """The last day is over and nothing was sent in: the official extends it, goes on without it, or decides."""

    type: ClassVar[str] = "correction.expired.v1"

    official: Official | None


class CorrectionClosed(CorrectionEvent):
    """The official goes on without the correction."""

    type: ClassVar[str] = "correction.closed.v1"

    note: str = ""


class ApplicationCorrected(Event):
    """The applicant sent in what was asked for: `answers` are the whole contents now, in their `revision` (from 2)."""

    type: ClassVar[str] = "application.corrected.v1"
    source: ClassVar[str] = "intake"

    correction_id: UUID
    revision: int
    answers: dict[str, Any]
    corrected_at: datetime
    receipt_number: str
    procedure: ProcedureRef
    contact: Contact
    replies: dict[str, str] = Field(default={}, description="what the applicant says to items, by their pointers")


class CaseCorrected(Event):
    """The desk has the mended contents. `late`: the case was decided on the earlier ones before they were heard of."""

    type: ClassVar[str] = "case.corrected.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    official: Official | None
    revision: int
    late: bool = False


class CaseEdited(Event):
    """An official changed entries himself, as the procedure lets him: the contents have a new `revision`, for this `reason`."""

    type: ClassVar[str] = "case.edited.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    revision: int
    before: dict[str, Any] = Field(description="the answers that differ, by the keys of their fields; computed ones too")
    after: dict[str, Any]
    reason: str
    author: str
    edited_at: datetime


class AttachedFile(Part):
    """A file that goes with a message. It lies in the storage that both sides share, and was scanned where files are."""

    id: UUID
    name: str
    size: int
    type: str
    sha256: str


class MessageToOffice(Event):
    """Somebody of the organisation wrote to the official. `subject` is the message's id; it is about `application_id`."""

    type: ClassVar[str] = "message.to-office.v1"
    source: ClassVar[str] = "intake"

    application_id: UUID
    author: str
    text: str
    sent_at: datetime
    files: list[AttachedFile] = []


class MessageToApplicant(Event):
    """An official wrote to the applicant. `subject` is the message's id; it is about `application_id`."""

    type: ClassVar[str] = "message.to-applicant.v1"
    source: ClassVar[str] = "review"

    application_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    author: str
    text: str
    sent_at: datetime
    files: list[AttachedFile] = []


class MessageTaken(Event):
    """The desk has a message of the applicant, for this official."""

    type: ClassVar[str] = "message.taken.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    official: Official | None


class MessageReadByOffice(Event):
    """An official has seen a message of the applicant (`subject`)."""

    type: ClassVar[str] = "message.read-by-office.v1"
    source: ClassVar[str] = "review"

    read_at: datetime


class MessageReadByApplicant(Event):
    """Somebody of the organisation has seen a message of the office (`subject`)."""

    type: ClassVar[str] = "message.read-by-applicant.v1"
    source: ClassVar[str] = "intake"

    read_at: datetime


class DocumentEvent(Event):
    """About a document (`subject` is its id) of the application `application_id`."""

    source: ClassVar[str] = "review"

    application_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    contact: Contact
    number: str
    title: str


class DocumentIssued(DocumentEvent):
    """The office issued a document with its decision, and it can be fetched: the bytes at `key` of the storage, no others.

    An older desk left `key` empty: it sent the text, and the bytes come with a second event. `replaces` is the document that this
    one was issued for again (再交付).
    """

    type: ClassVar[str] = "document.issued.v1"

    text: str
    addressee: str
    office: str
    issued_at: datetime
    key: str = ""
    sha256: str = ""
    size: int = 0
    replaces: UUID | None = None


class DocumentEnded(DocumentEvent):
    """A document is not in force any more: revoked (取消), or replaced by another one."""

    type: ClassVar[str] = "document.ended.v1"

    ended_at: datetime
    reason: str
    replaced_by: UUID | None = None


class DocumentReminded(DocumentEvent):
    """Nobody has fetched the document yet."""

    type: ClassVar[str] = "document.reminded.v1"


class DocumentUnfetched(DocumentEvent):
    """Nobody fetched the document in time: the office sends it on paper. `official` has the case, if anybody does."""

    type: ClassVar[str] = "document.unfetched.v1"

    case_id: UUID
    official: Official | None


class DocumentSentOnPaper(DocumentEvent):
    """The office sent the document on paper."""

    type: ClassVar[str] = "document.sent-on-paper.v1"

    sent_at: datetime


class DocumentFetched(Event):
    """The applicant fetched a document (`subject`) for the first time: these very bytes."""

    type: ClassVar[str] = "document.fetched.v1"
    source: ClassVar[str] = "intake"

    application_id: UUID
    fetched_at: datetime
    fetched_by: str
    sha256: str


class OpinionEvent(Event):
    """About an opinion that is asked for on a case (`subject` is the opinion's id). `contact` is whom to write to about it."""

    source: ClassVar[str] = "review"

    case_id: UUID
    procedure: ProcedureRef
    contact: Contact
    path: str
    due_on: date


class OpinionAsked(OpinionEvent):
    """An official asks somebody what he thinks. With a `link_id` from outside: the link's secret is derived by who sends it."""

    type: ClassVar[str] = "opinion.asked.v1"

    asked_by: str
    link_id: UUID | None = None


class OpinionReminded(OpinionEvent):
    """The last day is near, and nothing was answered yet."""

    type: ClassVar[str] = "opinion.reminded.v1"

    asked_by: str
    link_id: UUID | None = None


class OpinionWithdrawn(OpinionEvent):
    """The official does not want the opinion any more."""

    type: ClassVar[str] = "opinion.withdrawn.v1"

    asked_by: str


class OpinionAnswered(OpinionEvent):
    """Who was asked (`name`) answered, or revised his answer: the official who asked is told."""

    type: ClassVar[str] = "opinion.answered.v1"

    arrival_number: str
    name: str
    revised: bool = False


class OpinionExpired(OpinionEvent):
    """The last day is over and nothing was answered: the official who asked is told."""

    type: ClassVar[str] = "opinion.expired.v1"

    arrival_number: str
    name: str


class NoteMentioned(Event):
    """An official is mentioned in an internal note on a case. `subject` is the note's id; its text stays at the desk."""

    type: ClassVar[str] = "note.mentioned.v1"
    source: ClassVar[str] = "review"

    case_id: UUID
    arrival_number: str
    procedure: ProcedureRef
    official: Official
    author: str


class SignInRequested(Event):
    """Somebody asked for a link to sign in. The link's secret is derived by who sends it; it never lies in the log."""

    type: ClassVar[str] = "sign-in.requested.v1"
    source: ClassVar[str] = "identity"

    link_id: UUID
    path: str
    contact: Contact
    expires_at: datetime


class RegistrationRequested(Event):
    """Somebody without an account would register an organisation. The link's secret is derived as that of a sign-in."""

    type: ClassVar[str] = "registration.requested.v1"
    source: ClassVar[str] = "identity"

    link_id: UUID
    path: str
    contact: Contact
    expires_at: datetime


class InvitationSent(Event):
    """An owner invited somebody into his organisation. The link's secret is derived by who sends it, as that of a sign-in."""

    type: ClassVar[str] = "invitation.sent.v1"
    source: ClassVar[str] = "identity"

    link_id: UUID
    path: str
    contact: Contact
    organisation: str
    invited_by: str
    expires_at: datetime


class MandateOffered(Event):
    """An organisation would have another one act for it (委任). One event for each person to write to."""

    type: ClassVar[str] = "mandate.offered.v1"
    source: ClassVar[str] = "identity"

    contact: Contact
    principal: str
    starts_on: date
    ends_on: date
    path: str


EVENTS: dict[str, type[Event]] = {
    event.type: event
    for event in (
        ProcedurePublished,
        ApplicationFiled,
        ApplicationArrived,
        ApplicationReturned,
        WithdrawalAsked,
        ApplicationWithdrawn,
        CaseOpened,
        CaseRescheduled,
        CaseDueSoon,
        CaseOverdue,
        CaseDecided,
        CaseWithdrawn,
        CaseAssigned,
        CorrectionRequested,
        CorrectionExtended,
        CorrectionReminded,
        CorrectionExpired,
        CorrectionClosed,
        ApplicationCorrected,
        CaseCorrected,
        CaseEdited,
        MessageToOffice,
        MessageToApplicant,
        MessageTaken,
        MessageReadByOffice,
        MessageReadByApplicant,
        DocumentIssued,
        DocumentEnded,
        DocumentReminded,
        DocumentUnfetched,
        DocumentSentOnPaper,
        DocumentFetched,
        OpinionAsked,
        OpinionReminded,
        OpinionWithdrawn,
        OpinionAnswered,
        OpinionExpired,
        NoteMentioned,
        SignInRequested,
        RegistrationRequested,
        InvitationSent,
        MandateOffered,
    )
}


@dataclass(frozen=True)
class Subscriber:
    """A handler of a service, `<service>.<handler>`. `ordered`: an application's events come one after the other."""

    name: str
    ordered: bool = True

    @property
    def service(self) -> str:
        """The service whose worker runs the handler."""
        return self.name.partition(".")[0]


def _hears(*names: str, ordered: bool = True) -> list[Subscriber]:
    return [Subscriber(name, ordered) for name in names]


SUBSCRIBERS: dict[str, list[Subscriber]] = {
    "procedure.published.v1": _hears("review.keep_procedure", "notify.keep_procedure", "opendata.keep_procedure"),
    "application.filed.v1": [*_hears("intake.check_format"), *_hears("opendata.count", ordered=False)],
    "application.arrived.v1": [*_hears("review.open_case", "notify.tell"), *_hears("opendata.count", ordered=False)],
    "application.returned.v1": [*_hears("notify.tell"), *_hears("opendata.count", ordered=False)],
    # the same subscriber as the arrival, so that a withdrawal never overtakes it
    "withdrawal.asked.v1": _hears("review.open_case"),
    "application.withdrawn.v1": [*_hears("notify.tell"), *_hears("opendata.count", ordered=False)],
    "case.opened.v1": _hears("intake.follow_case", "notify.tell"),
    "case.rescheduled.v1": _hears("intake.follow_case"),
    "case.due-soon.v1": _hears("notify.tell"),
    "case.overdue.v1": _hears("notify.tell"),
    "case.decided.v1": [*_hears("intake.follow_case", "notify.tell"), *_hears("opendata.count", ordered=False)],
    "case.withdrawn.v1": _hears("intake.follow_case", "notify.tell"),
    "case.assigned.v1": _hears("notify.tell"),
    "correction.requested.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.extended.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.reminded.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.expired.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.closed.v1": _hears("intake.follow_case", "notify.tell"),
    # the same subscriber as the withdrawal, so that neither overtakes the other
    "application.corrected.v1": _hears("review.open_case", "notify.tell"),
    "case.corrected.v1": _hears("notify.tell"),
    "case.edited.v1": _hears("intake.follow_case", "notify.tell"),
    "message.to-office.v1": _hears("review.open_case"),
    "message.to-applicant.v1": _hears("intake.follow_case", "notify.tell"),
    "message.taken.v1": _hears("notify.tell"),
    "message.read-by-office.v1": _hears("intake.follow_case"),
    "message.read-by-applicant.v1": _hears("review.open_case"),
    "document.issued.v1": _hears("intake.follow_case", "notify.tell"),
    "document.ended.v1": _hears("intake.follow_case", "notify.tell"),
    "document.reminded.v1": _hears("intake.follow_case", "notify.tell"),
    "document.unfetched.v1": _hears("notify.tell"),
    "document.sent-on-paper.v1": _hears("intake.follow_case"),
    "document.fetched.v1": _hears("review.open_case"),
    "opinion.asked.v1": _hears("notify.tell"),
    "opinion.reminded.v1": _hears("notify.tell"),
    "opinion.withdrawn.v1": _hears("notify.tell"),
    "opinion.answered.v1": _hears("notify.tell"),
    "opinion.expired.v1": _hears("notify.tell"),
    "note.mentioned.v1": _hears("notify.tell"),
    "sign-in.requested.v1": _hears("notify.tell", ordered=False),
    "registration.requested.v1": _hears("notify.tell", ordered=False),
    "invitation.sent.v1": _hears("notify.tell", ordered=False),
    "mandate.offered.v1": _hears("notify.tell", ordered=False),
}
