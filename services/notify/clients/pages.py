"""The operators' pages of clients: who may send, with which keys, how much, to whom, and from which addresses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.notify.channels.http import Reach
from services.notify.clients import callbacks, clients, keys, templates
from services.notify.clients.clients import rate_limit
from services.notify.models import Client
from shared.i18n import message
from shared.problems import Conflict, Invalid, NotFound, Problem
from shared.web.callers import Transaction
from shared.web.pages import Pages, pages_router
from shared.web.visitors import OperatorPerson

log = logging.getLogger(__name__)

KEY_TYPES = {
    "normal": message("Live: sends"),
    "team": message("Team: sends to the team only"),
    "test": message("Test: sends nothing"),
}
CHANNELS = {"email": message("E-mail"), "sms": message("Text message"), "letter": message("Letter")}
_TEXT = 50_000

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()
Short = Annotated[str, Form(max_length=300)]
Long = Annotated[str, Form(max_length=_TEXT)]


def _client(client_id: UUID, session: Transaction) -> Client:
    return clients.found(session, str(client_id))


TheClient = Annotated[Client, Depends(_client)]


@router.get("/notify/clients")
def list_clients(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    return _list(request, session)


@router.post("/notify/clients")
def add_client(
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    name: Short = "",
    trial: Annotated[bool, Form()] = False,  # noqa: FBT002 - a form's field
) -> Response:
    try:
        client = clients.add_client(session, name, trial=trial)
    except (Invalid, Conflict) as problem:
        session.rollback()
        return _list(request, session, problem=problem, entered=name)
    note("a client was made", client, caller.account_id)
    return to_client(client)


@router.get("/notify/clients/{client_id}")
def show_client(request: Request, session: Transaction, _caller: OperatorPerson, client: TheClient) -> Response:
    return _show(request, session, client)


@router.post("/notify/clients/{client_id}/keys")
def add_key(
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    client: TheClient,
    *,
    name: Short = "",
    kind: Annotated[keys.KeyType, Form()] = "normal",
) -> Response:
    try:
        made = keys.add_key(session, client, name.strip(), kind, caller.name)
    except (Invalid, Conflict) as problem:
        return _show(request, session, client, problem=problem, form="key")
    note("a client's key was made", client, caller.account_id)
    return _show(request, session, client, key=keys.spoken(request.app.state.settings.secret_key, made))


@router.post("/notify/clients/{client_id}/keys/{key_id}/revocation")
def revoke_key(key_id: UUID, session: Transaction, caller: OperatorPerson, client: TheClient) -> Response:
    keys.revoke(session, client.id, key_id)
    note("a client's key was revoked", client, caller.account_id)
    return to_client(client)


@router.post("/notify/clients/{client_id}/limits")
def set_limits(
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    client: TheClient,
    *,
    daily: Short = "",
    a_minute: Short = "",
    trial: Annotated[bool, Form()] = False,  # a form's field
) -> Response:
    def change() -> None:
        numbers = [int(one) if one.isascii() and one.isdigit() and len(one) < 10 else 0 for one in (daily, a_minute)]  # noqa: PLR2004 - more is too many anyway
        clients.set_limits(client, trial=trial, daily=numbers[0], a_minute=numbers[1])

    return _change(request, session, client, "limits", change, by=caller.account_id)


@router.post("/notify/clients/{client_id}/team")
def set_team(request: Request, session: Transaction, caller: OperatorPerson, client: TheClient, team: Long = "") -> Response:
    return _change(request, session, client, "team", lambda: clients.set_team(client, team.splitlines()), by=caller.account_id)


@router.post("/notify/clients/{client_id}/addresses")
def add_address(
    request: Request, session: Transaction, caller: OperatorPerson, client: TheClient, address: Short = ""
) -> Response:
    return _change(
        request, session, client, "address", lambda: clients.add_reply_to(client, address.strip()), by=caller.account_id
    )


@router.post("/notify/clients/{client_id}/senders")
def add_sender(request: Request, session: Transaction, caller: OperatorPerson, client: TheClient, sender: Short = "") -> Response:
    return _change(
        request, session, client, "sender", lambda: clients.add_sms_sender(client, sender.strip()), by=caller.account_id
    )


@router.post("/notify/clients/{client_id}/callback")
def set_callback(
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    client: TheClient,
    *,
    url: Annotated[str, Form(max_length=3000)] = "",
    token: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    settings = request.app.state.settings

    def change() -> None:
        if url.strip():
            reach = Reach.of(settings)
            callbacks.set_callback(session, settings.secret_key, reach, client, url=url.strip(), token=token.strip())
        else:
            callbacks.end_callback(session, client)

    return _change(request, session, client, "callback", change, by=caller.account_id)


@router.post("/notify/clients/{client_id}/archive")
def archive(caller: OperatorPerson, client: TheClient) -> Response:
    clients.archive(client)
    note("a client was archived", client, caller.account_id)
    return to_client(client)


def _change(request: Request, session: Session, client: Client, form: str, change: Callable[[], object], *, by: UUID) -> Response:
    try:
        change()
    except (Invalid, Conflict, NotFound) as problem:
        return _show(request, session, client, problem=problem, form=form)
    session.add(client)
    note(f"a client's {form} was changed", client, by)
    return to_client(client)


def _list(request: Request, session: Session, *, problem: Problem | None = None, entered: str = "") -> Response:
    status = problem.status if problem else 200
    found = clients.listed(session)
    return _pages.show(request, "clients.html", status=status, clients=found, problem=problem, entered=entered)


def _show(request: Request, session: Session, client: Client, **more: Any) -> Response:
    problem = more.get("problem")
    values = {
        "client": client,
        "rate_limit": rate_limit(client),
        "keys": keys.keys_of(session, client.id),
        "key_types": KEY_TYPES,
        "channels": CHANNELS,
        "templates": [one for one, _ in templates.all_of_client(session, client.id)],
        "address": f"{request.app.state.settings.base_url}/notify",
        "problem": problem,
        "form": more.get("form", ""),
        "callback": callbacks.callback_of(session, client.id),
        "key": more.get("key"),
    }
    return _pages.show(request, "client.html", status=problem.status if problem else 200, **values)


def to_client(client: Client, path: str = "") -> Response:
    """To a client's page, or one below it."""
    return RedirectResponse(f"/notify/clients/{client.id}{path}", 303, {"cache-control": "no-store"})


def note(what: str, client: Client, by: UUID) -> None:
    """Say in the log what an operator did."""
    log.info(what, extra={"context": {"client": str(client.id), "operator": str(by)}})
