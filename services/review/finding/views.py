"""Views of the list that somebody saved: a filter and an order with a name, for himself or for a group of his."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from services.review.cases.rights import groups_of
from services.review.finding.finding import Filter, Sort
from services.review.models import SavedView
from shared.database import new_id
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.validation import text_errors

NAME_LIMIT = 60
MOST_VIEWS = 50


def of(session: Session, caller: Caller) -> Sequence[SavedView]:
    """The caller's views and those shared with his groups, by name."""
    shared = col(SavedView.group).in_(groups_of(session, caller))
    query = select(SavedView).where(or_(col(SavedView.owner_id) == caller.account_id, shared))
    return session.exec(query.order_by(SavedView.name, col(SavedView.id)).limit(500)).all()


def save(
    session: Session, caller: Caller, name: str, wanted: Filter, *, sort: Sort = "newest", group: str | None = None
) -> SavedView:
    """Save a view, for oneself or for a group of one's own. Raises Invalid, Conflict."""
    errors = text_errors("/name", name, NAME_LIMIT, needed=True)
    if group is not None and group not in groups_of(session, caller):
        errors.append(FieldError("/group", "Choose one of your groups"))
    if errors:
        raise Invalid("The view cannot be saved like this", errors=errors)
    if (session.scalar(select(func.count()).where(SavedView.owner_id == caller.account_id)) or 0) >= MOST_VIEWS:
        raise Conflict("You have {most} views already: delete one first", most=MOST_VIEWS)
    view = SavedView(
        id=new_id(),
        owner_id=caller.account_id,
        owner_name=caller.name,
        group=group,
        name=name.strip(),
        filter=wanted.written(),
        sort=sort,
        at=datetime.now(UTC),
    )
    session.add(view)
    session.flush()
    return view


def delete(session: Session, caller: Caller, view_id: UUID) -> None:
    """Delete a view of one's own, also for those it was shared with. Raises NotFound."""
    view = session.get(SavedView, view_id)
    if view is None or view.owner_id != caller.account_id:
        raise NotFound("You have no view with the id {id}", id=view_id)
    session.delete(view)
    session.flush()
