"""How a webhook stands: active or disabled, and resting while its receiver does not answer."""

from __future__ import annotations

from collections import defaultdict
from threading import Condition
from time import monotonic
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.notify.models import Message, Webhook

# Requests to one webhook at a time, by one process, whose receiver is slow or not known yet: the others have their share.
AT_ONCE = 4
QUICKLY_AT_ONCE = 8
# An answer that takes more seconds is slow.
SLOW = 1.0
# Seconds that a lane waits for its turn with a quick receiver; and after which a call is tried again that did not get its turn.
PATIENCE, SOON = 1.0, 2.0
# A receiver that did not answer is left alone for so many seconds, twice as long each time.
REST, LONGEST_REST = 5.0, 600.0

_POSTPONE = text("""
update notify.message set next_attempt_at = now() + make_interval(secs => :wait)
where id = :id and state in ('created', 'deferred')
""")
_REST = text("""
update notify.message set next_attempt_at = now() + make_interval(secs => :wait)
where channel = 'webhook' and recipient = :webhook and state in ('created', 'deferred')
  and next_attempt_at < now() + make_interval(secs => :wait)
""")
_CANCEL = text("""
update notify.message set state = 'cancelled', error = :reason, completed_at = now()
where channel = 'webhook' and recipient = :webhook and state in ('created', 'deferred') and id <> :but
""")
_NOBODY = UUID(int=0)


def waits(session: Session, message: Message) -> bool:
    """Whether the message is still to be sent: it may have been cancelled since it was claimed."""
    state = session.exec(select(Message.state).where(Message.id == message.id)).first()
    return state in {"created", "deferred"}


def active(session: Session, webhook_id: UUID, *, lock: bool = False) -> Webhook | None:
    """The webhook, if it is to be called."""
    query = select(Webhook).where(Webhook.id == webhook_id, col(Webhook.state) == "active")
    return session.exec(query.with_for_update() if lock else query).first()


def postpone(session: Session, message: Message, wait: float) -> None:
    """Not now: the message waits, and this was no try."""
    session.execute(_POSTPONE, {"id": message.id, "wait": wait})


def rest(session: Session, webhook_id: UUID, wait: float) -> None:
    """All that waits for this webhook waits at least so many seconds."""
    session.execute(_REST, {"webhook": str(webhook_id), "wait": wait})


def disable(session: Session, webhook_id: UUID, reason: str, *, but: UUID | None = None) -> None:
    """It is not called any more. What waits for it is cancelled, all `but` the message whose answer this was."""
    webhook = session.get(Webhook, webhook_id, with_for_update=True)
    if webhook is not None:
        webhook.state, webhook.reason = "disabled", reason
        session.add(webhook)
    cancel(session, webhook_id, reason, but=but)


def cancel(session: Session, webhook_id: UUID, reason: str, *, but: UUID | None = None) -> None:
    """What waits for a webhook is cancelled."""
    session.execute(_CANCEL, {"webhook": str(webhook_id), "reason": reason, "but": but or _NOBODY})


class Pace:
    """How fast each webhook is called by this process. Its lanes share one.

    A receiver that answers quickly has most of the lanes, one after the other; a slow one a few of them.
    """

    def __init__(self) -> None:
        self._free = Condition()
        self._under_way: dict[UUID, int] = defaultdict(int)
        self._resting: dict[UUID, tuple[float, float]] = {}
        # How long the last answer took.
        self._took: dict[UUID, float] = {}

    def begin(self, webhook_id: UUID) -> float:
        """0, and a request may begin, with `end` to follow; or the seconds after which to ask again."""
        patience = monotonic() + PATIENCE
        with self._free:
            while True:
                now = monotonic()
                left = self._resting.get(webhook_id, (0.0, 0.0))[0] - now
                if left > 0:
                    return left
                took = self._took.get(webhook_id)
                if self._under_way[webhook_id] < (AT_ONCE if took is None or took > SLOW else QUICKLY_AT_ONCE):
                    self._under_way[webhook_id] += 1
                    return 0.0
                if now >= patience or (took is not None and took > SLOW):
                    return SOON
                self._free.wait(patience - now)

    def end(self, webhook_id: UUID, took: float, *, answered: bool) -> float:
        """The request is over. The seconds that the webhook rests from now on, if this began a rest."""
        with self._free:
            self._free.notify_all()
            self._took[webhook_id] = took
            self._under_way[webhook_id] -= 1
            if not self._under_way[webhook_id]:
                del self._under_way[webhook_id]
            if answered:
                self._resting.pop(webhook_id, None)
                return 0.0
            until, before = self._resting.get(webhook_id, (0.0, 0.0))
            if until > monotonic():  # others that were under way did not get an answer either
                return 0.0
            seconds = min(before * 2 or REST, LONGEST_REST)
            self._resting[webhook_id] = (monotonic() + seconds, seconds)
            return seconds
