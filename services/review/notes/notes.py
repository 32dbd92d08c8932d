"""Internal notes on a case: written for colleagues, some of whom are mentioned and told. No event carries their text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, text, update
from sqlmodel import Session, col, func, select

from services.review.cases.cases import ref_of
from services.review.cases.moves import acting
from services.review.cases.rights import by_name, concerned_with, visible
from services.review.files import files
from services.review.models import Case, Mention, Note
from shared.bus.publish import publish
from shared.database import new_id
from shared.events import NoteMentioned, Official
from shared.identity.callers import Caller
from shared.identity.personal import EMAIL, NAME
from shared.problems import Conflict, FieldError, Forbidden, Invalid, NotFound, TooMany
from shared.telemetry import current_traceparent
from shared.validation import text_errors

TEXT_LIMIT = 10_000
MOST, MOST_A_DAY, MOST_MENTIONS = 1000, 200, 20  # about one case; of one official; in one note
EDITABLE = timedelta(minutes=15)

# Who may see a case: those with a duty in its group for its procedure.
_PEOPLE = text("""
select distinct o.account_id, o.name, o.email
from identity.duty_of d join identity.official o on o.account_id = d.account_id
where d."group" = :group and d.procedure in ('*', :procedure)
""").columns(name=NAME, email=EMAIL)


def people(session: Session, caller: Caller, case: Case) -> list[Official]:
    """Whom a note may mention: the others who may see the case."""
    rows = session.execute(_PEOPLE, {"group": case.group, "procedure": case.procedure_id})
    found = sorted((Official(id=row.account_id, name=row.name, email=row.email) for row in rows), key=by_name)
    shut = {caller.account_id} | concerned_with(session, case)
    return [one for one in found if one.id not in shut]


def of_case(session: Session, case: Case) -> Sequence[Note]:
    """The notes on a case, in their order; those that were deleted without their text."""
    return session.exec(select(Note).where(Note.case_id == case.id).order_by(col(Note.id))).all()


def mentions_of(session: Session, notes: Collection[UUID]) -> dict[UUID, list[Mention]]:
    """Who is mentioned in notes."""
    found: dict[UUID, list[Mention]] = {one: [] for one in notes}
    query = select(Mention).where(col(Mention.note_id).in_(notes)).order_by(col(Mention.name))
    for mention in session.exec(query) if notes else ():
        found[mention.note_id].append(mention)
    return found


def write(
    session: Session,
    caller: Caller,
    case_id: UUID,
    written: str,
    *,
    mentions: Collection[UUID] = (),
    file_ids: Sequence[str] = (),
) -> Note:
    """Write a note; who is mentioned in it is told. Raises NotFound, Forbidden, Conflict, Invalid, TooMany."""
    case = acting(session, caller, case_id, "write-note")
    _must_fit(written)
    _must_be_few(session, caller, case)
    note = Note(
        id=new_id(),
        case_id=case.id,
        author_id=caller.account_id,
        author=caller.name,
        text=written.strip(),
        at=datetime.now(UTC),
    )
    session.add(note)
    session.flush()
    files.give(session, case.id, caller.account_id, note.id, file_ids)
    _mention(session, caller, case, note, mentions)
    return note


def edit(
    session: Session,
    caller: Caller,
    case_id: UUID,
    note_id: UUID,
    written: str,
    *,
    mentions: Collection[UUID] = (),
    file_ids: Sequence[str] = (),
) -> Note:
    """Write one's own note anew, within EDITABLE of its writing; whoever is mentioned only now is told.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    case = acting(session, caller, case_id, "edit-note")
    note = own(session, caller, case, note_id)
    if not may_edit(note, caller):
        raise Conflict("A note can be changed for {minutes} minutes only", minutes=int(EDITABLE.total_seconds() // 60))
    _must_fit(written)
    files.give(session, case.id, caller.account_id, note.id, file_ids)
    if note.text != written.strip():
        note.text, note.edited_at = written.strip(), datetime.now(UTC)
    session.add(note)
    _mention(session, caller, case, note, mentions)
    return note


def remove(session: Session, caller: Caller, case_id: UUID, note_id: UUID) -> Note:
    """Delete one's own note: that there was one, whose and when, stays. Raises NotFound, Forbidden, Conflict."""
    case = acting(session, caller, case_id, "delete-note")
    note = own(session, caller, case, note_id)
    note.text, note.deleted_at = "", datetime.now(UTC)
    session.add(note)
    session.execute(delete(Mention).where(col(Mention.note_id) == note.id))
    files.drop(session, note.id)
    return note


def may_edit(note: Note, caller: Caller) -> bool:
    """Whether the caller may still change this note."""
    return note.author_id == caller.account_id and note.deleted_at is None and datetime.now(UTC) - note.at < EDITABLE


def own(session: Session, caller: Caller, case: Case, note_id: UUID) -> Note:
    """One's own note on a case. Raises NotFound, Forbidden for a colleague's."""
    note = session.exec(select(Note).where(Note.id == note_id, Note.case_id == case.id)).first()
    if note is None or note.deleted_at is not None:
        raise NotFound("No note on this case has the id {id}", id=note_id)
    if note.author_id != caller.account_id:
        raise Forbidden("Only who wrote a note may change or delete it")
    return note


def _must_fit(written: str) -> None:
    if wrong := text_errors("/text", written, TEXT_LIMIT, needed=True):
        raise Invalid("The note cannot be kept like this", errors=wrong)


def _must_be_few(session: Session, caller: Caller, case: Case) -> None:
    today = col(Note.at) > datetime.now(UTC) - timedelta(days=1)
    mine = func.count().filter(today, col(Note.author_id) == caller.account_id)
    every, of_today = session.exec(select(func.count(), mine).where(Note.case_id == case.id)).one()
    if of_today >= MOST_A_DAY:
        raise TooMany("At most {most} notes a day about one application", most=MOST_A_DAY, retry_after=3600)
    if every >= MOST:
        raise Conflict("At most {most} notes about one application", most=MOST)


def _mention(session: Session, caller: Caller, case: Case, note: Note, wanted: Collection[UUID]) -> None:
    known = {one.id: one for one in people(session, caller, case)}
    if not known.keys() >= set(wanted) or len(set(wanted)) > MOST_MENTIONS:
        wrong = FieldError("/mentions", "Mention at most {most} officials who may see this case", {"most": MOST_MENTIONS})
        raise Invalid("The note cannot be kept like this", errors=[wrong])
    before = {one.account_id: one for one in mentions_of(session, [note.id])[note.id]}
    for account_id in before.keys() - set(wanted):
        session.delete(before[account_id])
    for account_id in sorted(set(wanted) - before.keys()):
        official = known[account_id]
        session.add(Mention(note_id=note.id, account_id=account_id, name=official.name))
        note.version += 1
        publish(
            session,
            NoteMentioned(
                subject=str(note.id),
                sequence=note.version,
                traceparent=current_traceparent(),
                case_id=case.id,
                arrival_number=case.arrival_number,
                procedure=ref_of(case),
                official=official,
                author=caller.name,
            ),
        )
    session.flush()


def waiting(session: Session, caller: Caller) -> int:
    """In how many notes the caller is mentioned that he has not read."""
    query = select(func.count()).where(Mention.account_id == caller.account_id, col(Mention.read_at).is_(None))
    return session.exec(query).one()


def mentioning(session: Session, caller: Caller) -> Sequence[tuple[Note, Case]]:
    """The notes that the caller should read and has not, with their cases, the oldest first."""
    query = select(Note, Case).join(Case, col(Case.id) == Note.case_id).join(Mention, col(Mention.note_id) == Note.id)
    unread = query.where(Mention.account_id == caller.account_id, col(Mention.read_at).is_(None), visible(caller))
    return session.exec(unread.order_by(col(Note.id)).limit(100)).all()


def seen(session: Session, caller: Caller, case: Case) -> None:
    """The caller looks at the notes of a case: he has read where he is mentioned."""
    here = select(Note.id).where(Note.case_id == case.id)
    unread = (col(Mention.account_id) == caller.account_id) & col(Mention.read_at).is_(None) & col(Mention.note_id).in_(here)
    session.execute(update(Mention).where(unread).values(read_at=datetime.now(UTC)))
