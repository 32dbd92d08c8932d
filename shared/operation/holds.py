"""Legal holds: what must not be deleted or made anonymous while they last, whatever its time (公文書管理法施行令9条)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared.database import new_id
from shared.operation import acts
from shared.operation.acts import Operator
from shared.operation.tables import Hold
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.validation import text_errors

Kind = Literal["application", "organisation", "procedure"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SUBJECT_LIMIT = 100

# A purge takes the lock shared for each of its pieces: who held something back knows that no piece is under way that missed it.
_ALONE = text("select pg_advisory_xact_lock(hashtextextended('operation.hold', 0))")
_BESIDE = text("select pg_advisory_xact_lock_shared(hashtextextended('operation.hold', 0))")


def hold(session: Session, by: Operator, kind: str, subject: str, reason: str) -> Hold:
    """Hold everything of an application or organisation (by its id) or of a procedure (by its key) back from being purged.

    When the transaction is committed, no purge takes it any more. Raises Invalid, and Conflict where it is held already.
    """
    subject = subject.strip()
    errors = [
        *text_errors("/subject", subject, SUBJECT_LIMIT, needed=True),
        *text_errors("/reason", reason, acts.REASON_LIMIT, needed=True),
    ]
    if kind not in KINDS:
        errors.append(FieldError("/kind", "Choose one of those listed"))
    elif kind != "procedure" and not errors:
        try:
            subject = str(UUID(subject))
        except ValueError:
            errors.append(FieldError("/subject", "Write the id, as it stands in the address of its page"))
    if errors:
        raise Invalid("Some entries need mending", errors=errors)
    session.execute(_ALONE)
    same = select(Hold).where(Hold.kind == kind, Hold.subject == subject, col(Hold.released_at).is_(None))
    if session.exec(same).first() is not None:
        raise Conflict("This is held already")
    made = Hold(id=new_id(), kind=kind, subject=subject, reason=reason.strip(), held_at=datetime.now(UTC), held_by=by.name)
    session.add(made)
    acts.note(session, by, "hold.set", f"{kind} {subject}", reason=made.reason)
    return made


def release(session: Session, by: Operator, hold_id: UUID, reason: str) -> Hold:
    """End a hold. What was over its time goes with the next purge. Raises Invalid, NotFound."""
    why = acts.reason_of(reason)
    query = select(Hold).where(Hold.id == hold_id, col(Hold.released_at).is_(None))
    found = session.exec(query.with_for_update()).first()
    if found is None:
        raise NotFound("No hold that lasts has the id {id}", id=hold_id)
    found.released_at, found.released_by = datetime.now(UTC), by.name
    session.add(found)
    acts.note(session, by, "hold.released", f"{found.kind} {found.subject}", reason=why)
    return found


def lasting(session: Session) -> Sequence[Hold]:
    """The holds that last, the newest first."""
    return session.exec(select(Hold).where(col(Hold.released_at).is_(None)).order_by(col(Hold.id).desc())).all()


def beside_purges(session: Session) -> None:
    """Until the transaction ends, nobody can begin to hold something: a purge says this before it looks at what is held."""
    session.execute(_BESIDE)


def held(*, application: str = "null", organisation: str = "null", procedure: str = "null") -> str:
    """SQL that tells whether a row is held, by columns that name its application, organisation and procedure."""
    named = {"application": application, "organisation": organisation, "procedure": procedure}
    same = " or ".join(
        f"(h.kind = '{kind}' and h.subject = cast({column} as text))" for kind, column in named.items() if column != "null"
    )
    return f"exists (select from operation.hold h where h.released_at is null and ({same}))"
