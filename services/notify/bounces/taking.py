"""Writing down what came back: only of a message that the mail names by a token that nobody else can make."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Literal
from uuid import uuid5

from sqlalchemy import text
from sqlmodel import Session

from services.notify.bounces.reports import MOST_BYTES, Report, report_in
from services.notify.channels.email.tokens import message_named
from services.notify.recipients.suppressions import suppress_recipient_of

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr

log = logging.getLogger(__name__)

Taken = Literal["taken", "known", "no report", "of no message"]

ANSWER_LIMIT = 300
# So many reports on one message are written down. Its recipient may send any number.
MOST_REPORTS = 20

# The report's own id makes it count once, however often it is read.
_WRITE = text("""
with found as (
  select id, attempts, state from notify.message where id = :id and channel = 'email' for update
), noted as (
  insert into notify.attempt (id, message_id, number, started_at, took_ms, server, outcome, answer)
  select :report_id, id, greatest(attempts, 1), now(), 0, :server, :outcome, :answer from found
  where (select count(*) from notify.attempt a where a.message_id = :id and a.outcome in ('bounced', 'delayed', 'complained'))
        < :most
  on conflict do nothing
  returning message_id
), moved as (
  update notify.message m
  set state = case when :outcome = 'bounced' then 'bounced' else 'delivered' end,
      error = case when :outcome = 'bounced' then :answer end, completed_at = now(),
      sent_at = coalesce(sent_at, now())
  from noted
  where m.id = noted.message_id and :outcome in ('bounced', 'delivered') and m.state in ('sending', 'sent', 'unknown')
)
select count(*) as noted, (select count(*) from found) as found from noted
""")


def take(session: Session, secret_key: SecretStr, content: bytes, recipient: str = "") -> Taken:
    """Take one mail that came back. `recipient` is the address it came to, where the mail server tells; else its headers say.

    A failure for good makes the message `bounced`, and, like a complaint, keeps the house from writing to this address.
    """
    content = content[:MOST_BYTES]
    report = report_in(content)
    if report is None:
        return "no report"
    message_id = message_named(secret_key, recipient.encode() + b"\n" + content)
    if message_id is None:
        return "of no message"
    return _write(session, message_id, report, content)


def _write(session: Session, message_id: UUID, report: Report, content: bytes) -> Taken:
    answer = (f"{report.status} {report.detail}" if report.status not in report.detail else report.detail).strip()
    row = session.execute(
        _WRITE,
        {
            "id": message_id,
            "report_id": uuid5(message_id, hashlib.sha256(content).hexdigest()),
            "server": report.server,
            "outcome": report.kind,
            "answer": answer[:ANSWER_LIMIT],
            "most": MOST_REPORTS,
        },
    ).one()
    if not row.found:
        return "of no message"
    if not row.noted:
        return "known"
    if report.for_good:
        reason = "complaint" if report.kind == "complained" else "bounce"
        suppress_recipient_of(session, message_id, reason, answer[:ANSWER_LIMIT])
    log.info("a mail came back", extra={"context": {"kind": report.kind, "status": report.status}})
    return "taken"
