"""Cases that came to their end: deleted, or left as what statistics and the verification of documents need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_from
from sqlalchemy import null, text, update
from sqlmodel import Session, col, select

from services.review.models import (
    Case,
    CaseFile,
    Correction,
    Document,
    Finding,
    Handing,
    Judgement,
    Message,
    Note,
    Opinion,
    Proposal,
    ProposalComment,
    ScoreSheet,
    Step,
)
from services.review.models.document import LETTER
from shared.operation.holds import held
from shared.retention.leaving import leave
from shared.storage import attachment_key

# Whose an anonymous row is: nobody's (the nil UUID of RFC 9562, 5.9).
NOBODY = UUID(int=0)

# While anything about it is undone on the bus, or a document of it is still to be made, a case stays.
DUE = f"""
select c.id, c.procedure_id as procedure, case r.ending when 'delete' then 'deleted' else 'anonymised' end as becomes,
  {held(application="c.application_id", organisation="c.applicant ->> 'organisation_id'", procedure="c.procedure_id")} as held
from review."case" c join rule r on r.procedure = c.procedure_id
where c.state in ('decided', 'withdrawn') and c.anonymised_at is null
  and coalesce(c.decided_at, c.withdrawn_at) < case c.state when 'withdrawn' then r.withdrawn else r.decided end
  and not exists (
    select from bus.delivery d where d.subject = cast(c.application_id as text) and d.state in ('waiting', 'dead'))
  and not exists (
    select from review.document d
    where d.case_id = c.id and d.made_at is null and d.ended_at is null and d.fetched_at is null)
"""  # noqa: S608 - our own names

_OF_CASES = (Correction, Message, CaseFile, Handing, Finding, Note, Opinion, Judgement, ScoreSheet, Proposal, ProposalComment)
_FORGET_REVISIONS = text("select review.forget_revisions(:ids)")


def let_files_go(session: Session, ids: Sequence[UUID]) -> None:
    """The bytes of documents and of files about these cases are deleted after the commit."""
    leave(session, "review", session.scalars(select(col(Document.key)).where(col(Document.case_id).in_(ids))))
    files = session.exec(select(CaseFile.id).where(col(CaseFile.case_id).in_(ids)))
    leave(session, "review", map(attachment_key, files))


def delete(session: Session, ids: Sequence[UUID]) -> None:
    """Delete cases with all that belongs to them."""
    if ids:
        let_files_go(session, ids)
        session.execute(delete_from(Case).where(col(Case.id).in_(ids)))


def anonymise(session: Session, ids: Sequence[UUID]) -> None:
    """Leave of cases: procedure, numbers, dates, group, stages and decision; of documents what their verification needs."""
    if not ids:
        return
    let_files_go(session, ids)
    nothing: dict[str, Any] = {
        "applicant": {},
        "contact": {},
        "contact_hash": None,
        "answers": {},
        "duplicates": [],
        "conditions": [],
        "reasons": "",
    }
    nothing |= {"official_id": None, "official_name": "", "assigned_because": null(), "withdrawal_reason": None, "revision": 1}
    nothing |= {"decided_by": text("case when decided_by is null then null else cast(:nobody as uuid) end")}
    gone = update(Case).where(col(Case.id).in_(ids)).values(nothing | {"anonymised_at": text("now()")})
    session.execute(gone, {"nobody": NOBODY})
    session.execute(_FORGET_REVISIONS, {"ids": list(ids)})
    for table in _OF_CASES:
        session.execute(delete_from(table).where(col(table.case_id).in_(ids)))
    steps = update(Step).where(col(Step.case_id).in_(ids))
    session.execute(steps.values(left_by=None, left_by_name="", note=""))
    _documents(session, ids)


def _documents(session: Session, ids: Sequence[UUID]) -> None:
    """Number, code, hash and state stay, so that who has the paper can have it verified (services/review/verification)."""
    nothing: dict[str, Any] = {"text": "", "issued_by": NOBODY, "issued_by_name": "", "data": null(), "failure": "", "key": None}
    nothing |= {"fetched_by": None, "paper_sent_by": None, "ended_by": None, "ended_by_name": None, "end_reason": ""}
    of_these = update(Document).where(col(Document.case_id).in_(ids))
    session.execute(of_these.values(nothing))
    session.execute(of_these.where(col(Document.template) == LETTER).values(title=""))
