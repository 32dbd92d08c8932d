"""What tells one draft of a procedure from another: an answer that works as its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.drafts.carrying import OWN_NAME
from shared.procedure.reading import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from shared.i18n import Language
    from shared.procedure.model import Procedure

LONGEST = 60


def telling(procedure: Procedure, answers: Mapping[str, Any], language: Language) -> str:
    """The first text that was entered, cut short; empty where there is none. Who applies is the same in every draft."""
    for field in procedure.fields():
        if field.type in {"text", "long-text"} and field.key not in OWN_NAME and not field.personal:
            text = " ".join(shown(field, answers.get(field.key), language).split())
            if text:
                return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return ""
