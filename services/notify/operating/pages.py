"""Messages as pages: finding them, one with every try, and what is done with one or many."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.notify.messages import acts, ledger, steps
from services.notify.messages.finding import listed
from services.notify.messages.states import CHANNELS, STATES
from services.notify.messages.steps import Step
from services.notify.operating import form
from services.notify.operating.showing import shown
from services.notify.recipients import suppressions
from services.notify.recipients.addresses import masked
from shared.i18n import message, translate
from shared.operation.acts import REASON_LIMIT, Operator
from shared.problems import Conflict, Invalid
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.posted import Posted, last
from shared.web.visitors import OperatorPerson

if TYPE_CHECKING:
    from sqlmodel import Session

    from services.notify.models import Message
    from shared.problems import Problem

PAGE = 50
SAMPLE = 20
NO_STORE = {"cache-control": "no-store"}
STEPS: dict[Step, str] = {
    "resend": message("Send again"),
    "release": message("Let it count as sent"),
    "cancel": message("Cancel it"),
}
MANY: dict[Step, str] = {
    "resend": message("Send again what failed or came back"),
    "release": message("Let unknown ones count as sent"),
    "cancel": message("Cancel what waits"),
}
ACTS = {
    "message.shown": message("Looked at"),
    "message.resent": message("Sent again"),
    "message.released": message("Counts as sent"),
    "message.cancelled": message("Cancelled"),
    "channel.paused": message("Channel stopped"),
    "channel.resumed": message("Channel goes again"),
    "suppression.released": message("Written to again"),
}

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


@router.get("/notify/messages")
def list_messages(
    request: Request, session: Transaction, _caller: OperatorPerson, *, before: UUID | None = None, done: int | None = None
) -> Response:
    language = language_of(request)
    entered = form.read(request.query_params)
    found = listed(session, entered.filter, limit=PAGE + 1, before=before)
    return _pages.show(
        request,
        "messages.html",
        rows=[_row(one) for one in found[:PAGE]],
        older=with_query(request, before=found[PAGE - 1].id, done=None) if len(found) > PAGE else "",
        entered=entered,
        labels=form.LABELS,
        errors={error.pointer[1:]: translate(error.detail, language, **error.values) for error in entered.errors},
        chips=form.chips(
            entered, language, lambda name: with_query(request, **dict.fromkeys((name, "subject", "before", "done")))
        ),
        state_names=[(state, meaning.name) for state, meaning in STATES.items()],
        channels=CHANNELS,
        many=MANY,
        done=done,
    )


@router.post("/notify/messages")
def search(request: Request, sent: Posted, _caller: OperatorPerson) -> Response:
    """Go to the list: an address that was entered becomes its keyed hash, so that none stands in a log or a history."""
    entries = {name: last(sent, name) for name in (*form.LABELS, "who")}
    query = form.address(entries, request.app.state.settings.secret_key)
    return RedirectResponse(f"/notify/messages?{query}", 303, NO_STORE)


@router.get("/notify/messages/steps")
def preview(
    request: Request, session: Transaction, _caller: OperatorPerson, step: Step, *, checked: Annotated[bool, Query()] = False
) -> Response:
    return _preview(request, session, step, form.read(request.query_params), checked=checked)


@router.post("/notify/messages/steps")
def act_on_many(
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    sent: Posted,
    *,
    step: Annotated[Step, Form()],
    newest: Annotated[UUID, Form()],
    most: Annotated[int, Form(ge=1, le=steps.MOST)],
    reason: Annotated[str, Form(max_length=4 * REASON_LIMIT)] = "",
    checked: Annotated[bool, Form()] = False,
) -> Response:
    entered = form.read({name: last(sent, name) for name in sent})
    if entered.errors:
        raise Invalid("See the list of errors", errors=entered.errors)
    try:
        done = steps.act_on_all(
            session, Operator.at_the_pages(caller), step, entered.filter, reason, newest=newest, most=most, checked=checked
        )
    except Invalid as problem:
        return _preview(request, session, step, entered, checked=checked, problem=problem)
    query = urlencode({**entered.entries, "done": done})
    return RedirectResponse(f"/notify/messages?{query}", 303, NO_STORE)


@router.get("/notify/messages/{message_id}")
def show_message(message_id: UUID, request: Request, session: Transaction, caller: OperatorPerson) -> Response:
    found = ledger.shown(session, message_id)
    acts.note_look(session, Operator.at_the_pages(caller), message_id)
    return _page(request, session, found)


@router.post("/notify/messages/{message_id}")
def act_on(
    message_id: UUID,
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    *,
    step: Annotated[Step, Form()],
    reason: Annotated[str, Form(max_length=4 * REASON_LIMIT)] = "",
    checked: Annotated[bool, Form()] = False,
) -> Response:
    try:
        steps.act_on(session, Operator.at_the_pages(caller), step, message_id, reason, checked=checked)
    except (Invalid, Conflict) as problem:
        session.rollback()
        return _page(request, session, ledger.shown(session, message_id), problem=problem, reason=reason)
    return RedirectResponse(f"/notify/messages/{message_id}?done={step}", 303, NO_STORE)


def _page(request: Request, session: Session, found: Message, *, problem: Problem | None = None, reason: str = "") -> Response:
    state = STATES[found.state]
    return _pages.show(
        request,
        "message.html",
        status=problem.status if problem else 200,
        message=found,
        state=state,
        channel=CHANNELS[found.channel],
        text=shown(session, found, request.app.state.settings),
        tries=ledger.tries(session, found.id),
        outcomes=STATES,
        acts=acts.of_message(session, found.id),
        act_names=ACTS,
        possible={step: STEPS[step] for step in steps.possible(found.state)},
        needs_check=found.state in steps.KINDS["release"].checked,
        same_recipient=urlencode({"recipient": found.recipient_hash.hex()}) if found.recipient_hash else "",
        suppressed=bool(suppressions.listed(session, recipient=found.recipient_hash, limit=1)) if found.recipient_hash else False,
        done=STEPS.get(request.query_params.get("done", "")),  # type: ignore[call-overload] # any text may stand there
        problem=problem,
        reason=reason,
        reason_limit=REASON_LIMIT,
    )


def _preview(
    request: Request,
    session: Session,
    step: Step,
    entered: form.Entered,
    *,
    checked: bool,
    problem: Problem | None = None,
) -> Response:
    if entered.errors:
        raise Invalid("See the list of errors", errors=entered.errors)
    ids = steps.preview(session, step, entered.filter, checked=checked)
    sample = [ledger.shown(session, one) for one in ids[:SAMPLE]]
    return _pages.show(
        request,
        "messages_steps.html",
        status=problem.status if problem else 200,
        step=step,
        title=MANY[step],
        count=min(len(ids), steps.MOST),
        more=len(ids) > steps.MOST,
        most=steps.MOST,
        newest=ids[0] if ids else None,
        rows=[_row(one) for one in sample],
        entered=entered,
        chips=form.chips(entered, language_of(request), lambda _: ""),
        checked=checked,
        back=f"/notify/messages?{entered.query}",
        takes=[STATES[state].name for state in steps.states_for(step, checked=checked)],
        problem=problem,
        reason_limit=REASON_LIMIT,
    )


def _row(one: Message) -> dict[str, Any]:
    state = STATES[one.state]
    return {"message": one, "to": masked(one.recipient), "state": (state.kind, state.name), "channel": CHANNELS[one.channel]}
