"""What tells one draft of a procedure from another: an answer that works as its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.intake.catalogue.shown import version_of
from services.intake.drafts.carrying import OWN_NAME
from shared.procedure.reading import shown
from shared.web.pages import language_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fastapi import Request
    from sqlmodel import Session

    from services.intake.models import Draft
    from shared.i18n import Language
    from shared.procedure.model import Procedure

LONGEST = 60


def telling_of(request: Request, session: Session, draft: Draft) -> str:
    """The telling answer of a draft, in the language of whoever looks."""
    return telling(version_of(request, session, draft).procedure, draft.answers, language_of(request))


def telling(procedure: Procedure, answers: Mapping[str, Any], language: Language) -> str:
    """The first text that was entered, cut short; empty where there is none. Who applies is the same in every draft."""
    for field in procedure.fields():
        if field.type in {"text", "long-text"} and field.key not in OWN_NAME and not field.personal:
            text = " ".join(shown(field, answers.get(field.key), language).split())
            if text:
                return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return ""
