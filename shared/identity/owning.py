"""What the database answers to an owner who changes his organisation, as problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from shared.problems import Conflict, Forbidden, NotFound, Problem, TooMany

if TYPE_CHECKING:
    from sqlmodel import Session


def answered(session: Session, call: str, **values: Any) -> None:
    """Call a function of the schema `identity` that answers `ok`, or why nothing was changed. Raises Problem."""
    answer = session.execute(text(f"select identity.{call}"), values).scalar()
    if answer != "ok":
        raise _problem(str(answer))


def _problem(answer: str) -> Problem:
    match answer:
        case "forbidden":
            return Forbidden("Only an owner of your organisation can do this")
        case "last-owner":
            return Conflict("Your organisation would have no owner left; make somebody else an owner first")
        case "member":
            return Conflict("This address is a member's already")
        case "self":
            return Conflict("This is your own organisation; it needs no mandate")
        case "many":
            return TooMany("There are too many of these already; end some, or try again tomorrow", retry_after=3600)
        case _:
            return NotFound("Your organisation has no such entry; it has ended perhaps")
