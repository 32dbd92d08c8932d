"""What a text would say, with samples or with the values of a message that there is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from services.notify.editing.kinds import samples
from services.notify.editing.letterheads import of_group
from services.notify.editing.rights import Editor
from services.notify.editing.texts import Place
from services.notify.messages.acts import note_look
from services.notify.models import Message
from services.notify.settings import Settings
from services.notify.wording.compiling import Text, compile_template
from services.notify.wording.rendering import values_of
from shared.i18n import message
from shared.problems import NotFound

MOST_SHOWN = 10


def recent(session: Session, by: Editor, place: Place) -> Sequence[Message]:
    """The newest messages of a kind whose values the editor may see."""
    of_kind = (Message.template == place.key, Message.language == place.language, col(Message.client_id).is_(None))
    query = select(Message).where(*of_kind)
    if place.procedure:
        query = query.where(Message.procedure_id == place.procedure)
    if not by.everything:
        query = query.where(col(Message.procedure_id).in_(by.procedures), col(Message.office).in_(by.groups))
    return session.exec(query.order_by(col(Message.id).desc()).limit(MOST_SHOWN)).all()


def preview(
    session: Session,
    by: Editor,
    place: Place,
    *,
    subject: str,
    body: str,
    settings: Settings,
    message_id: UUID | None = None,
) -> Text:
    """The text with samples, or with a message's values, its letterhead, and no secret; the look is noted.

    Raises TemplateError, MissingPlaceholders, and NotFound for a message that the editor may not see.
    """
    group, values = "", samples(place.key, place.language)
    if message_id is not None:
        found = session.get(Message, message_id)
        if found is None or found.template != place.key or not by.may_see(found):
            raise NotFound(message("There is no such message"))
        note_look(session, by.who, message_id)
        group, values = found.office or "", values_of(found, settings, secret=False)
    frame = of_group(session, group, place.language)
    if not (frame.header or frame.footer):
        frame = of_group(session, "", place.language)
    compiled = compile_template(subject, body, place.channel, place.language, header=frame.header, footer=frame.footer)
    return compiled.fill(values)
