"""How you want to be told, over HTTP."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlmodel import Session

from services.notify.models import Preference
from services.notify.recipients import telephones, wishes
from services.notify.recipients.wishes import Wishes
from shared.i18n import Language
from shared.identity.callers import Caller, must_write
from shared.problems import Invalid
from shared.web.callers import Transaction, a_caller, bearer
from shared.web.problems import described

router = APIRouter(prefix="/v1/preferences", tags=["preferences"])
Anybody = Annotated[Caller, Depends(a_caller("applicant", "reviewer", "operator"))]


def himself(request: Request, caller: Anybody) -> Caller:
    """A dependency: whoever may say how he wants to be told. A key that may only read may not. Raises Forbidden."""
    if caller.role == "applicant" and bearer(request):
        must_write(caller)
    return caller


Himself = Annotated[Caller, Depends(himself)]


class PreferenceOut(BaseModel):
    """How you are told."""

    email: str
    language: Language | None
    electronic: bool
    consented_at: datetime | None = Field(description="when you said whether you agree to electronic notices")
    channels: list[str]
    phone: str | None
    phone_asked: str | None = Field(description="a number that waits for the code that was sent there")
    postal_address: list[str] | None
    quiet_from: time | None
    quiet_to: time | None
    digest_at: time | None


class CodeIn(BaseModel):
    """The code that was sent to a telephone."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=20)


@router.get("", response_model=PreferenceOut, responses=described(401, 403))
def show_preferences(request: Request, session: Transaction, caller: Anybody) -> Any:
    """How you are told; before you said anything, what holds for everybody."""
    return _out(wishes.wish_of(session, request.app.state.settings.secret_key, caller.email))


@router.put("", response_model=PreferenceOut, responses=described(400, 401, 403, 413, 422, 429))
def change_preferences(request: Request, wished: Wishes, session: Transaction, caller: Himself) -> Any:
    """Say how you want to be told. A new telephone number gets a code by SMS, to be sent back to `/v1/preferences/phone`."""
    settings = request.app.state.settings
    return _out(wishes.save(session, settings.secret_key, caller, wished, settings.carried))


@router.post("/phone", response_model=PreferenceOut, responses=described(400, 401, 403, 409, 410, 413, 422, 429))
def confirm_phone(request: Request, written: CodeIn, session: Transaction, caller: Himself) -> Any:
    """Send back the code that came to your telephone."""
    return _out(confirmed(session, request.app.state.settings.secret_key, caller, written.code))


def confirmed(session: Session, secret_key: SecretStr, caller: Caller, code: str) -> Preference:
    """Take a code. A wrong one is counted, whatever becomes of the request. Raises Conflict, Gone, Invalid."""
    wish = wishes.wish_of(session, secret_key, caller.email, lock=True)  # guesses come one after the other, or would not count
    try:
        telephones.confirm(session, secret_key, wish, code)
    except Invalid:
        session.commit()
        raise
    return wish


def _out(wish: Preference) -> dict[str, Any]:
    return wish.model_dump(include=set(PreferenceOut.model_fields))
