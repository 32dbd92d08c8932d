"""Keeping up to date what cases are found by."""

from __future__ import annotations

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.review.cases.cases import ref_of
from services.review.finding import keys
from services.review.models import Case, Finding, FindingGrams
from services.review.procedures import version
from shared.procedure.model import Procedure

AT_ONCE = 200


def renew(session: Session) -> int:
    """Write anew what some stale cases are found by; how many they were.

    The row is locked first and the case read after it: what is corrected meanwhile marks it as stale again.
    """
    stale = (
        select(Finding.case_id).where(or_(col(Finding.stale), ~col(Finding.keyed))).order_by(col(Finding.case_id)).limit(AT_ONCE)
    )
    ids = session.exec(stale.with_for_update(skip_locked=True)).all()
    if not ids:
        return 0
    found = session.exec(select(Case).where(col(Case.id).in_(ids))).all()
    rows, pieces = [], []
    for case in found:
        procedure = version(session, ref_of(case))
        text = keys.text_of(case, procedure)
        rows.append({"case_id": case.id, "text": text, "asked": asked(case, procedure), "stale": False, "keyed": True})
        pieces.append({"case_id": case.id, "grams": sorted(keys.grams(text))})
    session.execute(update(Finding), rows)
    written = insert(FindingGrams)
    session.execute(written.on_conflict_do_update(index_elements=["case_id"], set_={"grams": written.excluded.grams}), pieces)
    return len(ids)


def asked(case: Case, procedure: Procedure) -> int | None:
    """The amount that is applied for, where the procedure says which field has it."""
    key = procedure.review.amount
    amount = case.answers.get(key) if key else None
    return amount if isinstance(amount, int) and not isinstance(amount, bool) else None
