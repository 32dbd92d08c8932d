"""Feature switches: what an operator can close for a while, and what people are told then.

SWITCHES is all of them. Whoever offers a feature asks: within a transaction `must_be_on(session, …)`, elsewhere a process's own
`Switches`, which knows of a change within CACHED seconds.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from shared.i18n import message
from shared.operation.acts import Operator, note, reason_of
from shared.operation.tables import Switch
from shared.problems import Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

CACHED = 5.0
# When to ask again, in seconds: what is closed by hand is opened by hand.
RETRY_AFTER = 300


@dataclass(frozen=True)
class Feature:
    """What can be switched: its title, what happens while it is off (for operators), and what people are told then."""

    title: str
    off: str
    told: str
    default: bool = True


SWITCHES: Mapping[str, Feature] = {
    "filing": Feature(
        message("Filing applications"),
        message("Nobody files, on the pages or by the API: 503 with Retry-After. Drafts can be written, and stay."),
        message("Filing is closed for maintenance. Nothing was filed; drafts stay. Try again later."),
    ),
    "registration": Feature(
        message("Registering organisations"),
        message("Nobody registers an organisation; who has an account signs in as ever. Invitations work."),
        message("Organisations cannot register at present. Try again later."),
    ),
    "sign-in-links": Feature(
        message("Signing in by e-mailed link"),
        message("Only operators are mailed a link. Identity providers work."),
        message("Signing in by e-mail is closed at present. Use another way to sign in, or try again later."),
    ),
    "webhooks": Feature(
        message("Webhooks"),
        message("No webhook is called, and none can be changed. What is to be told waits, and goes out afterwards."),
        message("Webhooks are closed at present. What is to be told waits. Try again later."),
    ),
    "clients": Feature(
        message("Systems that send by the API of GOV.UK Notify"),
        message("Their API answers 503 with Retry-After. What they gave us before is sent."),
        message("This API is closed at present; nothing was accepted. Try again later."),
    ),
    "exports": Feature(
        message("Exports at the desk"),
        message("Nobody asks for a new export; those that were asked for are made."),
        message("Exports are closed at present. Try again later."),
    ),
}


@dataclass(frozen=True)
class Standing:
    """A switch as it stands."""

    name: str
    feature: Feature
    on: bool
    changed: Switch | None


def standings(session: Session) -> list[Standing]:
    """All switches, in the order of SWITCHES."""
    known = {one.name: one for one in session.exec(select(Switch))}
    return [
        Standing(name, feature, known[name].on if name in known else feature.default, known.get(name))
        for name, feature in SWITCHES.items()
    ]


def is_on(session: Session, name: str) -> bool:
    """Whether a feature is on at this moment."""
    on: bool | None = session.execute(text('select "on" from operation.switch where name = :name'), {"name": name}).scalar()
    return SWITCHES[name].default if on is None else on


def must_be_on(session: Session, name: str) -> None:
    """Raises Unavailable, in the words of SWITCHES, while a feature is off."""
    if not is_on(session, name):
        raise closed(name)


def closed(name: str) -> Unavailable:
    """What people are told while a feature is off."""
    return Unavailable(SWITCHES[name].told, retry_after=RETRY_AFTER)


def turn(session: Session, by: Operator, name: str, *, on: bool, reason: str) -> None:
    """Switch a feature on or off. Raises NotFound, Invalid without a reason, Conflict when it stands so already."""
    why = reason_of(reason)
    if name not in SWITCHES:
        raise NotFound("There is no switch {name}; choose one of {known}", name=name, known=", ".join(SWITCHES))
    session.execute(text("select pg_advisory_xact_lock(hashtext('operation.switch'))"))
    if is_on(session, name) == on:
        raise Conflict("This feature is on already") if on else Conflict("This feature is off already")
    session.execute(
        text("""
            insert into operation.switch (name, "on") values (:name, :on)
            on conflict (name) do update set "on" = excluded."on", changed_at = now()
        """),
        {"name": name, "on": on},
    )
    note(session, by, "switch.on" if on else "switch.off", name, reason=why)


class Switches:
    """The switches as one process knows them: asked of the database at most every CACHED seconds, by one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._on: dict[str, bool] = {}
        self._until = 0.0
        self._asking = threading.Lock()

    def at_hand(self, name: str) -> bool | None:
        """Whether a feature is on, where that needs no question: None sends one caller to ask (`on`), the others go on."""
        return self._known(name) if time.monotonic() < self._until or self._asking.locked() else None

    def on(self, name: str) -> bool:
        """Whether a feature is on. While the database is away, as it was before."""
        if time.monotonic() >= self._until and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        return self._known(name)

    def must_be_on(self, name: str) -> None:
        """Raises Unavailable while a feature is off."""
        if not self.on(name):
            raise closed(name)

    def forget(self) -> None:
        """Ask again next time."""
        self._until = 0.0

    def _known(self, name: str) -> bool:
        return self._on.get(name, SWITCHES[name].default)

    def _ask(self) -> None:
        try:
            with Session(self._engine) as session:
                self._on = {row.name: row.on for row in session.execute(text('select name, "on" from operation.switch'))}
        except SQLAlchemyError:
            pass
        self._until = time.monotonic() + CACHED
