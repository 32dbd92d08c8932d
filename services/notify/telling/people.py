"""Whom an event names: the applicant's contact, the official, the managers, or somebody who has no part in an application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import text
from sqlmodel import Session

from shared.events import Contact, Official
from shared.i18n import DEFAULT, Language, message, translate
from shared.identity.personal import EMAIL, NAME

# A `person` has no part in an application; an `office` is an address that a procedure names.
Role = Literal["applicant", "official", "managers", "person", "office"]
_ANYBODY = message("To whom it may concern")
# A member may manage one procedure of his group, or all.
_MANAGERS = text("""
select distinct o.name, o.email
from identity.duty_of d join identity.official o on o.account_id = d.account_id and o."group" = d."group"
where d.role = 'manager' and d."group" = :group and d.procedure in ('*', :procedure)
""").columns(name=NAME, email=EMAIL)


@dataclass(frozen=True)
class Person:
    """Somebody to tell, and what he is in this. `by_post`: he said that notices of this disposition come so."""

    name: str
    email: str
    role: Role
    language: Language = DEFAULT
    by_post: bool = False


def applicant(event: Any) -> Iterable[Person]:
    """The contact of the application."""
    return _of(event.contact, "applicant")


def person(event: Any) -> Iterable[Person]:
    """The contact of what is no application: a sign-in, an invitation, an opinion."""
    return _of(event.contact, "person")


def official(event: Any) -> Iterable[Person]:
    """The official who has the case, if anybody does."""
    return _officials([event.official], "official")


def official_asking(event: Any) -> Iterable[Person]:
    """The official who asked for an opinion: the event has him as a contact."""
    return _of(event.contact, "official")


def asked(event: Any) -> Iterable[Person]:
    """Whom an opinion is asked of: a colleague, who finds it at the desk, or with a link somebody outside."""
    return _of(event.contact, "official" if event.path.startswith("/desk/") else "person")


def awaited(event: Any) -> Iterable[Person]:
    """Whom the case waits for."""
    return _officials(event.people, "official")


def managers(event: Any) -> Iterable[Person]:
    """The managers above the case."""
    return _officials(event.managers, "managers")


def new_official(event: Any) -> Iterable[Person]:
    """Who has the case now, unless he took it himself."""
    return _officials([event.official if event.official and event.official.id != event.by_id else None], "official")


def former_official(event: Any) -> Iterable[Person]:
    """Who had the case before, unless he gave it away himself."""
    return _officials([event.former if event.former and event.former.id != event.by_id else None], "official")


def managers_of(session: Session, group: str, procedure: str) -> Iterable[Person]:
    """Who manages a group's cases of a procedure, for events that do not say."""
    rows = session.execute(_MANAGERS, {"group": group, "procedure": procedure})
    return [Person(row.name, row.email, "managers") for row in rows]


def office(email: str) -> Person:
    """An address that a procedure names."""
    return Person(translate(_ANYBODY, DEFAULT), email, "office")


def _of(contact: Contact, role: Role) -> Iterable[Person]:
    return [Person(contact.name, contact.email, role, contact.language, contact.by_post)]


def _officials(people: Iterable[Official | None], role: Role) -> Iterable[Person]:
    return [Person(one.name, one.email, role) for one in people if one is not None]
