"""The operators' pages of clients' templates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from services.notify.clients import templates
from services.notify.clients.pages import CHANNELS, Long, Short, TheClient, note, to_client
from services.notify.models import Client
from services.notify.wording.versions import compiled
from shared.i18n import translate
from shared.problems import Invalid
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import OperatorPerson

_pages = Pages(Path(__file__).parents[2] / "templates")
router = pages_router()


@dataclass(frozen=True)
class _Entered:
    """What was entered for a template."""

    subject: str = ""
    body: str = ""
    name: str = ""
    channel: str = "email"


@router.get("/notify/clients/{client_id}/templates/new")
def new_template(request: Request, _session: Transaction, _caller: OperatorPerson, client: TheClient) -> Response:
    return _template(request, client, None, _Entered())


@router.post("/notify/clients/{client_id}/templates")
def add_template(
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    client: TheClient,
    *,
    name: Short = "",
    channel: Short = "",
    subject: Annotated[str, Form(max_length=2000)] = "",
    body: Long = "",
) -> Response:
    entered = _Entered(subject, body.replace("\r\n", "\n"), name, channel)
    try:
        made, _ = templates.add_template(
            session, client, channel, name=name.strip(), subject=subject.strip(), body=entered.body, by=caller.name
        )
    except Invalid as problem:
        return _template(request, client, None, entered, problem=problem)
    note("a client's template was made", client, caller.account_id)
    return to_client(client, f"/templates/{made.id}")


@router.get("/notify/clients/{client_id}/templates/{template_id}")
def show_template(
    template_id: UUID, request: Request, session: Transaction, _caller: OperatorPerson, client: TheClient
) -> Response:
    written = templates.must_find(session, client.id, str(template_id))
    return _template(request, client, written, _Entered(written[1].subject, written[1].body))


@router.post("/notify/clients/{client_id}/templates/{template_id}")
def revise_template(
    template_id: UUID,
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    client: TheClient,
    *,
    subject: Annotated[str, Form(max_length=2000)] = "",
    body: Long = "",
) -> Response:
    written = templates.must_find(session, client.id, str(template_id))
    entered = _Entered(subject.strip(), body.replace("\r\n", "\n"))
    try:
        templates.revise(session, written[0], entered.subject, entered.body, caller.name)
    except Invalid as problem:
        return _template(request, client, written, entered, problem=problem)
    note("a client's template was revised", client, caller.account_id)
    return to_client(client, f"/templates/{template_id}")


@router.post("/notify/clients/{client_id}/templates/{template_id}/archive")
def archive_template(template_id: UUID, session: Transaction, caller: OperatorPerson, client: TheClient) -> Response:
    templates.archive(templates.must_find(session, client.id, str(template_id))[0])
    note("a client's template was archived", client, caller.account_id)
    return to_client(client)


def _template(
    request: Request,
    client: Client,
    written: templates.Written | None,
    entered: _Entered,
    *,
    problem: Invalid | None = None,
) -> Response:
    """The form of a template, and how the version in use reads with the names of its values in their places."""
    ready = compiled(written[1], written[0].channel) if written else None
    errors = problem.errors if problem else []
    language = language_of(request)
    summary = [(error.pointer[1:], translate(error.detail, language, **error.values)) for error in errors]
    values = {
        "client": client,
        "channels": CHANNELS,
        "template": written[0] if written else None,
        "entered": entered,
        "asked": ready.placeholders if ready else (),
        "shown": ready.fill({name: f"〔{name}〕" for name in ready.placeholders}) if ready else None,
        "problem": problem,
        "summary": summary,
    }
    return _pages.show(request, "client_template.html", status=problem.status if problem else 200, **values)
