"""Making letters: a PDF in the storage, where it waits for the print room (services/notify/printing)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from services.notify.channels.carrier import Mark, Outcome, Unreachable
from services.notify.channels.letters.sheet import Letter, address_lines, drawn
from services.notify.models import Enclosure, Message
from services.notify.wording.compiling import Text
from services.notify.wording.rendering import Wordings
from shared.storage import StorageError, storage_at

if TYPE_CHECKING:
    from uuid import UUID

    from services.notify.settings import Settings
    from shared.i18n import Language

BACKOFF = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0)
NO_STORAGE = "there is no place for letters (MADOGUCHI_STORAGE)"


def letter_key(message_id: UUID) -> str:
    """Where the PDF of a letter lies."""
    return f"letters/{message_id.hex[-2:]}/{message_id}"


class LetterCarrier:
    """A carrier of letters (services.notify.channels.carrier). A letter that is made twice lies in the same place: once."""

    backoff: Sequence[float] = BACKOFF

    def __init__(self, settings: Settings, wordings: Wordings, engine: Engine) -> None:
        self._engine = engine
        self._address = settings.storage
        self._sender = sender_of(settings)
        self._wordings = wordings

    def carry(self, message: Message, mark: Mark) -> Outcome | None:  # noqa: ARG002 - see above
        """Make it and put it away. Raises Unreachable where the storage does not take it."""
        if not self._address:
            return Outcome("failed", NO_STORAGE)
        try:
            pdf = self._drawn(message)
        except SQLAlchemyError as error:
            raise Unreachable(f"the text cannot be read: {type(error).__name__}", "database") from error
        except Exception as error:  # noqa: BLE001 - whatever a template or address lacks; one letter must not stop the others
            return Outcome("failed", f"the letter cannot be made: {error}"[:200])
        try:
            storage = storage_at(self._address)
            with storage.scratch() as file:
                file.write(pdf)
                storage.put(letter_key(message.id), file)
        except StorageError as error:
            raise Unreachable(f"the storage does not take it: {error}"[:200], "storage") from error
        return Outcome("sent", f"{len(pdf)} bytes wait for the print room", "storage")

    def close(self) -> None:
        """Nothing is kept open."""

    def _drawn(self, message: Message) -> bytes:
        """Raises ValueError, KeyError, MissingPlaceholders."""
        if message.options.get("precompiled"):  # its client made it
            with Session(self._engine) as session:
                return session.get_one(Enclosure, message.id).content
        return letter_of(message, self._wordings.render(message), self._sender)


def sender_of(settings: Settings) -> str:
    """Who letters come from: the name that mails have."""
    return settings.sender.partition("<")[0].strip().strip('"')


def letter_of(message: Message, text: Text, sender: str) -> bytes:
    """The PDF of a message with this text: the same bytes each time. Raises ValueError for an address that fits no window."""
    language = cast("Language", message.language if message.language in {"ja", "en"} else "ja")
    name = "" if message.client_id else str(message.filling.get("name", ""))
    lines = address_lines(message.recipient, name, language)
    sender = message.options.get("from_name") or sender
    return drawn(Letter(lines, text.subject, text.body, message.created_at, language, sender))
