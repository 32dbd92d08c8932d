"""Who is not written to, as a page: why, and writing to him again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime

from services.notify.messages.acts import note_suppression_released
from services.notify.messages.states import CHANNELS
from services.notify.recipients import suppressions
from services.notify.recipients.addresses import masked, recipient_hash
from shared.i18n import message
from shared.operation.acts import REASON_LIMIT, Operator
from shared.problems import Malformed
from shared.web.callers import Transaction
from shared.web.pages import Pages, pages_router, with_query
from shared.web.visitors import OperatorPerson

PAGE = 50
NO_STORE = {"cache-control": "no-store"}
REASONS = {
    "bounce": message("What was sent came back"),
    "complaint": message("The recipient complained"),
    "unsubscribed": message("The recipient does not want it"),
    "operator": message("An operator decided it"),
}
_pages = Pages(Path(__file__).parents[2] / "templates")
router = pages_router()


@router.get("/notify/suppressions")
def list_them(
    request: Request,
    session: Transaction,
    _caller: OperatorPerson,
    *,
    recipient: str = "",
    before: AwareDatetime | None = None,
    done: bool = False,
) -> Response:
    found = suppressions.listed(session, recipient=_hash(recipient) if recipient else None, limit=PAGE + 1, before=before)
    return _pages.show(
        request,
        "suppressions.html",
        rows=[(one, masked(one.recipient), one.recipient_hash.hex()) for one in found[:PAGE]],
        older=with_query(request, before=_as_query(found[PAGE - 1].created_at)) if len(found) > PAGE else "",
        reasons=REASONS,
        channels=CHANNELS,
        reason_limit=REASON_LIMIT,
        narrowed=bool(recipient),
        done=done,
    )


@router.post("/notify/suppressions")
def look_up(request: Request, _caller: OperatorPerson, who: Annotated[str, Form(max_length=500)] = "") -> Response:
    """Go to one recipient's entry, by an address that nobody can read."""
    wanted = recipient_hash(request.app.state.settings.secret_key, who).hex() if who.strip() else ""
    return RedirectResponse(f"/notify/suppressions?recipient={wanted}", 303, NO_STORE)


@router.post("/notify/suppressions/{recipient}/release")
def release(
    recipient: str,
    session: Transaction,
    caller: OperatorPerson,
    reason: Annotated[str, Form(max_length=4 * REASON_LIMIT)] = "",
) -> Response:
    note_suppression_released(session, Operator.at_the_pages(caller), suppressions.release(session, _hash(recipient)), reason)
    return RedirectResponse("/notify/suppressions?done=true", 303, NO_STORE)


def _hash(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError:
        raise Malformed("Enter the recipient again") from None


def _as_query(at: datetime) -> str:
    return at.isoformat()
