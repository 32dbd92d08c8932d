"""Filling a version of a template that somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import object_session

from services.notify.models import Message, TemplateVersion
from services.notify.wording.rendering import Text

_PLACEHOLDER = re.compile(r"\(\(([^()]+)\)\)")
_IGNORED = str.maketrans("", "", " \u3000_-")


class MissingPlaceholders(Exception):
    """Values that a template needs were not given; `names` as the template writes them."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def placeholders(version: TemplateVersion) -> tuple[str, ...]:
    """The names a template asks for, in their order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(f"{version.subject}\n{version.body}")))


def fill(version: TemplateVersion, values: Mapping[str, Any]) -> Text:
    """The text of a version, filled. Names are compared without case, spaces and underscores. Raises MissingPlaceholders."""
    known = {_key(name): _shown(value) for name, value in values.items() if value is not None}
    missing = [name for name in placeholders(version) if _key(name) not in known]
    if missing:
        raise MissingPlaceholders(missing)
    subject = _PLACEHOLDER.sub(lambda found: " ".join(known[_key(found[1])].split()), version.subject)
    return Text(subject, _PLACEHOLDER.sub(lambda found: known[_key(found[1])], version.body))


def used(version: TemplateVersion, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of these values, those that the template shows: nothing else need be kept."""
    asked = {_key(name) for name in placeholders(version)}
    return {name: value for name, value in values.items() if _key(name) in asked}


def text_of(message: Message) -> Text:
    """The text of a client's message, from the version of the template it was accepted with. Raises MissingPlaceholders."""
    session = object_session(message)
    if session is None:
        raise ValueError("the message has no session")
    return fill(session.get_one(TemplateVersion, (UUID(message.template), message.template_version)), message.filling)


def _key(name: str) -> str:
    return name.translate(_IGNORED).lower()


def _shown(value: Any) -> str:
    return "\n" + "\n".join(f"* {one}" for one in value) if isinstance(value, list) else str(value)
