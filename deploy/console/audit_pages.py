"""The audit as pages: what operators did, narrowed, as CSV, and whether somebody tampered with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request, Response

from deploy.console.frame import pages
from deploy.console.words import details
from shared.i18n import JST, message
from shared.identity import finding
from shared.operation import acts
from shared.operation.acts import COMMAND_LINE, Operator, Wanted
from shared.operation.tables import Act
from shared.spreadsheets import harmless
from shared.web.callers import Transaction
from shared.web.pages import pages_router, with_query
from shared.web.visitors import OperatorPerson

PAGE = 50
MOST_EXPORTED = 20_000
MOST_OPERATORS = 200
# What the acts' names say. One that is not here is shown as it is.
ACTS = {
    "account.added": message("Account added"),
    "account.disabled": message("Account disabled"),
    "account.enabled": message("Account enabled"),
    "account.left": message("Official left"),
    "account.rights-changed": message("Rights changed"),
    "account.role-changed": message("Role changed"),
    "account.sessions-ended": message("Signed out everywhere"),
    "audit.exported": message("Audit exported"),
    "channel.paused": message("Channel stopped"),
    "channel.resumed": message("Channel goes again"),
    "client.added": message("Sending system added"),
    "client.changed": message("Sending system changed"),
    "client.key-added": message("Sending system's key added"),
    "client.key-revoked": message("Sending system's key revoked"),
    "dead-letter.discarded": message("Dead letter discarded"),
    "dead-letter.edited": message("Dead letter edited"),
    "dead-letter.replayed": message("Dead letters replayed"),
    "dead-letter.shown": message("Dead letter looked at"),
    "duty.given": message("Duty given"),
    "duty.taken": message("Duty taken away"),
    "group.changed": message("Member of a group changed"),
    "group.left": message("Group left"),
    "hold.released": message("Legal hold released"),
    "hold.set": message("Legal hold set"),
    "key.issued": message("Key issued"),
    "key.revoked": message("Key revoked"),
    "letter.printed": message("Letter printed"),
    "letterhead.written": message("Letterhead changed"),
    "letters.collected": message("Letters collected"),
    "lookup.imported": message("Lookup data taken in"),
    "message.cancelled": message("Message cancelled"),
    "message.released": message("Message counts as sent"),
    "message.resent": message("Message sent again"),
    "message.shown": message("Message looked at"),
    "organisation.verified": message("Organisation verified"),
    "procedure.published": message("Procedure published"),
    "sealing.asked": message("Encrypting anew asked for"),
    "suppression.released": message("Written to again"),
    "switch.off": message("Switched off"),
    "switch.on": message("Switched on"),
    "text.put-back": message("Shipped text put back"),
    "text.restored": message("Text of a message restored"),
    "text.written": message("Text of a message changed"),
    "trial.ended": message("Trial ended"),
    "trial.published": message("Trial published"),
}

router = pages_router()


def _wanted(
    by: UUID | Literal["", "command-line"] = "",
    act: Annotated[str, Query(max_length=60, pattern=r"^[a-z.-]*$")] = "",
    subject: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
    since: date | Literal[""] = "",
    until: date | Literal[""] = "",
) -> Wanted:
    """What is looked for. Days are those of Japan; `until` is the last one that is shown."""
    begin = datetime.combine(since, time(), JST).astimezone(UTC) if since else None
    end = datetime.combine(until, time(), JST).astimezone(UTC) + timedelta(days=1) if until else None
    return Wanted(by, act, subject.strip(), begin, end)


Asked = Annotated[Wanted, Depends(_wanted)]


@router.get("/console/audit")
def list_acts(
    request: Request,
    session: Transaction,
    _caller: OperatorPerson,
    wanted: Asked,
    *,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    verify: bool = False,
) -> Response:
    found = acts.found(session, wanted, before=before, most=PAGE + 1)
    operators = finding.accounts(session, finding.Wanted(role="operator"), most=MOST_OPERATORS)
    return pages.show(
        request,
        "audit.html",
        rows=found[:PAGE],
        older=with_query(request, before=found[PAGE - 1].id, verify=None) if len(found) > PAGE else "",
        export=f"/console/audit.csv?{request.url.query}",
        asked={name: request.query_params.get(name, "") for name in ("by", "act", "subject", "since", "until")},
        operators=[(str(account.id), account.name) for account, _ in operators],
        command_line=COMMAND_LINE,
        names=ACTS,
        details=details,
        broken=acts.broken(session)[:PAGE] if verify else None,
        check=with_query(request, verify=1),
    )


@router.get("/console/audit.csv")
def export(session: Transaction, caller: OperatorPerson, wanted: Asked) -> Response:
    """The newest acts that were looked for; for more, narrow the time down. That it was exported is noted too."""
    found = acts.found(session, wanted, most=MOST_EXPORTED)
    acts.note(session, Operator.at_the_pages(caller), "audit.exported", "operation.act", rows=len(found))
    headers = {"content-disposition": 'attachment; filename="audit.csv"', "cache-control": "no-store"}
    return Response(_csv(found), media_type="text/csv; charset=utf-8", headers=headers)


def _csv(found: Sequence[Act]) -> str:
    file = io.StringIO()
    file.write("\ufeff")  # spreadsheets take it for UTF-8 then
    rows = csv.writer(file)
    rows.writerow(["id", "at", "account_id", "name", "act", "subject", "reason", "details"])
    for one in found:
        details = orjson.dumps(one.details).decode()
        cells = (one.id, one.at.isoformat(), one.account_id or "", one.name, one.act, one.subject, one.reason, details)
        rows.writerow([harmless(str(cell)) for cell in cells])
    return file.getvalue()
