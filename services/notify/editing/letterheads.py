"""Letterheads: what an office has above and below its messages, in each language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from services.notify.editing.rights import Editor
from services.notify.messages.acts import note
from services.notify.models import Letterhead, Procedure
from services.notify.wording.language import MARKS
from shared.i18n import LANGUAGES, Language, message, translate
from shared.problems import FieldError, Invalid, NotFound
from shared.validation import text_errors

MOST_LINES = 2_000
_ALL = message("All that have none of their own")


def groups(session: Session, by: Editor, language: Language = "ja") -> dict[str, str]:
    """The groups whose letterheads the editor may change, with their titles; '' is for all that have none of their own."""
    known = {key: title for one in session.exec(select(Procedure)) for key, title in one.groups.items()}
    mine = sorted(known if by.everything else by.groups)
    titled = {key: known.get(key, {}).get(language) or known.get(key, {}).get("ja") or key for key in mine}
    return {"": translate(_ALL, language), **titled} if by.everything else titled


def all_of(session: Session, by: Editor) -> Sequence[Letterhead]:
    """The letterheads that there are of these groups."""
    query = select(Letterhead).where(col(Letterhead.group).in_(groups(session, by)))
    return session.exec(query.order_by(Letterhead.group, Letterhead.language)).all()


def of_group(session: Session, group: str, language: str) -> Letterhead:
    """A group's letterhead, empty if it has none. Raises NotFound for another language."""
    if language not in LANGUAGES:
        raise NotFound(message("There is no such text"))
    return session.get(Letterhead, (group, language)) or Letterhead(group=group, language=language, updated_by="")


def save(session: Session, by: Editor, group: str, language: Language, *, header: str, footer: str) -> Letterhead:
    """A letterhead, in use at once. Raises Forbidden, NotFound for a group that no procedure goes to, Invalid."""
    by.must_head(group)
    if group not in groups(session, by):
        raise NotFound(message("There is no such group"))
    errors = [*text_errors("/header", header, MOST_LINES), *text_errors("/footer", footer, MOST_LINES)]
    for pointer, text in (("/header", header), ("/footer", footer)):
        if set(MARKS) & set(text):
            errors.append(FieldError(pointer, message("A character that cannot be shown stands here")))
    if errors:
        raise Invalid("See the list of errors", errors=errors)
    found = of_group(session, group, language)
    found.header, found.footer = (text.replace("\r\n", "\n").strip() for text in (header, footer))
    found.updated_at, found.updated_by = datetime.now(UTC), by.who.name
    session.add(found)
    session.flush()
    note(session, by.who, "letterhead.written", group, group=group, language=language)
    return found
