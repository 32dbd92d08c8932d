"""Internal notes of the desk, as far as others hear of them."""

from __future__ import annotations

from typing import ClassVar

from shared.events.cases import CaseEvent
from shared.events.parts import Official


class NoteMentioned(CaseEvent):
    """An official is mentioned in an internal note on a case. `subject` is the note's id; its text stays at the desk."""

    type: ClassVar[str] = "note.mentioned.v1"

    official: Official
    author: str
