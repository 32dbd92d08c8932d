"""Documents that nobody fetched: a reminder, then the flag that paper has to be sent, with a list for officials.

As 公取委規則6条 has it: what the addressee did not record within 24 hours of its being available goes out on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, text
from sqlmodel import Session, col, select

from services.review.cases import cases
from services.review.cases.rights import visible
from services.review.documents import documents
from services.review.models import Case, Document
from services.review.procedures import version
from shared.bus.publish import publish
from shared.events import DocumentReminded, DocumentUnfetched
from shared.identity.callers import Caller

AT_ONCE = 100

# The hours are the procedure's; what it does not say is said here as in shared/procedure/papers.py.
_DUE = text("""
select d.id from review.document d
  join review."case" c on c.id = d.case_id
  join review.procedure p on p.id = c.procedure_id and p.version = c.procedure_version
where d.made_at is not null and d.fetched_at is null and d.ended_at is null and d.paper_due_at is null and d.paper_sent_at is null
  and (d.made_at <= :at - make_interval(hours => coalesce((p.definition #>> '{review,unfetched,paper-after}')::int, 24))
    or (d.reminded_at is null
      and d.made_at <= :at - make_interval(hours => coalesce((p.definition #>> '{review,unfetched,remind-after}')::int, 12))))
order by d.made_at limit :most for update of d skip locked
""")


def pass_hours(session: Session, at: datetime) -> int:
    """Remind of a batch of documents, or flag them for paper, as of `at`. Returns how many were looked at."""
    ids = list(session.scalars(_DUE, {"at": at, "most": AT_ONCE}))
    query = select(Document, Case).join(Case, col(Case.id) == Document.case_id).where(col(Document.id).in_(ids))
    found = session.exec(query).all() if ids else []
    officials = cases.officials_of(session, [case for _, case in found])
    for document, case in found:
        hours = version(session, cases.ref_of(case)).review.unfetched
        told = documents.about(session, case, document)
        if document.made_at is not None and document.made_at <= at - timedelta(hours=hours.paper_after):
            document.paper_due_at = at
            official = officials.get(case.official_id) if case.official_id else None
            publish(session, DocumentUnfetched(**told, case_id=case.id, official=official))
        else:
            document.reminded_at = at
            publish(session, DocumentReminded(**told))
    return len(ids)


def to_send(session: Session, caller: Caller, limit: int = 100) -> Sequence[tuple[Document, Case]]:
    """The documents of the caller's groups that are to be sent on paper and were not yet, oldest first: nobody fetched them in
    time, or the applicant does not want them electronically (デジタル手続法7条1項).
    """
    query = (
        select(Document, Case)
        .join(Case, col(Case.id) == Document.case_id)
        .where(
            col(Document.paper_due_at).is_not(None),
            col(Document.paper_sent_at).is_(None),
            or_(col(Document.fetched_at).is_(None), col(Document.by_post)),
            col(Document.ended_at).is_(None),
            visible(caller),
        )
    )
    return session.exec(query.order_by(col(Document.paper_due_at)).limit(limit)).all()
