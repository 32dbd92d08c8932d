"""What a message says: the text of its template with its values, in the shape of its channel.

What officials wrote goes before what comes with the house, and a text for one procedure before one for all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from services.notify.models import Letterhead, Message, Template, TemplateVersion
from services.notify.recipients.telephones import code_of
from services.notify.wording.compiling import Compiled, Link, MissingPlaceholders, Text, compile_template
from services.notify.wording.versions import compiled
from shared.identity.callers import link_secret

if TYPE_CHECKING:
    from services.notify.settings import Settings

log = logging.getLogger(__name__)

# A new version is in use everywhere after so many seconds.
FRESH_SECONDS = 2.0
_FOLDER = Path(__file__).parent / "texts"


class Written(NamedTuple):
    """A version of a text."""

    version: int
    subject: str
    body: str


class Frame(NamedTuple):
    """What stands above and below a text."""

    header: str = ""
    footer: str = ""


@cache
def shipped(key: str, language: str, channel: str = "email") -> tuple[str, str]:
    """Subject and body of a text that comes with the house. Raises KeyError.

    A channel that has none of its own takes that of e-mail; an SMS says its subject and where to read on.
    """
    found = next((path for path in (_path(key, language, channel), _path(key, language)) if path.is_file()), None)
    if found is None:
        raise KeyError(key)
    subject, _, body = found.read_text(encoding="utf-8").partition("\n\n")
    if channel == "sms" and found == _path(key, language):
        body = f"{subject}\n((link))" if "((link))" in body else subject
    return subject, body


def _path(key: str, language: str, channel: str = "email") -> Path:
    return _FOLDER / (f"{key}.{language}.txt" if channel == "email" else f"{key}.{language}.{channel}.txt")


@cache
def keys() -> tuple[str, ...]:
    """The kinds of messages that the house has texts for."""
    return tuple(sorted({path.name.partition(".")[0] for path in _FOLDER.glob("*.txt")}))


def values_of(message: Message, settings: Settings, *, secret: bool = True) -> dict[str, Any]:
    """What a message's template is filled with. The secrets of its link and its code lie in no table, and are made here."""
    values = dict(message.filling)
    if message.client_id is not None:
        return values
    link = settings.base_url + values.pop("path", "/")
    if link_id := values.pop("link_id", None):
        link += f"?link={link_id}&secret={link_secret(settings.secret_key, UUID(link_id)) if secret else '***'}"
    if code_id := values.pop("code_id", None):
        values["code"] = code_of(settings.secret_key, UUID(code_id)) if secret else "…"
    return values | {"link": Link(link)}


@cache
def _shipped(key: str, language: str, channel: str) -> Compiled:
    return compile_template(*shipped(key, language, channel), channel, language)


def render(key: str, language: str, filling: Mapping[str, Any], channel: str = "email") -> Text:
    """A text that comes with the house, filled. Raises KeyError for one that is not there, MissingPlaceholders."""
    return _shipped(key, language, channel).fill(filling)


class Wordings:
    """The texts in use, made ready. Threads may share it; it asks the database for news at most every FRESH_SECONDS."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._lock = Lock()
        self._loaded = False
        self._asked_at = -FRESH_SECONDS
        self._texts: dict[tuple[str, str, str, str], Written] = {}
        self._frames: dict[tuple[str, str], Frame] = {}
        self._ready: dict[Any, Compiled] = {}
        self._of_clients: dict[tuple[UUID, int], Compiled] = {}

    def render(self, message: Message) -> Text:
        """What a message says; notes in it of which version it is made (none: the text that comes with the house).

        Raises KeyError for a template that is not there, MissingPlaceholders, and SQLAlchemyError while no text can be read.
        """
        values = values_of(message, self._settings)
        if message.client_id is not None:
            return self._of_client(message).fill(values)
        self._renew()
        frame = self._frame(message.office or "", message.language)
        written = self._written(message)
        message.template_version = written.version if written else None
        try:
            return self._compiled(message, written, frame).fill(values)
        except MissingPlaceholders as error:
            if written is None:
                raise
            # it was made before there was what the new version wants
            log.warning("the shipped text is sent", extra={"context": {"template": message.template, "lacks": error.names}})
            message.template_version = None
            return self._compiled(message, None, frame).fill(values)

    def forget(self) -> None:
        """Ask the database anew next time."""
        self._asked_at = -FRESH_SECONDS

    def _written(self, message: Message) -> Written | None:
        for procedure in (message.procedure_id or "", ""):
            for channel in _stand_in(message):
                if found := self._texts.get((message.template, channel, message.language, procedure)):
                    return found
        return None

    def _frame(self, office: str, language: str) -> Frame:
        return self._frames.get((office, language)) or self._frames.get(("", language)) or Frame()

    def _compiled(self, message: Message, written: Written | None, frame: Frame) -> Compiled:
        subject, body = written[1:] if written else shipped(message.template, message.language, message.channel)
        name = subject, body, message.channel, message.language, frame
        found = self._ready.get(name)
        if found is None:
            found = self._ready[name] = compile_template(
                subject, body, message.channel, message.language, header=frame.header, footer=frame.footer
            )
        return found

    def _of_client(self, message: Message) -> Compiled:
        of = UUID(message.template), message.template_version or 0
        found = self._of_clients.get(of)
        if found is None:
            with Session(self._engine) as session:
                version = session.get(TemplateVersion, of)
            if version is None:
                raise KeyError(message.template)
            if len(self._of_clients) >= _MOST_OF_CLIENTS:
                self._of_clients.clear()
            found = self._of_clients[of] = compiled(version, message.channel, message.language)
        return found

    def _renew(self) -> None:
        """Ask for news, one thread at a time; the others go on with what is known, and so do all while the database is away.

        Raises SQLAlchemyError where nothing is known yet.
        """
        if time.monotonic() - self._asked_at < FRESH_SECONDS or not self._lock.acquire(blocking=not self._loaded):
            return
        try:
            if time.monotonic() - self._asked_at < FRESH_SECONDS:
                return
            with Session(self._engine) as session:
                texts, frames = _texts(session), _frames(session)
            if (texts, frames) != (self._texts, self._frames):
                self._texts, self._frames, self._ready = texts, frames, {}
            self._loaded = True
        except SQLAlchemyError as error:
            if not self._loaded:
                raise
            log.warning("the texts known so far are used", extra={"context": {"cause": type(error).__name__}})
        finally:
            self._lock.release()
        self._asked_at = time.monotonic()


_MOST_OF_CLIENTS = 1_000


def _stand_in(message: Message) -> tuple[str, ...]:
    """The channels whose text a message may have: letters that come with none of their own, and the inbox, say what mails say."""
    own = message.channel
    alike = own == "inbox" or (own == "letter" and not _path(message.template, message.language, own).is_file())
    return (own, "email") if alike else (own,)


def _texts(session: Session) -> dict[tuple[str, str, str, str], Written]:
    query = (
        select(Template, TemplateVersion)
        .join(
            TemplateVersion,
            (col(TemplateVersion.template_id) == Template.id) & (col(TemplateVersion.version) == Template.version),
        )
        .where(col(Template.key).is_not(None), col(Template.archived_at).is_(None))
    )
    return {
        (of.key or "", of.channel, of.language, of.procedure_id): Written(text.version, text.subject, text.body)
        for of, text in session.exec(query)
    }


def _frames(session: Session) -> dict[tuple[str, str], Frame]:
    return {(one.group, one.language): Frame(one.header, one.footer) for one in session.exec(select(Letterhead))}
