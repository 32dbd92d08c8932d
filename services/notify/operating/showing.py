"""A message as its recipient gets it, without what only he may have: the secrets of links."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from pydantic import SecretStr

from services.notify.channels.email.composing import compose
from services.notify.models import Message
from services.notify.wording.compiling import Link
from services.notify.wording.rendering import render
from services.notify.wording.versions import text_of
from shared.problems import Problem

if TYPE_CHECKING:
    from services.notify.settings import Settings

HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID")
_SECRET = re.compile(r"(secret|token)=[\w.~%-]+")


@dataclass(frozen=True)
class Shown:
    """What a message says, and a mail's headers; `error` where it cannot be made."""

    text: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""


def shown(message: Message, settings: Settings) -> Shown:
    """The message as it is, or would be, sent. The house's key is not used, so no secret of a link can be on the page."""
    keyless = settings.model_copy(update={"secret_key": SecretStr(secrets.token_urlsafe(32))})
    try:
        found = _of_mail(message, keyless) if message.channel == "email" else Shown(_text(message, keyless))
    except (KeyError, ValueError, LookupError, Problem) as error:
        return Shown(error=type(error).__name__)
    return Shown(_SECRET.sub(r"\1=…", found.text), found.headers)


def _of_mail(message: Message, settings: Settings) -> Shown:
    mail = compose(message, settings)
    body = mail.get_body(("plain",))
    headers = [(name, str(mail[name])) for name in HEADERS if mail[name]]
    return Shown(body.get_content() if body else "", headers)


def _text(message: Message, settings: Settings) -> str:
    if message.channel == "webhook":
        return orjson.dumps(message.filling, option=orjson.OPT_INDENT_2).decode()
    if message.client_id:
        return text_of(message).body
    filling = dict(message.filling)
    link = Link(settings.base_url + filling.pop("path", "/"))
    return render(message.template, message.language, filling | {"link": link}, message.channel).body
