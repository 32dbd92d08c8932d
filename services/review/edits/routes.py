"""An official's own edits over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.review.cases.routes import CaseDetail, detail
from services.review.edits import edits
from shared.web.callers import Reviewer, Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/cases/{case_id}/edits", tags=["cases"])


class EditIn(BaseModel):
    """Entries to change, with the reason, which the applicant reads."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[str, Any] = Field(min_length=1, max_length=100, description="by the keys of fields; null takes an answer out")
    # PostgreSQL keeps no null character
    reason: str = Field(min_length=1, max_length=edits.REASON_LIMIT, pattern=r"^[^\x00]*$")
    revision: int | None = Field(default=None, description="the contents that were looked at; 409 where there are newer ones")


@router.post("", response_model=CaseDetail, responses=described(400, 401, 403, 404, 409, 413, 422, 429))
def edit(case_id: UUID, written: EditIn, session: Transaction, caller: Reviewer) -> Any:
    """Change entries yourself, where the procedure lets officials: a new revision, of which the applicant is told."""
    return detail(edits.edit(session, caller, case_id, written.answers, written.reason, revision=written.revision))
