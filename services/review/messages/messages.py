"""Messages between office and applicant about one case, in both directions; the whole group sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, update
from sqlmodel import Session, col, func, select

from services.review.audit.audit import Noted, note_all
from services.review.cases.cases import officials_of, parties_of, ref_of
from services.review.cases.moves import acting
from services.review.files import files
from services.review.models import Case, Message
from shared.bus.publish import publish
from shared.conversations import TEXT_LIMIT
from shared.database import insert_many, new_id
from shared.events import (
    AttachedFile,
    Contact,
    MessageReadByApplicant,
    MessageReadByOffice,
    MessageTaken,
    MessageToApplicant,
    MessageToOffice,
    Official,
)
from shared.files.kept import reference
from shared.identity.callers import Caller
from shared.problems import Conflict, Invalid, NotFound, TooMany
from shared.telemetry import current_traceparent
from shared.validation import text_errors

MOST_A_DAY, MOST = 100, 1000  # of the office about one case


def may_write(case: Case) -> bool:
    """Whether the applicant is still to be written to."""
    return case.state != "withdrawn"


def of_case(session: Session, case: Case) -> Sequence[Message]:
    """The messages about a case, in their order."""
    return session.exec(select(Message).where(Message.case_id == case.id).order_by(col(Message.at), col(Message.id))).all()


def write(
    session: Session, caller: Caller, case_id: UUID, text: str, file_ids: Sequence[str] = (), *, scanning: bool = False
) -> Message:
    """Write to the applicant. Where files are scanned (`scanning`), they have to be before they are sent.

    Raises NotFound, Forbidden, Conflict for a withdrawn case, Invalid, TooMany.
    """
    case = acting(session, caller, case_id, "write-message")
    if wrong := text_errors("/text", text, TEXT_LIMIT, needed=True):
        raise Invalid("The message cannot be sent like this", errors=wrong)
    _must_be_few(session, case)
    message = Message(id=new_id(), case_id=case.id, from_office=True, author=caller.name, text=text.strip(), at=datetime.now(UTC))
    if scanning:
        files.must_be_scanned(files.loose(session, case.id, caller.account_id, file_ids))
    message.files = [reference(one) for one in files.give(session, case.id, caller.account_id, message.id, file_ids)]
    session.add(message)
    publish(
        session,
        MessageToApplicant(
            subject=str(message.id),
            sequence=1,
            traceparent=current_traceparent(),
            application_id=case.application_id,
            arrival_number=case.arrival_number,
            procedure=ref_of(case),
            group=case.group,
            parties=parties_of(case),
            contact=Contact(**case.contact),
            author=message.author,
            text=message.text,
            sent_at=message.at,
            files=[AttachedFile(**one) for one in message.files],
        ),
    )
    return message


def file_of(session: Session, case: Case, message_id: UUID, file_id: UUID) -> dict[str, Any]:
    """What a message says of one of its files. Raises NotFound."""
    message = session.exec(select(Message).where(Message.id == message_id, Message.case_id == case.id)).first()
    found = next((one for one in message.files if one["id"] == str(file_id)), None) if message else None
    if found is None:
        raise NotFound("There is no such file here")
    return found


def _must_be_few(session: Session, case: Case) -> None:
    ours = select(func.count()).where(Message.case_id == case.id, col(Message.from_office))
    if session.exec(ours.where(Message.at > datetime.now(UTC) - timedelta(days=1))).one() >= MOST_A_DAY:
        raise TooMany("At most {most} messages a day about one application", most=MOST_A_DAY, retry_after=3600)
    if session.exec(ours).one() >= MOST:
        raise Conflict("At most {most} messages about one application", most=MOST)


def read(session: Session, case: Case) -> None:
    """An official looks at the applicant's messages; the applicant is told when, once."""
    now = datetime.now(UTC)
    unread = and_(col(Message.case_id) == case.id, col(Message.from_office).is_(False), col(Message.read_at).is_(None))
    if session.exec(select(Message.id).where(unread).limit(1)).first() is None:
        return
    ids = session.scalars(update(Message).where(unread).values(read_at=now).returning(col(Message.id)))
    # the first event about each was that it was taken
    publish(session, *(MessageReadByOffice(subject=str(one), sequence=2, read_at=now) for one in ids))


def take(session: Session, events: Sequence[MessageToOffice]) -> None:
    """Take what applicants wrote, each once, and tell the officials that there is something."""
    wanted = col(Case.application_id).in_([event.application_id for event in events])
    cases = {case.application_id: case for case in session.exec(select(Case).where(wanted))}
    rows = [
        {
            "id": event.subject,
            "case_id": str(cases[event.application_id].id),
            "from_office": False,
            "author": event.author,
            "text": event.text,
            "at": event.sent_at.isoformat(),
            "files": [one.model_dump(mode="json") for one in event.files],
        }
        for event in events
    ]
    new = {str(row.id) for row in insert_many(session, Message, rows, returning=("id",))}
    officials = officials_of(session, list(cases.values()))
    taken = [_taken(event, cases[event.application_id], officials) for event in events if event.subject in new]
    acts = [Noted("message.taken", one.case_id, details={"heard": MessageToOffice.type, "message": one.subject}) for one in taken]
    note_all(session, acts)
    publish(session, *taken)


def _taken(event: MessageToOffice, case: Case, officials: dict[UUID, Official]) -> MessageTaken:
    return MessageTaken(
        subject=event.subject,
        sequence=1,
        traceparent=event.traceparent,
        case_id=case.id,
        arrival_number=case.arrival_number,
        procedure=ref_of(case),
        official=officials.get(case.official_id) if case.official_id else None,
    )


def seen(session: Session, events: Sequence[MessageReadByApplicant]) -> None:
    """Note when applicants read what the office wrote."""
    for event in events:
        ours = update(Message).where(col(Message.id) == UUID(event.subject), col(Message.read_at).is_(None))
        session.execute(ours.values(read_at=event.read_at))
