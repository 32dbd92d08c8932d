"""Webhooks over HTTP: for owners their organisation's, for operators all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.notify.channels.http import URL_LIMIT, Reach
from services.notify.channels.webhooks.signing import secret_of
from services.notify.models import Attempt, Message, State, Webhook
from services.notify.webhooks import deliveries, registration
from services.notify.webhooks.calling import TYPES
from services.notify.webhooks.registration import DESCRIPTION_LIMIT, Wanted
from shared.identity.callers import Caller
from shared.web.callers import Transaction, a_caller
from shared.web.problems import described

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_REFUSALS = described(400, 401, 403, 404, 409, 422, 429)

Owner = Annotated[Caller, Depends(a_caller("applicant"))]
Keeper = Annotated[Caller, Depends(a_caller("applicant", "operator"))]


class WebhookIn(BaseModel):
    """A webhook to be."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=URL_LIMIT, description="https://…, on the public internet")
    types: list[str] = Field(default=[], max_length=50, description=f"empty: all. {', '.join(TYPES)}")
    description: str = Field(default="", max_length=DESCRIPTION_LIMIT, pattern=r"^[^\x00]*$")


class WebhookChange(BaseModel):
    """What is to be changed of a webhook."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(default=None, max_length=URL_LIMIT)
    types: list[str] | None = Field(default=None, max_length=50)
    description: str | None = Field(default=None, max_length=DESCRIPTION_LIMIT, pattern=r"^[^\x00]*$")
    state: Literal["active", "disabled"] | None = Field(default=None, description="disabled: what waits is cancelled")


class WebhookOut(BaseModel):
    """A webhook."""

    id: UUID
    owner: UUID = Field(description="the organisation")
    owner_name: str
    url: str
    types: list[str] = Field(description="the kinds of events it hears of; empty: all")
    description: str
    state: Literal["active", "disabled"]
    reason: str = Field(description="why it is disabled")
    created_at: datetime
    rotated_at: datetime | None = Field(description="for a day from then on the former secret signs too")


class NewWebhookOut(WebhookOut):
    """A webhook, with its secret."""

    secret: str = Field(description="begins with whsec_")


class SecretOut(BaseModel):
    """The secret that signs."""

    secret: str


class TryOut(BaseModel):
    """One try."""

    number: int
    started_at: datetime
    took_ms: int
    outcome: str
    answer: str


class DeliveryOut(BaseModel):
    """One message to a webhook; its id is the webhook-id."""

    id: UUID
    type: str
    state: State
    attempts: int
    next_attempt_at: datetime | None
    error: str | None
    created_at: datetime
    completed_at: datetime | None
    payload: dict[str, Any]
    tries: list[TryOut]


class SentOut(BaseModel):
    """The message that goes out."""

    id: UUID


class ReplayIn(BaseModel):
    """From when on."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime


class ReplayedOut(BaseModel):
    """How many messages go out again."""

    replayed: int


def reach_of(request: Request) -> Reach:
    """Where webhooks may be."""
    return Reach.of(request.app.state.settings)


@router.post("", status_code=201, response_model=NewWebhookOut, responses=_REFUSALS)
def register(body: WebhookIn, request: Request, response: Response, session: Transaction, caller: Owner) -> Any:
    """A webhook for your organisation's applications. The answer has its secret."""
    webhook = registration.register(session, caller, Wanted(**body.model_dump()), reach_of(request))
    response.headers["cache-control"] = "no-store"
    return _with_secret(request, webhook)


@router.get("", response_model=list[WebhookOut], responses=_REFUSALS)
def list_webhooks(
    session: Transaction,
    caller: Keeper,
    limit: Annotated[int, Query(ge=1, le=200)] = 200,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """Your organisation's webhooks, newest first; for operators all."""
    return registration.listed(session, caller, limit=limit, before=before)


@router.get("/{webhook_id}", response_model=WebhookOut, responses=_REFUSALS)
def show_webhook(webhook_id: UUID, session: Transaction, caller: Keeper) -> Any:
    """One webhook."""
    return registration.shown(session, caller, webhook_id)


@router.patch("/{webhook_id}", response_model=WebhookOut, responses=_REFUSALS)
def change_webhook(webhook_id: UUID, body: WebhookChange, request: Request, session: Transaction, caller: Keeper) -> Any:
    """Change a webhook; operators may only switch it off and on."""
    webhook = registration.shown(session, caller, webhook_id, lock=True)
    changes = body.model_dump(exclude_none=True, exclude={"state"})
    if changes:
        now = {"url": webhook.url, "types": webhook.types, "description": webhook.description}
        webhook = registration.change(session, caller, webhook_id, Wanted(**{**now, **changes}), reach_of(request))
    if body.state is not None:
        webhook = registration.switch(session, caller, webhook_id, on=body.state == "active")
    return webhook


@router.delete("/{webhook_id}", status_code=204, responses=_REFUSALS)
def end_webhook(webhook_id: UUID, session: Transaction, caller: Keeper) -> None:
    """Remove a webhook. What waits for it is cancelled."""
    registration.end(session, caller, webhook_id)


@router.get("/{webhook_id}/secret", response_model=SecretOut, responses=_REFUSALS)
def show_secret(webhook_id: UUID, request: Request, response: Response, session: Transaction, caller: Owner) -> Any:
    """The secret that signs now."""
    response.headers["cache-control"] = "no-store"
    return {"secret": registration.secret(session, caller, webhook_id, request.app.state.settings.secret_key)}


@router.post("/{webhook_id}/rotation", response_model=NewWebhookOut, responses=_REFUSALS)
def rotate_secret(webhook_id: UUID, request: Request, response: Response, session: Transaction, caller: Owner) -> Any:
    """A new secret; for a day the former one signs too."""
    response.headers["cache-control"] = "no-store"
    return _with_secret(request, registration.rotate(session, caller, webhook_id))


@router.post("/{webhook_id}/ping", status_code=202, response_model=SentOut, responses=_REFUSALS)
def ping(webhook_id: UUID, request: Request, session: Transaction, caller: Keeper) -> Any:
    """Call the webhook with the type `ping`."""
    webhook = registration.shown(session, caller, webhook_id)
    return {"id": deliveries.ping(session, webhook, request.app.state.settings.secret_key)}


@router.get("/{webhook_id}/deliveries", response_model=list[DeliveryOut], responses=_REFUSALS)
def list_deliveries(
    webhook_id: UUID,
    session: Transaction,
    caller: Keeper,
    *,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """What the webhook was told, newest first, with each try."""
    webhook = registration.shown(session, caller, webhook_id)
    found = deliveries.listed(session, webhook, state=state, limit=limit, before=before)
    tried = deliveries.tries(session, found)
    return [_delivery(one, tried.get(one.id, [])) for one in found]


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay", status_code=202, responses=_REFUSALS)
def replay(webhook_id: UUID, delivery_id: UUID, session: Transaction, caller: Keeper) -> SentOut:
    """Tell it once more, with the same webhook-id."""
    deliveries.replay(session, registration.shown(session, caller, webhook_id), delivery_id)
    return SentOut(id=delivery_id)


@router.post("/{webhook_id}/replay", status_code=202, responses=_REFUSALS)
def replay_lost(webhook_id: UUID, body: ReplayIn, session: Transaction, caller: Keeper) -> ReplayedOut:
    """Tell it once more all since then that did not reach it."""
    webhook = registration.shown(session, caller, webhook_id)
    return ReplayedOut(replayed=deliveries.replay_lost(session, webhook, body.since.astimezone(UTC)))


def _with_secret(request: Request, webhook: Webhook) -> dict[str, Any]:
    secret = secret_of(request.app.state.settings.secret_key, webhook.id, webhook.generation)
    return {**webhook.model_dump(), "secret": secret}


def _delivery(message: Message, tried: list[Attempt]) -> dict[str, Any]:
    waits = message.state in {"created", "deferred"}
    shown = message.model_dump(include={"id", "state", "attempts", "error", "created_at", "completed_at"})
    return {
        **shown,
        "type": message.template,
        "next_attempt_at": message.next_attempt_at if waits else None,
        "payload": message.filling,
        "tries": [one.model_dump() for one in tried],
    }
