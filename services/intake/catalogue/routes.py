"""The catalogue over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.intake.catalogue import searching
from services.intake.catalogue.procedures import Catalogue, Published
from shared.i18n import Language, negotiate
from shared.procedure.fields import Text
from shared.procedure.model import ApplicantKind
from shared.web.callers import Transaction
from shared.web.problems import described

router = APIRouter(prefix="/v1")


class ProcedureSummary(BaseModel):
    """A procedure in the catalogue."""

    id: str
    version: int
    title: str = Field(description="in the language asked for")
    law: str
    owner: str
    open: bool
    summary: str = ""
    applicants: list[str] = Field(description="corporation, sole-proprietor, association, ministry")


class NeededDocument(BaseModel):
    """A document or fact to have at hand."""

    title: str
    needed: str = Field(description="for whom or when; empty when everybody needs it")
    help: str


class ProcedureOut(ProcedureSummary):
    """A procedure with what is to be known before one starts, and what is needed to file it."""

    sign_in: str = Field(description="`any`, `entry`: any GビズID, `prime`: an organisation that was verified")
    law_url: str
    documents: list[NeededDocument]
    takes_minutes: int | None = Field(description="how long most people need to fill it in")
    deadline: str
    fee: str
    decides: str = Field(description="who decides, or takes the notification")
    standard_period_days: int | None = Field(description="標準処理期間; working days where `standard_period_working`")
    standard_period_working: bool | None
    answers_schema: dict[str, Any] = Field(description="JSON Schema 2020-12 of `answers` in POST /v1/applications")


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


def _summary(published: Published, language: Language) -> dict[str, Any]:
    procedure = published.procedure
    return {
        "id": published.ref.id,
        "version": published.ref.version,
        "title": procedure.title.within(language),
        "law": procedure.law.within(language),
        "owner": procedure.owner.within(language),
        "open": published.is_open(datetime.now().astimezone()),
        "summary": _text(procedure.summary, language),
        "applicants": procedure.applicants,
    }


def _text(label: Text | None, language: Language) -> str:
    return label.within(language) if label else ""


@router.get("/procedures", response_model=list[ProcedureSummary], tags=["procedures"], responses=described(422))
def list_procedures(
    request: Request,
    session: Transaction,
    *,
    q: Annotated[str, Query(max_length=searching.QUERY_LIMIT, description="words, in either language; the best first")] = "",
    applicant: Annotated[ApplicantKind | None, Query(description="only those that this kind may file")] = None,
    only_open: Annotated[bool, Query(alias="open", description="only those that take applications now")] = False,
) -> Any:
    """The procedures that are published, in their newest version."""
    language = negotiate(request.headers.get("accept-language"))
    every = _catalogue(request).newest(session).values()
    return [_summary(published, language) for published in searching.found(every, q, applicant=applicant, only_open=only_open)]


@router.get("/procedures/{procedure_id}", response_model=ProcedureOut, tags=["procedures"], responses=described(404))
def show_procedure(procedure_id: str, request: Request, session: Transaction) -> Any:
    """One procedure, with the JSON Schema of its answers."""
    published = _catalogue(request).current(session, procedure_id)
    procedure, language = published.procedure, negotiate(request.headers.get("accept-language"))
    period = procedure.standard_period
    return {
        **_summary(published, language),
        "law_url": procedure.law_url,
        "documents": [
            {"title": one.title.within(language), "needed": _text(one.needed, language), "help": _text(one.help, language)}
            for one in procedure.documents
        ],
        "sign_in": procedure.sign_in,
        "takes_minutes": procedure.takes.minutes if procedure.takes else None,
        "deadline": _text(procedure.deadline, language),
        "fee": _text(procedure.fee, language),
        "decides": _text(procedure.decides, language),
        "standard_period_days": period.days if period else None,
        "standard_period_working": period.working if period else None,
        "answers_schema": published.schema,
    }
