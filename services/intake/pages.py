"""The counter's pages: procedures for everybody, an organisation's applications for its people."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from services.intake import applications, enclosures, searching
from services.intake.entitled import SIGN_INS
from services.intake.models import Application, Step
from services.intake.procedures import Catalogue, Published
from services.intake.withdrawal import may_withdraw
from shared.events import ProcedureRef
from shared.i18n import JST, Language, message
from shared.procedure import kinds
from shared.procedure.fields import GroupField, ShownField, SimpleType
from shared.procedure.model import ApplicantKind, Procedure
from shared.procedure.reading import files_in, label_at, sections
from shared.procedure.rules import computed
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router, with_query
from shared.web.sign_in import sign_in_router
from shared.web.visitors import ApplicantPerson

PAGE = 20
STATES = {
    "filed": ("going", message("Filed; its format is being checked")),
    "arrived": ("going", message("Arrived")),
    "returned": ("mend", message("Returned; needs mending")),
    "in_review": ("going", message("Under review")),
    "approved": ("good", message("Approved")),
    "refused": ("bad", message("Refused")),
    "accepted": ("good", message("Accepted")),
    "withdrawing": ("going", message("Withdrawal asked for")),
    "withdrawn": ("bad", message("Withdrawn")),
}
# The same as steps of the past.
_STEPS = STATES | {
    "filed": ("good", message("Filed")),
    "arrived": ("good", message("Arrived")),
    "in_review": ("going", message("The review began")),
}
_DECIDED = {"approved", "refused", "accepted"}
KINDS: dict[ApplicantKind, str] = {
    "corporation": message("Corporations"),
    "sole-proprietor": message("Sole proprietors"),
    "association": message("Associations"),
    "ministry": message("Divisions of the ministry"),
}
TYPES: dict[SimpleType, str] = {name: kind.title for name, kind in kinds.KINDS.items()}

_pages = Pages(Path(__file__).parent / "templates")
router = pages_router()
router.include_router(sign_in_router(_pages))


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


@router.get("/")
def list_procedures(
    request: Request,
    session: Transaction,
    q: Annotated[str, Query(max_length=searching.QUERY_LIMIT)] = "",
    applicant: Literal["", "corporation", "sole-proprietor", "association", "ministry"] = "",
    only: Literal["", "open"] = "",
) -> Response:
    language = language_of(request)
    every = _catalogue(request).newest(session).values()
    found = searching.found(every, q, applicant=applicant or None, only_open=only == "open")
    return _pages.show(
        request,
        "procedures.html",
        procedures=[_outline(published, language) for published in found],
        q=q.strip(),
        applicant=applicant,
        only=only,
        kinds=KINDS.items(),
        narrowed=bool(q.strip() or applicant or only),
    )


@router.get("/procedures/{procedure_id}")
def show_procedure(procedure_id: str, request: Request, session: Transaction) -> Response:
    published = _catalogue(request).current(session, procedure_id)
    language = language_of(request)
    form = [
        {
            "title": page.page.within(language),
            "fields": [
                {
                    "label": one.label.within(language),
                    "help": one.help.within(language) if one.help else "",
                    "type": message("List") if isinstance(one, GroupField) else TYPES[one.type],
                    "parts": [part.label.within(language) for part in one.fields] if isinstance(one, GroupField) else [],
                    "required": one.required,
                    "options": [option.label.within(language) for option in one.options],
                }
                for one in page.fields
                if not isinstance(one, ShownField)
            ],
        }
        for page in published.procedure.form
    ]
    hint = json.dumps({"procedure": procedure_id, "answers": {published.procedure.fields()[0].key: "…"}}, ensure_ascii=False)
    base_url = request.app.state.settings.base_url
    return _pages.show(
        request, "procedure.html", procedure=_outline(published, language), form=form, base_url=base_url, hint=hint
    )


@router.get("/applications")
def list_applications(request: Request, session: Transaction, caller: ApplicantPerson, before: UUID | None = None) -> Response:
    language = language_of(request)
    found = applications.listed(session, caller, limit=PAGE + 1, before=before)
    rows = [
        {
            "application": one,
            "title": _version(request, session, one).procedure.title.within(language),
            "state": STATES[one.state],
        }
        for one in found[:PAGE]
    ]
    older = with_query(request, before=found[PAGE - 1].id) if len(found) > PAGE else ""
    return _pages.show(request, "applications.html", rows=rows, older=older)


@router.get("/applications/{application_id}")
def show_application(application_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    application, steps = applications.shown(session, caller, application_id)
    procedure = _version(request, session, application).procedure
    language = language_of(request)
    timeline: list[dict[str, Any]] = [{"at": application.filed_at, "state": _STEPS["filed"], "detail": {}}]
    timeline += [{"at": step.at, "state": _STEPS[step.state], "detail": step.detail} for step in steps]
    last = steps[-1] if steps else None
    mends = [
        (label_at(procedure, mend["pointer"], language), mend[language])
        for mend in (last.detail["mends"] if last and last.state == "returned" else [])
    ]
    return _pages.show(
        request,
        "application.html",
        application=application,
        title=procedure.title.within(language),
        state=STATES[application.state],
        timeline=timeline,
        mends=mends,
        decision=_decision(last),
        may_withdraw=may_withdraw(application),
        sections=sections(procedure, _computed(procedure, application), language),
        files=files_in(procedure, application.answers, language),
        states=enclosures.states(
            session, caller.organisation_id, application.answers, scanning=bool(request.app.state.settings.clamd)
        ),
    )


def _computed(procedure: Procedure, application: Application) -> dict[str, Any]:
    return computed(procedure, application.answers, today=application.filed_at.astimezone(JST).date())


def _version(request: Request, session: Transaction, application: Application) -> Published:
    ref = ProcedureRef(id=application.procedure_id, version=application.procedure_version)
    return _catalogue(request).version(session, ref)


def _decision(last: Step | None) -> Step | None:
    return last if last is not None and last.state in _DECIDED else None


def _outline(published: Published, language: Language) -> dict[str, Any]:
    procedure = published.procedure
    told = ("summary", "law", "owner", "deadline", "fee", "decides")
    texts = {name: label.within(language) if (label := getattr(procedure, name)) else "" for name in told}
    return texts | {
        "id": published.ref.id,
        "title": procedure.title.within(language),
        "law_url": procedure.law_url,
        "takes": procedure.takes.minutes if procedure.takes else None,
        "documents": [
            {name: label.within(language) if (label := getattr(one, name)) else "" for name in ("title", "needed", "help")}
            for one in procedure.documents
        ],
        "applicants": [KINDS[kind] for kind in procedure.applicants],
        "sign_in": SIGN_INS[procedure.sign_in] if procedure.sign_in != "any" else "",
        "period": procedure.standard_period,
        "open": published.is_open(datetime.now(UTC)),
        "opening": published.opening,
    }
