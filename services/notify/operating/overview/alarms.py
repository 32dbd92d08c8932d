"""What an operator should look at: the page says it, and /health/ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from services.notify.messages.channels import Standing, standings
from services.notify.messages.states import CHANNELS
from services.notify.operating.overview.figures import Fates
from shared.i18n import message

if TYPE_CHECKING:
    from fastapi import FastAPI

# What could have gone out longer ago than this, in seconds, means that nobody sends.
LATE = 300.0
# Refusals in percent, of at least so many messages of a template, mean that the template or its recipients are wrong.
MANY_REFUSED = 10.0
ENOUGH = 20


@dataclass(frozen=True)
class Alarm:
    """What is wrong, how bad, and where to look. `channel` is the name of a channel that the text shows."""

    kind: str
    text: str
    href: str
    channel: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def alarms(found: Sequence[Standing], templates: Sequence[tuple[str, Fates]]) -> list[Alarm]:
    """What to look at, the worst first."""
    made = []
    for one in found:
        name, where = CHANNELS[one.channel], f"/notify/messages?channel={one.channel}"
        if one.late > LATE and not one.pause:
            text = message("{channel}: nothing was sent for {minutes} minutes, though messages wait. Do the workers run?")
            made.append(Alarm("bad", text, f"{where}&state=created", name, {"minutes": int(one.late // 60)}))
        if one.unknown:
            text = message("{channel}: of {count} messages nobody knows whether they were sent. They wait for you.")
            made.append(Alarm("bad", text, f"{where}&state=unknown", name, {"count": f"{one.unknown:,}"}))
        if one.pause:
            text = message("{channel}: stopped by {who}. {count} messages wait.")
            waiting = f"{one.waiting + one.deferred:,}"
            made.append(Alarm("mend", text, "#channels", name, {"who": one.pause.paused_by, "count": waiting}))
    for template, of in templates:
        if of.rate >= MANY_REFUSED and of.arrived + of.refused >= ENOUGH:
            text = message("The template {template}: {rate} % of its messages were refused or came back in 7 days.")
            href = f"/notify/messages?template={template}&state=failed"
            made.append(Alarm("mend", text, href, values={"template": template, "rate": f"{of.rate:.1f}"}))
    return sorted(made, key=lambda alarm: alarm.kind != "bad")


def health(app: FastAPI) -> dict[str, Any]:
    """For /health/ready: not well while something that could go out does not. What is held is told, and makes nobody ill."""
    try:
        with Session(app.state.engine) as session:
            found = standings(session)
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        return {"ok": False, "cause": type(error).__name__}
    late = max(0.0 if one.pause else one.late for one in found)
    return {
        "ok": late < LATE,
        "oldest_waiting_s": round(late, 1),
        "held": sum(one.unknown for one in found),
        "stopped": [one.channel for one in found if one.pause],
        "channels": {
            one.channel: {
                "waiting": one.waiting,
                "deferred": one.deferred,
                "unknown": one.unknown,
                "oldest_s": round(one.oldest, 1),
                "late_s": round(one.late, 1),
            }
            for one in found
        },
    }
