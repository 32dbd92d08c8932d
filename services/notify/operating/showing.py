"""A message as its recipient gets it, without what only he may have: the secrets of links."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import orjson
from pydantic import SecretStr

from services.notify.channels.email.composing import Composer, message_id_of
from services.notify.models import Message
from services.notify.wording.rendering import Wordings
from shared.problems import Problem

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

    from services.notify.settings import Settings

HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID")
_SECRET = re.compile(r"(secret|token)=[\w.~%-]+")


@dataclass(frozen=True)
class Shown:
    """What a message says, and a mail's headers; `error` where it cannot be made."""

    text: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""


def shown(session: Session, message: Message, settings: Settings) -> Shown:
    """The message as it is, or would be, sent. The house's key is not used, so no secret of a link can be on the page."""
    if message.channel == "webhook":
        return Shown(_SECRET.sub(r"\1=…", orjson.dumps(message.filling, option=orjson.OPT_INDENT_2).decode()))
    keyless = settings.model_copy(update={"secret_key": SecretStr(secrets.token_urlsafe(32))})
    # by the connection that the page has already: who holds one must not wait for another
    wordings = Wordings(cast("Engine", session.connection()), keyless)
    copy = Message(**message.model_dump())  # rendering notes the version in it
    try:
        if message.channel != "email":
            return Shown(_SECRET.sub(r"\1=…", wordings.render(copy).body))
        mail = Composer(keyless, wordings).compose(copy)
    except (LookupError, ValueError, Problem) as error:
        return Shown(error=type(error).__name__)
    mail.replace_header("Message-ID", message_id_of(message, settings))  # what the mail server's log has
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    return Shown(_SECRET.sub(r"\1=…", text), [(name, str(mail[name])) for name in HEADERS if mail[name]])
