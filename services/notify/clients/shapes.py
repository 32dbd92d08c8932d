"""Messages and templates as JSON, in the shapes that the clients of GOV.UK Notify read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from services.notify.clients.notifications import Filter, Shown
from services.notify.clients.templates import Written
from services.notify.models import Message
from services.notify.wording.compiling import Text
from services.notify.wording.versions import compiled

ADDRESS_LINES = 7


def at(moment: datetime | None) -> str | None:
    """A time as they write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def accepted(message: Message, content: dict[str, Any], base: str) -> dict[str, Any]:
    """The answer to a message that was taken."""
    return {
        "id": message.id,
        "reference": message.reference,
        "content": content,
        "uri": f"{base}/notifications/{message.id}",
        "template": {
            "id": message.template,
            "version": message.template_version,
            "uri": f"{base}/template/{message.template}",
        },
        "scheduled_for": message.options.get("scheduled_for"),
    }


def notification(shown: Shown, base: str) -> dict[str, Any]:
    """A message and how it stands."""
    message, text = shown.message, shown.text
    address = message.recipient.split("\n") if message.channel == "letter" else []
    lines = {f"line_{number + 1}": address[number] if number < len(address) else None for number in range(ADDRESS_LINES)}
    version = message.template_version or 1
    return {
        "id": message.id,
        "reference": message.reference,
        "email_address": message.recipient if message.channel == "email" else None,
        "phone_number": message.recipient if message.channel == "sms" else None,
        **lines,
        "postcode": None,
        "postage": message.options.get("postage"),
        "type": message.channel,
        "status": shown.status,
        "template": {
            "id": message.template,
            "version": version,
            "uri": f"{base}/template/{message.template}/version/{version}",
        },
        "body": text.body.strip("\n"),
        "subject": text.subject if message.channel != "sms" else None,
        "created_at": at(message.created_at),
        "created_by_name": None,
        "sent_at": at(message.sent_at),
        "completed_at": at(message.completed_at),
        "scheduled_for": message.options.get("scheduled_for"),
        "one_click_unsubscribe": message.options.get("one_click_unsubscribe_url"),
        # Nothing is charged.
        "is_cost_data_ready": True,
        "cost_in_pounds": 0,
        "cost_details": {},
    }


def page(shown: Sequence[Shown], wanted: Filter, base: str) -> dict[str, Any]:
    """A page of messages, with the address of the next one where there may be one."""
    query = [
        *(("template_type", one) for one in wanted.channels),
        *(("status", one) for one in wanted.statuses),
        *([("reference", wanted.reference)] if wanted.reference is not None else []),
    ]
    here = ([("older_than", str(wanted.older_than))] if wanted.older_than else []) + query
    links = {"current": _link(base, here)}
    if shown:
        # Clients take the first UUID of it.
        links["next"] = _link(base, [("older_than", str(shown[-1].message.id)), *query])
    return {"notifications": [notification(one, base) for one in shown], "links": links}


def _link(base: str, query: list[tuple[str, str]]) -> str:
    return f"{base}/notifications" + (f"?{urlencode(query)}" if query else "")


def template(written: Written) -> dict[str, Any]:
    """A template in one version."""
    one, version = written
    return {
        "id": one.id,
        "name": one.name,
        "type": one.channel,
        "created_at": at(one.created_at),
        "updated_at": at(version.created_at) if version.version > 1 else None,
        "created_by": version.created_by,
        "version": version.version,
        "body": version.body,
        "subject": version.subject if one.channel != "sms" else None,
        "personalisation": {name: {"required": True} for name in compiled(version, one.channel).placeholders},
        "postage": "second" if one.channel == "letter" else None,
        "letter_contact_block": None,
    }


def preview(written: Written, text: Text) -> dict[str, Any]:
    """A template as it would be read."""
    one, version = written
    return {
        "id": one.id,
        "type": one.channel,
        "version": version.version,
        "body": text.body.strip("\n"),
        "subject": text.subject if one.channel != "sms" else None,
        "html": text.html if one.channel == "email" else None,
        "postage": "second" if one.channel == "letter" else None,
    }


def nothing_received(base: str) -> dict[str, Any]:
    """Text messages that came in: this post takes none."""
    return {"received_text_messages": [], "links": {"current": f"{base}/received-text-messages"}}
