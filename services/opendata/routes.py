"""The shop window over HTTP: open to everybody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.opendata import statistics
from shared.i18n import negotiate
from shared.web.callers import Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1/statistics", tags=["statistics"])


class ProcedureStatistics(BaseModel):
    """Counts since the beginning."""

    id: str
    title: str = Field(description="in the language asked for")
    filed: int
    arrived: int
    returned: int
    approved: int
    refused: int
    accepted: int
    withdrawn: int


@router.get("/procedures", response_model=list[ProcedureStatistics], responses=described(503))
def procedures(request: Request, response: Response, session: Transaction) -> Any:
    """How many applications each procedure got, and how they were decided. A few seconds old at most."""
    language = negotiate(request.headers.get("accept-language"))
    response.headers["cache-control"] = "public, max-age=2"
    response.headers["vary"] = "accept-language"
    return [{**row, "title": row["title"].get(language) or row["title"]["ja"]} for row in statistics.by_procedure(session)]
