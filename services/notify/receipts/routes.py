"""Where providers say what became of messages: with a token that both know."""

from __future__ import annotations

import hmac
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.notify.receipts import receipts
from services.notify.receipts.receipts import Receipt
from shared.problems import NotFound, Unauthorised
from shared.web.callers import Transaction, bearer
from shared.web.problems import described

router = APIRouter(prefix="/notify/receipts", tags=["receipts"])
MOST = 1000


class ReceiptIn(BaseModel):
    """What became of one message."""

    model_config = ConfigDict(extra="ignore")

    id: UUID = Field(description="the message's id, as it was handed over")
    state: Literal["delivered", "failed"]
    reason: str = Field(default="", max_length=200, pattern=r"^[^\x00]*$")


class ReceiptsIn(BaseModel):
    """Some receipts."""

    receipts: list[ReceiptIn] = Field(max_length=MOST)


class TakenOut(BaseModel):
    """How many of them were news."""

    taken: int


@router.post("/sms", responses=described(400, 401, 404, 413, 422, 429))
def take_receipts(body: ReceiptsIn, request: Request, session: Transaction) -> TakenOut:
    """For the provider of text messages: what became of them. What is known already, or not ours, is passed over."""
    known = request.app.state.settings.sms_receipts_token.get_secret_value()
    if not known:
        raise NotFound("No receipts are taken here")
    if not hmac.compare_digest((bearer(request) or "").encode(), known.encode()):
        raise Unauthorised("Send the token as `Authorization: Bearer …`")
    found = [Receipt(one.id, one.state, one.reason) for one in body.receipts]
    return TakenOut(taken=receipts.take(session, "sms", found))
