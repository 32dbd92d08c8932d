"""The API that the clients of GOV.UK Notify speak, version 2.

It is at /notify/v2, and at /v2 as well: some clients put their paths under the address they are given, others in place of its
path.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from email.utils import parseaddr
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from services.notify.channels.letters.carrier import sender_of as sender_of_letters
from services.notify.clients import letters, notifications, shapes, templates
from services.notify.clients.clients import chosen
from services.notify.clients.limits import Limits
from services.notify.clients.notifications import Filter, Wanted
from services.notify.clients.refusals import Refusal, bad_request, invalid, nothing_found
from services.notify.clients.requests import EmailIn, LetterIn, PrecompiledIn, PreviewIn, SmsIn, refused, without_addresses
from services.notify.clients.statuses import STATUSES
from services.notify.clients.templates import CHANNELS
from services.notify.clients.tokens import Sender, sender_of
from services.notify.wording.versions import compiled
from shared.problems import Problem
from shared.web.app import allow_body
from shared.web.callers import Transaction
from shared.web.responses import OrjsonResponse

PREFIX = "/notify/v2"
# Where a letter may be sent as a PDF, in base64, and how large that is: for who has a token, not for anybody.
_LETTERS, _LETTER_BYTES = "/notifications/letter", 8 * 1024 * 1024
_limits = Limits()


class NotifyRoute(APIRoute):
    """A route that says what is wrong in the shape that its clients read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's, with its failures turned into refusals."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                if request.scope["path"].endswith(_LETTERS):
                    await run_in_threadpool(_let_more_in, request)
                return await answer(request)
            except (Refusal, RequestValidationError, ValidationError, HTTPException, Problem) as error:
                refusal = _refusal(error)
                if refusal is None:
                    raise
                retry_after = getattr(error, "retry_after", None)
                headers = {"retry-after": str(retry_after)} if retry_after else None
                return OrjsonResponse(refusal.body(), refusal.status, headers)

        return answered


def _let_more_in(request: Request) -> None:
    """Look at the token before the body is read. Raises Refusal."""
    with Session(request.app.state.engine) as session:
        sender_of(session, request.app.state.settings.secret_key, request.headers.get("authorization"))
    allow_body(request, _LETTER_BYTES)


def _refusal(error: Exception) -> Refusal | None:
    if isinstance(error, (RequestValidationError, ValidationError)):
        return refused(error.errors())
    if isinstance(error, HTTPException):  # FastAPI calls whatever happens while it reads a body a bad request
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if isinstance(error, Problem):
        return bad_request(str(error), error.status)
    return error if isinstance(error, Refusal) else None


def _sender(
    request: Request, session: Transaction, authorization: Annotated[str | None, Header(include_in_schema=False)] = None
) -> Sender:
    sender = sender_of(session, request.app.state.settings.secret_key, authorization)
    _limits.take_request(sender)
    return sender


def _base(request: Request) -> str:
    return f"{request.app.state.settings.base_url}{PREFIX}"


From = Annotated[Sender, Depends(_sender)]
Base = Annotated[str, Depends(_base)]
_MEANING = {
    400: "The request is wrong, or cannot be done",
    401: "There is no token",
    403: "The token is not valid",
    404: "There is no such thing, or it is another client's",
    413: "Too large",
    429: "Over a limit",
}
_ERROR = {"type": "object", "properties": {"error": {"type": "string"}, "message": {"type": "string"}}}
_REFUSAL = {"type": "object", "properties": {"status_code": {"type": "integer"}, "errors": {"type": "array", "items": _ERROR}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "content": {"application/json": {"schema": _REFUSAL}}}
    for status, meaning in _MEANING.items()
}
_v2 = APIRouter(route_class=NotifyRoute, tags=["notify"], default_response_class=OrjsonResponse, responses=_REFUSALS)


@_v2.post("/notifications/email", status_code=201)
def send_email(written: EmailIn, request: Request, session: Transaction, sender: From, base: Base) -> Any:
    """Send a mail. Answered when it is written down for good."""
    _limits.take_message(session, sender)
    options = {
        "from_name": sender.client.name,
        "reply_to": _chosen(sender, "reply_to", written.email_reply_to_id, "email_reply_to_id"),
        "one_click_unsubscribe_url": written.one_click_unsubscribe_url,
        "scheduled_for": shapes.at(written.scheduled_for),
    }
    wanted = Wanted(
        channel="email",
        recipient=written.email_address,
        template_id=written.template_id,
        values=without_addresses(written.personalisation, written.sanitise_content_for),
        reference=written.reference,
        options=options,
        scheduled_for=written.scheduled_for,
    )
    settings = request.app.state.settings
    message, text = notifications.take(session, settings.secret_key, sender, wanted)
    content = {
        "body": text.body.strip("\n"),
        "subject": text.subject,
        "from_email": parseaddr(settings.sender)[1],
        "one_click_unsubscribe_url": written.one_click_unsubscribe_url,
    }
    return shapes.accepted(message, content, base)


@_v2.post("/notifications/sms", status_code=201)
def send_sms(written: SmsIn, request: Request, session: Transaction, sender: From, base: Base) -> Any:
    """Send a text message. Answered when it is written down for good."""
    _limits.take_message(session, sender)
    name = _chosen(sender, "sms_sender", written.sms_sender_id, "sms_sender_id")
    wanted = Wanted(
        channel="sms",
        recipient=written.phone_number,
        template_id=written.template_id,
        values=written.personalisation,
        reference=written.reference,
        options={"from_number": name, "scheduled_for": shapes.at(written.scheduled_for)},
        scheduled_for=written.scheduled_for,
    )
    message, text = notifications.take(session, request.app.state.settings.secret_key, sender, wanted)
    return shapes.accepted(message, {"body": text.body.strip("\n"), "from_number": name or sender.client.name}, base)


def _chosen(sender: Sender, kind: str, which: UUID | None, field: str) -> str | None:
    try:
        return chosen(sender.client, kind, which)
    except LookupError:
        raise bad_request(f"{field} {which} does not exist in database for service id {sender.client.id}") from None


@_v2.post("/notifications/letter", status_code=201)
def send_letter(
    written: Annotated[dict[str, Any], Body()], request: Request, session: Transaction, sender: From, base: Base
) -> Any:
    """Send a letter: by a template, or as a PDF in `content`. Answered when it is written down for good."""
    _limits.take_message(session, sender)
    secret_key = request.app.state.settings.secret_key
    if "content" in written:
        made = PrecompiledIn.model_validate(written)
        message = letters.take_pdf(session, secret_key, sender, **made.model_dump())
        return {"id": message.id, "reference": message.reference, "postage": made.postage}
    letter = LetterIn.model_validate(written)
    letters.may_send_letters(sender)
    wanted = Wanted(
        channel="letter",
        recipient=letters.address_of(letter.personalisation),
        template_id=letter.template_id,
        values=letter.personalisation,
        reference=letter.reference,
        options={"from_name": sender.client.name},
    )
    message, text = notifications.take(session, secret_key, sender, wanted)
    return shapes.accepted(message, {"body": text.body.strip("\n"), "subject": text.subject}, base)


@_v2.get("/notifications")
def list_notifications(
    session: Transaction,
    sender: From,
    base: Base,
    *,
    status: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006 - FastAPI copies it
    template_type: Annotated[list[str], Query(max_length=10)] = [],  # noqa: B006 - as above
    reference: Annotated[str | None, Query(max_length=1000, pattern=r"^[^\x00]*$")] = None,
    older_than: UUID | None = None,
) -> Any:
    """The client's messages, newest first, 250 at once."""
    _one_of("status", status, STATUSES)
    _one_of("template_type", template_type, CHANNELS)
    wanted = Filter(template_type, status, reference, older_than)
    return shapes.page(notifications.listed(session, sender, wanted), wanted, base)


def _one_of(field: str, given: list[str], known: tuple[str, ...]) -> None:
    wrong = [f"{field} {one[:100]} is not one of [{', '.join(known)}]" for one in given if one not in known]
    if wrong:
        raise invalid(*wrong)


@_v2.get("/notifications/{id}")
def show_notification(id: UUID, session: Transaction, sender: From, base: Base) -> Any:  # noqa: A002 - as refusals name it
    """One message and how it stands."""
    return shapes.notification(notifications.found(session, sender.client.id, id), base)


@_v2.get("/notifications/{id}/pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
def show_pdf(id: UUID, request: Request, session: Transaction, sender: From) -> Response:  # noqa: A002 - as refusals name it
    """A letter as it is printed."""
    shown = notifications.found(session, sender.client.id, id)
    pdf = letters.pdf_of(session, shown, sender_of_letters(request.app.state.settings))
    return Response(pdf, media_type="application/pdf", headers={"content-disposition": "attachment", "cache-control": "no-store"})


@_v2.get("/templates")
def list_templates(
    session: Transaction, sender: From, template_type: Annotated[str | None, Query(alias="type", max_length=20)] = None
) -> Any:
    """The client's templates."""
    _one_of("type", [template_type] if template_type else [], CHANNELS)
    found = templates.all_of_client(session, sender.client.id, template_type)
    return {"templates": [shapes.template(one) for one in found]}


@_v2.get("/template/{id}")
def show_template(id: UUID, session: Transaction, sender: From) -> Any:  # noqa: A002 - as refusals name it
    """A template in the version in use."""
    return shapes.template(_template(session, sender, id))


@_v2.get("/template/{id}/version/{version}")
def show_version(id: UUID, version: Annotated[int, Path(ge=0, lt=2**31)], session: Transaction, sender: From) -> Any:  # noqa: A002 - as refusals name it
    """A template in one version."""
    return shapes.template(_template(session, sender, id, version))


@_v2.post("/template/{id}/preview")
def preview_template(id: UUID, session: Transaction, sender: From, written: PreviewIn | None = None) -> Any:  # noqa: A002 - as refusals name it
    """A template filled, as it would be read."""
    found = _template(session, sender, id)
    template = compiled(found[1], found[0].channel)
    return shapes.preview(found, notifications.filled(template, written.personalisation if written else {}))


def _template(session: Transaction, sender: Sender, template_id: UUID, version: int | None = None) -> templates.Written:
    found = templates.of_client(session, sender.client.id, template_id, version)
    if found is None:
        raise nothing_found()
    return found


@_v2.get("/received-text-messages")
def list_received(_sender: From, base: Base, older_than: UUID | None = None) -> Any:  # noqa: ARG001 - clients send it
    """Text messages that came in: none, since this post takes none."""
    return shapes.nothing_received(base)


# Where the Python client asks for all versions of a template: relative to the address it was given.
_service = APIRouter(route_class=NotifyRoute, tags=["notify"], default_response_class=OrjsonResponse, responses=_REFUSALS)


@_service.get("/service/{client_id}/template/{id}/versions")
def list_versions(client_id: UUID, id: UUID, session: Transaction, sender: From) -> Any:  # noqa: A002 - as refusals name it
    """All versions of a template, the newest first."""
    found = templates.versions_of(session, sender.client.id, id) if client_id == sender.client.id else []
    if not found:
        raise nothing_found()
    return {"data": [shapes.template(one) for one in found]}


router = APIRouter()
router.include_router(_v2, prefix=PREFIX)
router.include_router(_service, prefix="/notify")
router.include_router(_service, include_in_schema=False)
router.include_router(_v2, prefix="/v2", include_in_schema=False)
