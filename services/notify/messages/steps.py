"""What an operator does with messages: send again, let count as sent, cancel. One, or many by a filter; each act is noted.

A message that goes again keeps event, channel and recipient, and with them the Message-ID of its mail: who got the first one
can tell that the second is the same. A message whose sender ended in the gap (RFC 1047) goes again, or counts as sent, only when
the operator says that he checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.notify.messages.acts import note_all
from services.notify.messages.finding import Filter, found
from services.notify.models import State
from shared.operation.acts import Operator, reason_of
from shared.problems import Conflict, NotFound

Step = Literal["resend", "release", "cancel"]

# As many as a filter may do at once, and as many of them as one statement and its commit do.
MOST = 10_000
A_PIECE = 1_000

_AGAIN = "state = 'created', attempts = 0, next_attempt_at = now(), error = null, sent_at = null, completed_at = null"


@dataclass(frozen=True)
class _Kind:
    act: str
    takes: tuple[State, ...]
    sets: str
    # What it takes too where the operator says that he looked whether the message arrived.
    checked: tuple[State, ...] = ()


KINDS: dict[Step, _Kind] = {
    "resend": _Kind("message.resent", ("failed", "bounced"), _AGAIN, ("unknown",)),
    "release": _Kind(
        "message.released",
        (),
        "state = 'sent', error = null, sent_at = coalesce(sent_at, completed_at, now()), completed_at = null",
        ("unknown",),
    ),
    "cancel": _Kind("message.cancelled", ("created", "deferred"), "state = 'cancelled', completed_at = now()"),
}

# What was written with a test key was never sent, whatever it says of itself, and never is.
_CHANGE = """
with before as (select id, state from notify.message where id = any(:ids) and state = any(:takes)
  and key_type is distinct from 'test' for update),
changed as (update notify.message m set {sets} from before where m.id = before.id returning m.id, before.state as was)
select id, was from changed
"""
_STATEMENTS = {step: text(_CHANGE.format(sets=kind.sets)) for step, kind in KINDS.items()}


def states_for(step: Step, *, checked: bool) -> tuple[State, ...]:
    """The states of a message that the step takes."""
    kind = KINDS[step]
    return (*kind.takes, *kind.checked) if checked else kind.takes


def possible(state: str) -> list[Step]:
    """What can be done with a message in this state."""
    return [step for step in KINDS if state in states_for(step, checked=True)]


def act_on(session: Session, who: Operator, step: Step, message_id: UUID, reason: str, *, checked: bool = False) -> None:
    """Do it with one message. Raises NotFound, Invalid without a reason, Conflict in another state, or where nobody checked."""
    why = reason_of(reason)
    state = session.scalar(text("select state from notify.message where id = :id for update"), {"id": message_id})
    if state is None:
        raise NotFound("No message has the id {id}", id=message_id)
    if state in KINDS[step].checked and not checked:
        raise Conflict("First look in the other side's log whether it took this message, and say that you did")
    if not change(session, who, step, [message_id], why, checked=checked):
        raise Conflict("This message is in the state {state}, and this cannot be done with it", state=state)


def change(
    session: Session,
    who: Operator,
    step: Step,
    ids: Sequence[UUID],
    reason: str,
    *,
    checked: bool = False,
    bulk: UUID | None = None,
) -> int:
    """Do it with those of the messages that are in a state for it, and note each. Returns how many."""
    values = {"ids": list(ids), "takes": list(states_for(step, checked=checked))}
    changed = session.execute(_STATEMENTS[step], values).all()
    details = ({"checked": True} if checked else {}) | ({"bulk": str(bulk)} if bulk else {})
    note_all(session, who, KINDS[step].act, [(row.id, {"was": row.was} | details) for row in changed], reason=reason)
    return len(changed)


def preview(session: Session, step: Step, wanted: Filter, *, checked: bool = False) -> list[UUID]:
    """The ids of those that the step would take, newest first; one more than MOST, where there are more."""
    return found(session, wanted, limit=MOST + 1, states=states_for(step, checked=checked))


def act_on_all(
    session: Session, who: Operator, step: Step, wanted: Filter, reason: str, *, newest: UUID, most: int, checked: bool = False
) -> int:
    """Do it with what a filter finds, from the message `newest` on, and with no more than `most`. Returns how many.

    Each piece and its trace are one transaction: what is ended in between has done some of it, and nothing half.
    """
    why = reason_of(reason)
    states = states_for(step, checked=checked)
    done, before, left = 0, UUID(int=newest.int + 1), min(most, MOST)
    while left > 0 and (ids := found(session, wanted, limit=min(A_PIECE, left), before=before, states=states)):
        done += change(session, who, step, ids, why, checked=checked, bulk=newest)
        session.commit()
        left, before = left - len(ids), ids[-1]
    return done
