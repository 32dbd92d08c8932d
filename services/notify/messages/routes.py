"""The post over HTTP, for operators: which message was sent, and which was not."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.notify.messages import ledger
from services.notify.models import Message, State
from shared.web.callers import Operator, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/messages", tags=["messages"])


class MessageOut(BaseModel):
    """A message and how far it came."""

    id: UUID
    subject: str = Field(description="what it is about: the application's id")
    channel: str
    template: str
    language: str
    recipient: str
    state: State
    attempts: int
    next_attempt_at: datetime
    error: str | None
    created_at: datetime
    sent_at: datetime | None


@router.get("", response_model=list[MessageOut], responses=described(401, 403, 422))
def list_messages(
    session: Transaction,
    _caller: Operator,
    state: State | None = None,
    subject: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="an application's id")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """Messages, newest first."""
    return [_out(message) for message in ledger.listed(session, state=state, subject=subject, limit=limit, before=before)]


@router.get("/{message_id}", response_model=MessageOut, responses=described(401, 403, 404, 422))
def show_message(message_id: UUID, session: Transaction, _caller: Operator) -> Any:
    """One message."""
    return _out(ledger.shown(session, message_id))


def _out(message: Message) -> dict[str, Any]:
    return message.model_dump(include=set(MessageOut.model_fields))
