"""The post over HTTP, for operators: which message was sent, which was not, and what to do with it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.notify.messages import acts, channels, ledger, steps
from services.notify.messages.finding import Filter, listed
from services.notify.models import Channel, Message, State
from services.notify.recipients.addresses import masked, recipient_hash
from shared.operation.acts import REASON_LIMIT
from shared.operation.acts import Operator as Who
from shared.web.callers import Operator, Transaction
from shared.web.problems import described

router = APIRouter(tags=["messages"])

NO_NULL = r"^[^\x00]*$"
NO_STORE = {"cache-control": "no-store"}


class MessageOut(BaseModel):
    """A message and how far it came. In lists its recipient is masked."""

    id: UUID
    subject: str = Field(description="what it is about: the application's id, or a client's reference")
    channel: Channel
    template: str
    language: str
    recipient: str
    state: State
    attempts: int
    next_attempt_at: datetime
    error: str | None
    created_at: datetime
    sent_at: datetime | None
    completed_at: datetime | None
    client_id: UUID | None


class AttemptOut(BaseModel):
    """One try."""

    started_at: datetime
    took_ms: int
    server: str
    outcome: str
    answer: str


class ActOut(BaseModel):
    """What an operator did, or that he looked."""

    at: datetime
    account_id: UUID | None
    name: str
    act: str
    reason: str
    details: dict[str, Any]


class MessageDetails(MessageOut):
    """A message with its recipient, every try, and what operators did with it."""

    possible: list[steps.Step] = Field(description="what can be done with it now")
    tries: list[AttemptOut]
    acts: list[ActOut]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StepIn(_In):
    """What to do with a message, and why."""

    step: steps.Step
    reason: str = Field(max_length=REASON_LIMIT, pattern=NO_NULL)
    checked: bool = Field(default=False, description="for an unknown one: you looked whether the server took it")


class SearchIn(_In):
    """What messages are narrowed by. A recipient is asked for in the body, since an address would lie in logs."""

    about: str = Field(default="", max_length=100, pattern=NO_NULL, description="an application's id or number, or a reference")
    recipient: str = Field(default="", max_length=500, pattern=NO_NULL)
    channel: Channel | None = None
    state: State | None = None
    template: str = Field(default="", max_length=100, pattern=NO_NULL)
    client: UUID | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def filter(self, request: Request) -> Filter:
        """As the domain has it."""
        key = request.app.state.settings.secret_key
        to = recipient_hash(key, self.recipient) if self.recipient.strip() else None
        return Filter(self.about.strip(), to, self.channel, self.state, self.template, self.client, self.since, self.until)


class PageIn(SearchIn):
    """The same, a page of it."""

    limit: int = Field(default=50, ge=1, le=200)
    before: UUID | None = Field(default=None, description="the last id of the page before")


class BulkIn(_In):
    """The same step with many: without `newest` it is only said how many it would take."""

    step: steps.Step
    filter: SearchIn
    checked: bool = False
    reason: str = Field(default="", max_length=REASON_LIMIT, pattern=NO_NULL)
    newest: UUID | None = Field(default=None, description="as the preview said it: what came later is left alone")
    most: int = Field(default=steps.MOST, ge=1, le=steps.MOST)


class BulkOut(BaseModel):
    """What a step takes, or took."""

    done: bool
    count: int
    more: bool = Field(description="whether there are more than one request does")
    newest: UUID | None


class ChannelOut(BaseModel):
    """A channel, and how much waits on it."""

    channel: Channel
    waiting: int
    deferred: int
    unknown: int
    oldest_s: float = Field(description="since the oldest of those that wait was written")
    late_s: float = Field(description="since what should go out next could have gone")
    paused_at: datetime | None
    paused_by: str | None
    reason: str | None


class PauseIn(_In):
    """Stop a channel, or let it go again; why."""

    action: Literal["pause", "resume"]
    reason: str = Field(default="", max_length=REASON_LIMIT, pattern=NO_NULL)


@router.get("/v1/messages", response_model=list[MessageOut], responses=described(401, 403, 422))
def list_messages(
    session: Transaction,
    _caller: Operator,
    *,
    state: State | None = None,
    channel: Channel | None = None,
    template: Annotated[str, Query(max_length=100, pattern=NO_NULL)] = "",
    subject: Annotated[str, Query(max_length=100, pattern=NO_NULL, description="exactly what it is about")] = "",
    about: Annotated[str, Query(max_length=100, pattern=NO_NULL, description="an application's id or number")] = "",
    client: UUID | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> Any:
    """Messages, newest first."""
    wanted = Filter(about.strip(), None, channel, state, template, client, since, until, subject)
    return [_out(message) for message in listed(session, wanted, limit=limit, before=before)]


@router.post("/v1/messages/search", response_model=list[MessageOut], responses=described(401, 403, 422))
def search_messages(asked: PageIn, request: Request, session: Transaction, _caller: Operator) -> Any:
    """The same, also by recipient."""
    return [_out(one) for one in listed(session, asked.filter(request), limit=asked.limit, before=asked.before)]


@router.post("/v1/messages/steps", response_model=BulkOut, responses=described(401, 403, 422))
def act_on_many(asked: BulkIn, request: Request, session: Transaction, caller: Operator) -> Any:
    """Send again, let count as sent, or cancel what a filter finds: ask without `newest` first, and then with it."""
    wanted = asked.filter.filter(request)
    if asked.newest is None:
        ids = steps.preview(session, asked.step, wanted, checked=asked.checked)
        more = len(ids) > steps.MOST
        return BulkOut(done=False, count=min(len(ids), steps.MOST), more=more, newest=ids[0] if ids else None)
    done = steps.act_on_all(
        session,
        Who.at_the_pages(caller),
        asked.step,
        wanted,
        asked.reason,
        newest=asked.newest,
        most=asked.most,
        checked=asked.checked,
    )
    return BulkOut(done=True, count=done, more=False, newest=asked.newest)


@router.get("/v1/messages/{message_id}", response_model=MessageDetails, responses=described(401, 403, 404, 422))
def show_message(message_id: UUID, session: Transaction, caller: Operator, response: Response) -> Any:
    """One message with its recipient and every try. That you looked is noted."""
    response.headers.update(NO_STORE)
    message = ledger.shown(session, message_id)
    acts.note_look(session, Who.at_the_pages(caller), message_id)
    return _details(session, message)


@router.post("/v1/messages/{message_id}/steps", response_model=MessageDetails, responses=described(401, 403, 404, 409, 422))
def act_on_message(message_id: UUID, asked: StepIn, session: Transaction, caller: Operator, response: Response) -> Any:
    """Send it again, let it count as sent, or cancel it."""
    response.headers.update(NO_STORE)
    steps.act_on(session, Who.at_the_pages(caller), asked.step, message_id, asked.reason, checked=asked.checked)
    return _details(session, ledger.shown(session, message_id))


@router.get("/v1/channels", response_model=list[ChannelOut], responses=described(401, 403))
def list_channels(session: Transaction, _caller: Operator) -> Any:
    """The channels, and how much waits on each."""
    return [
        ChannelOut(
            channel=one.channel,
            waiting=one.waiting,
            deferred=one.deferred,
            unknown=one.unknown,
            oldest_s=round(one.oldest, 1),
            late_s=round(one.late, 1),
            paused_at=one.pause and one.pause.paused_at,
            paused_by=one.pause and one.pause.paused_by,
            reason=one.pause and one.pause.reason,
        )
        for one in channels.standings(session)
    ]


@router.post("/v1/channels/{channel}", status_code=204, responses=described(401, 403, 409, 422))
def stop_or_go(channel: Channel, asked: PauseIn, session: Transaction, caller: Operator) -> None:
    """Stop a channel, so that what is to go over it waits; or let it go again."""
    (channels.pause if asked.action == "pause" else channels.resume)(session, Who.at_the_pages(caller), channel, asked.reason)


def _out(message: Message) -> dict[str, Any]:
    return message.model_dump(include=set(MessageOut.model_fields)) | {"recipient": masked(message.recipient)}


def _details(session: Transaction, message: Message) -> dict[str, Any]:
    return message.model_dump(include=set(MessageOut.model_fields)) | {
        "possible": steps.possible(message.state),
        "tries": [one.model_dump() for one in ledger.tries(session, message.id)],
        "acts": [one._asdict() for one in acts.of_message(session, message.id)],
    }
