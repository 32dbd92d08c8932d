"""Webhooks as pages: for owners their organisation's, for operators all; each with the log of its deliveries."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.notify.channels.http import URL_LIMIT, Reach
from services.notify.channels.webhooks.signing import OVERLAP
from services.notify.messages.states import STATES
from services.notify.webhooks import deliveries, registration
from services.notify.webhooks.calling import TYPES
from services.notify.webhooks.registration import DESCRIPTION_LIMIT, Wanted
from shared.i18n import JST, message, translate
from shared.identity.callers import Caller, must_own
from shared.problems import Conflict, FieldError, Invalid, TooMany
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.posted import Posted, last
from shared.web.visitors import ApplicantPerson, a_person

if TYPE_CHECKING:
    from sqlmodel import Session

    from services.notify.models import State
    from shared.problems import Problem

PAGE = 50
NO_STORE = {"cache-control": "no-store"}
ADDRESS = "/notify/webhooks"
DONE = {
    "changed": message("The webhook is changed"),
    "rotation": message("There is a new secret; for a day the former one signs too"),
    "ping": message("A test call is on its way; reload this page to see what came of it"),
    "active": message("The webhook is called again"),
    "disabled": message("The webhook is not called any more"),
    "replay": message("It goes out once more"),
}
# What each type of call tells of.
TOLD = {
    "application.arrived": message("An application arrived"),
    "application.returned": message("An application was returned because of its format"),
    "application.withdrawn": message("An application was withdrawn"),
    "case.opened": message("A review began"),
    "case.decided": message("It was decided"),
    "case.edited": message("An official changed entries"),
    "correction.requested": message("A correction was asked for"),
    "correction.extended": message("A correction got more time"),
    "correction.reminded": message("A correction is due soon"),
    "correction.expired": message("A correction's time has passed"),
    "correction.closed": message("A correction is over"),
    "message.to-applicant": message("The office wrote a message"),
    "document.issued": message("A document was issued"),
    "document.reminded": message("A document was not fetched yet"),
    "document.ended": message("A document was replaced or revoked"),
}
# What a list of deliveries can be narrowed to.
NARROW: tuple[State, ...] = ("delivered", "deferred", "failed", "cancelled")

Keeper = Annotated[Caller, Depends(a_person("applicant", "operator"))]

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, NO_STORE)


def _wanted(fields: dict[str, list[str]]) -> Wanted:
    return Wanted(last(fields, "url").strip(), fields.get("types", []), last(fields, "description").strip())


@router.get(ADDRESS)
def show_all(request: Request, session: Transaction, caller: Keeper, before: Annotated[UUID | None, Query()] = None) -> Response:
    return _list(request, session, caller, before=before)


def _list(
    request: Request,
    session: Session,
    caller: Caller,
    *,
    before: UUID | None = None,
    problem: Problem | None = None,
    entered: Wanted | None = None,
) -> Response:
    found = registration.listed(session, caller, limit=PAGE, before=before)
    return _pages.show(
        request,
        "webhooks.html",
        status=problem.status if problem else 200,
        webhooks=found,
        older=with_query(request, before=found[-1].id) if len(found) == PAGE else "",
        **_form(request, entered or Wanted(""), problem),
    )


def _form(request: Request, entered: Wanted, problem: Problem | None) -> dict[str, Any]:
    errors = {error.pointer[1:]: error for error in problem.errors} if problem else {}
    says = language_of(request)
    return {
        "entered": entered,
        "types": [(one, TOLD.get(one, "")) for one in TYPES],
        "problem": problem,
        "errors": {"url": None, "types": None, "description": None, "since": None, **errors},
        "summary": [(name, translate(one.detail, says, **one.values)) for name, one in errors.items()],
        "url_limit": URL_LIMIT,
        "description_limit": DESCRIPTION_LIMIT,
    }


@router.post(ADDRESS)
def register(request: Request, session: Transaction, caller: ApplicantPerson, fields: Posted) -> Response:
    must_own(caller)
    wanted = _wanted(fields)
    try:
        webhook = registration.register(session, caller, wanted, Reach.of(request.app.state.settings))
    except (Invalid, Conflict) as problem:
        return _list(request, session, caller, problem=problem, entered=wanted)
    return _to(f"{ADDRESS}/{webhook.id}")


@router.get(ADDRESS + "/{webhook_id}")
def show(
    webhook_id: UUID,
    request: Request,
    session: Transaction,
    caller: Keeper,
    *,
    state: str = "",
    before: Annotated[UUID | None, Query()] = None,
    done: str = "",
) -> Response:
    return _one(request, session, caller, webhook_id, state=state, before=before, done=DONE.get(done, ""))


def _one(
    request: Request,
    session: Session,
    caller: Caller,
    webhook_id: UUID,
    *,
    state: str = "",
    before: UUID | None = None,
    done: str = "",
    secret: str = "",
    problem: Problem | None = None,
    entered: Wanted | None = None,
) -> Response:
    webhook = registration.shown(session, caller, webhook_id)
    narrow = next((one for one in NARROW if one == state), None)
    found = deliveries.listed(session, webhook, state=narrow, limit=PAGE, before=before)
    rotated = webhook.rotated_at
    return _pages.show(
        request,
        "webhook.html",
        status=problem.status if problem else 200,
        webhook=webhook,
        both_until=rotated + OVERLAP if rotated and datetime.now(UTC) < rotated + OVERLAP else None,
        deliveries=found,
        tries=deliveries.tries(session, found),
        replayable=deliveries.REPLAYABLE,
        older=with_query(request, before=found[-1].id, done=None) if len(found) == PAGE else "",
        states=STATES,
        narrow=NARROW,
        chosen=narrow or "",
        secret=secret,
        done=done,
        today=datetime.now(JST).date().isoformat(),
        **_form(request, entered or Wanted(webhook.url, webhook.types, webhook.description), problem),
    )


@router.post(ADDRESS + "/{webhook_id}")
def change(webhook_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson, fields: Posted) -> Response:
    wanted = _wanted(fields)
    try:
        registration.change(session, caller, webhook_id, wanted, Reach.of(request.app.state.settings))
    except Invalid as problem:
        return _one(request, session, caller, webhook_id, problem=problem, entered=wanted)
    return _to(f"{ADDRESS}/{webhook_id}?done=changed")


@router.post(ADDRESS + "/{webhook_id}/secret")
def show_secret(webhook_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    secret = registration.secret(session, caller, webhook_id, request.app.state.settings.secret_key)
    return _one(request, session, caller, webhook_id, secret=secret)


@router.post(ADDRESS + "/{webhook_id}/rotation")
def rotate(webhook_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    try:
        registration.rotate(session, caller, webhook_id)
    except Conflict as problem:
        return _one(request, session, caller, webhook_id, problem=problem)
    return _to(f"{ADDRESS}/{webhook_id}?done=rotation")


@router.post(ADDRESS + "/{webhook_id}/ping")
def ping(webhook_id: UUID, request: Request, session: Transaction, caller: Keeper) -> Response:
    try:
        webhook = registration.shown(session, caller, webhook_id)
        deliveries.ping(session, webhook, request.app.state.settings.secret_key)
    except (Conflict, TooMany) as problem:
        return _one(request, session, caller, webhook_id, problem=problem)
    return _to(f"{ADDRESS}/{webhook_id}?done=ping")


@router.post(ADDRESS + "/{webhook_id}/state")
def switch(webhook_id: UUID, session: Transaction, caller: Keeper, state: Annotated[str, Form()] = "") -> Response:
    webhook = registration.switch(session, caller, webhook_id, on=state == "active")
    return _to(f"{ADDRESS}/{webhook_id}?done={webhook.state}")


@router.post(ADDRESS + "/{webhook_id}/removal")
def end(webhook_id: UUID, session: Transaction, caller: Keeper) -> Response:
    registration.end(session, caller, webhook_id)
    return _to(ADDRESS)


@router.post(ADDRESS + "/{webhook_id}/deliveries/{delivery_id}/replay")
def replay(webhook_id: UUID, delivery_id: UUID, request: Request, session: Transaction, caller: Keeper) -> Response:
    try:
        deliveries.replay(session, registration.shown(session, caller, webhook_id), delivery_id)
    except Conflict as problem:
        return _one(request, session, caller, webhook_id, problem=problem)
    return _to(f"{ADDRESS}/{webhook_id}?done=replay")


@router.post(ADDRESS + "/{webhook_id}/replay")
def replay_lost(
    webhook_id: UUID, request: Request, session: Transaction, caller: Keeper, since: Annotated[str, Form()] = ""
) -> Response:
    try:
        day = datetime.combine(_day(since), time(), JST)
        count = deliveries.replay_lost(session, registration.shown(session, caller, webhook_id), day)
    except (Invalid, Conflict) as problem:
        return _one(request, session, caller, webhook_id, problem=problem)
    done = translate(message("{count} messages go out once more"), language_of(request), count=count)
    return _one(request, session, caller, webhook_id, done=done)


def _day(entered: str) -> datetime:
    try:
        return datetime.strptime(entered, "%Y-%m-%d").replace(tzinfo=JST)
    except ValueError:
        wrong = FieldError("/since", "Write a day, such as 2026-04-01")
        raise Invalid("Some entries need mending", errors=[wrong]) from None
