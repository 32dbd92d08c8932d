"""Messages between applicant and office about one application, in both directions; the whole organisation sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, update
from sqlmodel import Session, col, func, select

from services.intake.applications.applications import DECIDED
from services.intake.files import attachments
from services.intake.files.enclosures import enclose
from services.intake.models import Application, Message
from services.intake.notices import notices
from services.intake.rights.reach import within
from shared.bus.publish import publish
from shared.conversations import TEXT_LIMIT
from shared.database import insert_many, new_id
from shared.events import AttachedFile, MessageReadByApplicant, MessageReadByOffice, MessageToApplicant, MessageToOffice
from shared.files.kept import MOST_FILES, reference
from shared.identity.callers import Caller, must_write
from shared.identity.mandates import acting
from shared.problems import Conflict, FieldError, Invalid, NotFound, TooMany
from shared.telemetry import current_traceparent
from shared.validation import text_errors

MOST_A_DAY, MOST = 30, 1000  # of one organisation about one application
# There is a case, so somebody reads it.
_READ = {"in_review", "correcting"} | DECIDED

Heard = MessageToApplicant | MessageReadByOffice


def may_write(application: Application) -> bool:
    """Whether the office takes messages about it."""
    return application.state in _READ


def listed(session: Session, caller: Caller, application_id: UUID) -> Sequence[Message]:
    """The messages about an application that the caller reaches, in their order. Raises NotFound."""
    _reached(session, caller, application_id)
    return session.exec(
        select(Message).where(Message.application_id == application_id).order_by(col(Message.at), col(Message.id))
    ).all()


def write(
    session: Session, caller: Caller, application_id: UUID, text: str, file_ids: Sequence[UUID] = (), *, scanning: bool = False
) -> Message:
    """Write to the office, with files that were sent before; where files are scanned (`scanning`), they have to be.

    Raises NotFound, Conflict while nobody there would read it, Invalid, TooMany, Forbidden for who may only read, or holds no
    mandate to file.
    """
    must_write(caller)
    application = _reached(session, caller, application_id, lock=True)
    acting(session, caller, application.organisation_id, application.procedure_id, "file")
    if wrong := text_errors("/text", text, TEXT_LIMIT, needed=True):
        raise Invalid("The message cannot be sent like this", errors=wrong)
    if not may_write(application):
        raise Conflict("The office takes messages about this application from the review on, unless it is withdrawn")
    _must_be_few(session, application_id)
    message = Message(
        id=new_id(), application_id=application_id, from_office=False, author=caller.name, text=text.strip(), at=datetime.now(UTC)
    )
    message.files = _enclosed(session, caller, application, file_ids, scanning=scanning)
    session.add(message)
    publish(
        session,
        MessageToOffice(
            subject=str(message.id),
            sequence=1,
            traceparent=current_traceparent(),
            application_id=application_id,
            author=message.author,
            text=message.text,
            sent_at=message.at,
            files=[AttachedFile(**one) for one in message.files],
        ),
    )
    return message


def _enclosed(
    session: Session, caller: Caller, application: Application, ids: Sequence[UUID], *, scanning: bool
) -> list[dict[str, Any]]:
    """The files of a message, which stay from now on. Raises Invalid, Conflict."""
    if len(set(ids)) > MOST_FILES:
        raise _unfit("Attach at most {most} files", most=MOST_FILES)
    found = []
    for one in dict.fromkeys(ids):
        try:
            file = attachments.shown(session, caller, one)
        except NotFound:
            file = None
        if file is None or file.organisation_id != application.organisation_id:
            raise _unfit("A file is not here any more; attach it again")
        if file.state in {"infected", "failed"}:
            raise _unfit("“{name}” has a virus, or could not be scanned; take it out", name=file.name)
        if scanning and file.state == "waiting":
            raise Conflict("A file is being scanned for viruses; send this again in a moment", retry_after=5)
        found.append(file)
    whose = {"application_id": str(application.id), "organisation_id": str(application.organisation_id)}
    enclose(session, [{**whose, "attachment_id": str(file.id)} for file in found])
    return [reference(file) for file in found]


def _unfit(detail: str, **values: Any) -> Invalid:
    return Invalid("The message cannot be sent like this", errors=[FieldError("/files", detail, values)])


def file_of(session: Session, application: Application, message_id: UUID, file_id: UUID) -> dict[str, Any]:
    """What a message says of one of its files. Raises NotFound."""
    query = select(Message).where(Message.id == message_id, Message.application_id == application.id)
    message = session.exec(query).first()
    found = next((one for one in message.files if one["id"] == str(file_id)), None) if message else None
    if found is None:
        raise NotFound("There is no such file here")
    return found


def _must_be_few(session: Session, application_id: UUID) -> None:
    mine = select(func.count()).where(Message.application_id == application_id, col(Message.from_office).is_(False))
    if session.exec(mine.where(Message.at > datetime.now(UTC) - timedelta(days=1))).one() >= MOST_A_DAY:
        raise TooMany("At most {most} messages a day about one application", most=MOST_A_DAY, retry_after=3600)
    if session.exec(mine).one() >= MOST:
        raise Conflict("At most {most} messages about one application", most=MOST)


def _reached(session: Session, caller: Caller, application_id: UUID, *, lock: bool = False) -> Application:
    query = select(Application).where(Application.id == application_id, within(session, caller, Application))
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("No application of your organisation has the id {id}", id=application_id)
    return found


def read(session: Session, application: Application) -> None:
    """Somebody of the organisation looks at the office's messages; the office is told when, once."""
    now = datetime.now(UTC)
    unread = and_(col(Message.application_id) == application.id, col(Message.from_office), col(Message.read_at).is_(None))
    if session.exec(select(Message.id).where(unread).limit(1)).first() is None:
        return
    ids = session.scalars(update(Message).where(unread).values(read_at=now).returning(col(Message.id)))
    publish(session, *(MessageReadByApplicant(subject=str(one), sequence=1, read_at=now) for one in ids))


def hear(session: Session, events: Sequence[Heard]) -> None:
    """Take what the office wrote, and when it read what the organisation wrote."""
    rows = [
        {
            "id": event.subject,
            "application_id": str(event.application_id),
            "from_office": True,
            "author": event.author,
            "text": event.text,
            "at": event.sent_at,
            "files": [one.model_dump(mode="json") for one in event.files],
        }
        for event in events
        if isinstance(event, MessageToApplicant)
    ]
    insert_many(session, Message, rows)
    notices.tell(session, "message", ((one, one.application_id) for one in events if isinstance(one, MessageToApplicant)))
    for event in events:
        if isinstance(event, MessageReadByOffice):
            mine = update(Message).where(col(Message.id) == UUID(event.subject), col(Message.read_at).is_(None))
            session.execute(mine.values(read_at=event.read_at))
