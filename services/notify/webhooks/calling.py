"""Which events organisations may hear of, and what is told of them: ids, numbers and states, nothing else.

Whose application it is, the event says. The organisation hears of it; so does the agent that filed it for it, as long as its
mandate lets it see the application.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import text
from sqlmodel import Session, col, select

from services.notify.models import Message, Webhook
from services.notify.models.message import QUEUES
from services.notify.recipients.addresses import recipient_hash
from shared import events
from shared.bus.publish import ring_after_commit
from shared.database import insert_many, new_id
from shared.events import Event, Parties

# The queue of the errand that calls webhooks.
WEBHOOKS = QUEUES["webhook"]
_MANDATES = text("select * from identity.mandates_held(:agent)")

Data = dict[str, Any]
AnEvent = TypeVar("AnEvent", bound=Event)
_TELL: dict[type[Event], Callable[[Any], Data | None]] = {}


def _tells(kind: type[AnEvent], say: Callable[[AnEvent], Data | None]) -> None:
    _TELL[kind] = say


def _decided(event: events.CaseDecided) -> Data:
    states = {"approve": "approved", "refuse": "refused", "accept": "accepted"}
    return {"state": "partly_approved" if event.partly else states[event.decision]}


def _issued(event: events.DocumentIssued) -> Data | None:
    return {"document_id": event.subject} if event.key else None  # an older desk: there is nothing to fetch yet


_tells(events.ApplicationArrived, lambda _: {"state": "arrived"})
_tells(events.ApplicationReturned, lambda _: {"state": "returned"})
_tells(events.ApplicationWithdrawn, lambda _: {"state": "withdrawn"})
_tells(events.CaseOpened, lambda event: {"state": "in_review", "due_on": event.due_on})
_tells(events.CaseDecided, _decided)
_tells(events.CaseEdited, lambda event: {"revision": event.revision})
for asking in (events.CorrectionRequested, events.CorrectionExtended, events.CorrectionReminded, events.CorrectionExpired):
    _tells(asking, lambda event: {"state": "correcting", "correction_id": event.correction_id, "due_on": event.due_on})
_tells(events.CorrectionClosed, lambda event: {"state": "in_review", "correction_id": event.correction_id})
_tells(events.MessageToApplicant, lambda event: {"message_id": event.subject})
_tells(events.DocumentIssued, _issued)
_tells(events.DocumentReminded, lambda event: {"document_id": event.subject})
_tells(events.DocumentEnded, lambda event: {"document_id": event.subject, "replaced_by": event.replaced_by})


def type_of(event: type[Event]) -> str:
    """How webhooks call an event: without the version of the contract between services, which is none of theirs."""
    return event.type.rpartition(".v")[0]


# What a webhook may ask for.
TYPES: tuple[str, ...] = tuple(type_of(kind) for kind in _TELL)
# What it gets to try whether it works.
PING = "ping"


def call_webhooks(session: Session, heard: Iterable[Event], *, secret_key: SecretStr, base_url: str) -> None:
    """Write a message for each webhook that wants to hear of these events; it is called after the commit."""
    told = [(event, parties, data) for event in heard if (parties := _parties(event)) and (data := _data(event, base_url))]
    wanting = _wanting(session, {one for _, parties, _ in told for one in (parties.organisation_id, parties.agent_id) if one})
    if not wanting:
        return
    reach = _Reach(session)
    rows = [
        row_for(webhook, event.id, payload(type_of(type(event)), event, data), secret_key, traceparent=event.traceparent)
        for event, parties, data in told
        for webhook in _hearers(wanting, parties, data["procedure"]["id"], reach)
        if not webhook.types or type_of(type(event)) in webhook.types
    ]
    if rows:
        insert_many(session, Message, rows)
        ring_after_commit(session, WEBHOOKS)


def payload(kind: str, event: Event, data: Data) -> Data:
    """The body of a call, in the shape of Standard Webhooks."""
    return {"type": kind, "timestamp": event.time, "data": data}


def row_for(
    webhook: Webhook, event_id: UUID, body: Data, secret_key: SecretStr, *, traceparent: str | None = None
) -> dict[str, Any]:
    """A message to a webhook."""
    procedure = body["data"].get("procedure")
    return {
        "id": new_id(),
        "event_id": event_id,
        "subject": str(body["data"].get("application_id", webhook.id)),
        "procedure_id": procedure["id"] if procedure else None,
        "application_id": str(body["data"]["application_id"]) if procedure else None,
        "organisation_id": webhook.owner if procedure else None,
        "channel": "webhook",
        "template": body["type"],
        "language": "en",
        "recipient": str(webhook.id),
        "recipient_hash": recipient_hash(secret_key, str(webhook.id)),
        "filling": body,
        "state": "created",
        "attempts": 0,
        "traceparent": traceparent,
    }


def _parties(event: Event) -> Parties | None:
    """Whose application it is about. None: an older service did not say, or it is about none."""
    if isinstance(event, events.ApplicationArrived):
        agent = event.applicant.agent
        return Parties(organisation_id=event.applicant.organisation_id, agent_id=agent.organisation_id if agent else None)
    return getattr(event, "parties", None)


def _data(event: Any, base_url: str) -> Data | None:
    """What is told of an event; None: nothing."""
    say = _TELL.get(type(event))
    more = say(event) if say else None
    if more is None:
        return None
    application = getattr(event, "application_id", event.subject)
    numbers = {name: value for name in ("receipt_number", "arrival_number") if (value := getattr(event, name, None))}
    ids = {"application_id": application, "procedure": event.procedure.model_dump(), **numbers}
    return {**ids, **more, "url": f"{base_url}/v1/applications/{application}"}


def _wanting(session: Session, owners: set[UUID]) -> dict[UUID, list[Webhook]]:
    """The active webhooks of these organisations."""
    if not owners:
        return {}
    query = select(Webhook).where(
        col(Webhook.owner).in_(owners), col(Webhook.state) == "active", col(Webhook.kind) == "organisation"
    )
    found: dict[UUID, list[Webhook]] = defaultdict(list)
    for webhook in session.exec(query):
        found[webhook.owner].append(webhook)
    return found


class _Reach:
    """Whether an agent may see what it filed for a principal. Asked once for each agent."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: dict[UUID, list[Any]] = {}

    def __call__(self, agent: UUID, principal: UUID, procedure: str) -> bool:
        if agent not in self._held:
            self._held[agent] = list(self._session.execute(_MANDATES, {"agent": agent}))
        return any(
            one.principal_id == principal
            and one.in_force
            and (one.procedures is None or procedure in one.procedures)
            and {"file", "receive"} & set(one.rights)
            for one in self._held[agent]
        )


def _hearers(wanting: dict[UUID, list[Webhook]], parties: Parties, procedure: str, reach: _Reach) -> list[Webhook]:
    own = wanting.get(parties.organisation_id, [])
    agents = wanting.get(parties.agent_id, []) if parties.agent_id else []
    if parties.agent_id and agents and not reach(parties.agent_id, parties.organisation_id, procedure):
        agents = []
    return [*own, *agents]
