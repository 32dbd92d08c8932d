"""The page on which a signed-in person says how he wants to be told."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Any, cast

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.notify.models import Preference
from services.notify.recipients import wishes
from services.notify.recipients.routes import confirmed, himself
from services.notify.recipients.wishes import MOST_LINES, Wishes
from shared.identity.callers import Caller
from shared.problems import Conflict, FieldError, Gone, Invalid, Problem
from shared.validation import body_errors
from shared.web.callers import Transaction
from shared.web.pages import Pages, pages_router
from shared.web.posted import Fields, Posted, last
from shared.web.visitors import Person

PAGE = "/notify/preferences"
_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get(PAGE)
def show_preferences(request: Request, session: Transaction, caller: Person, done: str = "") -> Response:
    wish = wishes.wish_of(session, request.app.state.settings.secret_key, caller.email)
    return _show(request, caller, wish, _written_of(wish), done=done)


@router.post(PAGE)
def change_preferences(request: Request, fields: Posted, session: Transaction, caller: Person) -> Response:
    himself(request, caller)
    secret_key = request.app.state.settings.secret_key
    written = _written(fields)
    try:
        wish = wishes.save(session, secret_key, caller, _read(written), request.app.state.settings.carried)
    except Problem as problem:
        session.rollback()
        return _show(request, caller, wishes.wish_of(session, secret_key, caller.email), written, problem=problem)
    return RedirectResponse(f"{PAGE}?done={'phone' if wish.phone_asked else 'saved'}", 303, {"cache-control": "no-store"})


@router.post(f"{PAGE}/phone")
def confirm_phone(
    request: Request, session: Transaction, caller: Person, code: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    himself(request, caller)
    secret_key = request.app.state.settings.secret_key
    try:
        confirmed(session, secret_key, caller, code)
    except (Invalid, Gone, Conflict) as problem:
        wish = wishes.wish_of(session, secret_key, caller.email)
        errors = [FieldError("/code", problem.detail)]
        return _show(request, caller, wish, _written_of(wish), problem=Invalid("Some entries need mending", errors=errors))
    return RedirectResponse(f"{PAGE}?done=checked", 303, {"cache-control": "no-store"})


def _written(fields: Fields) -> dict[str, Any]:
    """The form as it was filled in: texts, an empty one where nothing is."""
    names = ("language", "electronic", "phone", "postal_address", "quiet_from", "quiet_to", "digest_at")
    return {name: last(fields, name) for name in names} | {"channels": fields.get("channels", [])}


def _read(written: dict[str, Any]) -> Wishes:
    """Raises Invalid."""
    values = {name: value.strip() or None if isinstance(value, str) else value for name, value in written.items()}
    values["electronic"] = values["electronic"] != "no"
    values["postal_address"] = [line for line in written["postal_address"].splitlines() if line.strip()]
    try:
        return Wishes.model_validate(values)
    except ValidationError as error:
        raise Invalid("Some entries need mending", errors=body_errors(cast("Any", error.errors()))) from None


def _written_of(wish: Preference) -> dict[str, Any]:
    def clock(at: time | None) -> str:
        return f"{at:%H:%M}" if at else ""

    return {
        "language": wish.language or "",
        "electronic": "yes" if wish.electronic else "no",
        "channels": wish.channels,
        "phone": wish.phone_asked or wish.phone or "",
        "postal_address": "\n".join(wish.postal_address or ()),
        "quiet_from": clock(wish.quiet_from),
        "quiet_to": clock(wish.quiet_to),
        "digest_at": clock(wish.digest_at),
    }


def _show(
    request: Request, caller: Caller, wish: Preference, written: dict[str, Any], *, problem: Problem | None = None, done: str = ""
) -> Response:
    errors: dict[str, FieldError] = {}
    for error in problem.errors if problem else ():
        errors.setdefault(error.pointer.split("/")[1], error)
    return _pages.show(
        request,
        "preferences.html",
        status=problem.status if problem else 200,
        wish=wish,
        written=written,
        official=caller.role != "applicant",
        errors=errors,
        problem=problem,
        most_lines=MOST_LINES,
        sms="sms" in request.app.state.settings.carried,
        done=done,
    )
