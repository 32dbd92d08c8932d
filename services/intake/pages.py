"""The counter's pages: procedures for everybody, an organisation's applications for its people."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response

from services.intake import applications, corrections, documents, enclosures, messages, notices, searching
from services.intake.entitled import SIGN_INS
from services.intake.models import Application, Correction, Revision, Step
from services.intake.procedures import Catalogue, Published
from services.intake.withdrawal import may_withdraw
from shared.events import ProcedureRef
from shared.i18n import JST, Language, message
from shared.procedure import kinds
from shared.procedure.changes import Change, changes
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
    "correcting": ("mend", message("Asked to be mended")),
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
# What happened in steps that leave an application in a state, or bring it back.
_WHAT = {
    "asked": ("mend", message("Correction asked for")),
    "extended": ("mend", message("More time for the correction")),
    "expired": ("bad", message("The last day for the correction passed")),
    "closed": ("going", message("The review goes on without the correction")),
    "answered": ("good", message("Correction sent in")),
}
# The same as news, and what is no step.
_NEWS = {
    "reminded": ("mend", message("The last day for the correction is near")),
    "message": ("going", message("Message from the office")),
    "document": ("good", message("Document issued")),
    "document-ended": ("bad", message("Document revoked")),
    "document-reminder": ("mend", message("Document not fetched yet")),
    "fetched": ("good", message("Document fetched")),
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
    contents = applications.contents(session, application)
    asked = corrections.every(session, application_id)
    timeline: list[dict[str, Any]] = [{"at": application.filed_at, "state": _STEPS["filed"], "detail": {}, "message": None}]
    timeline += [{"at": step.at, "state": _said(step), "detail": step.detail, "message": None} for step in steps]
    messages.read(session, application)
    notices.read_of(session, caller, application)
    papers = documents.of_application(session, application)
    for one in papers:
        said = {"document": f"{one.number} {one.title}"}
        timeline.append({"at": one.issued_at, "state": _NEWS["document"], "detail": said, "message": None})
        if one.fetched_at:
            timeline.append({"at": one.fetched_at, "state": _NEWS["fetched"], "detail": said, "message": None})
    timeline += [{"at": one.at, "message": one} for one in messages.listed(session, caller, application_id)]
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
        timeline=sorted(timeline, key=itemgetter("at")),
        may_write=messages.may_write(application),
        documents=papers,
        mends=mends,
        decision=_decision(last),
        may_withdraw=may_withdraw(application),
        sections=sections(procedure, _computed(procedure, application, contents), language),
        files=files_in(procedure, contents, language),
        states=enclosures.states(session, application.organisation_id, contents, scanning=bool(request.app.state.settings.clamd)),
        correction=_to_mend(procedure, asked, language) if application.state == "correcting" else None,
        revised=_revised(session, application, procedure, language),
        day_of=date.fromisoformat,
    )


def _said(step: Step) -> tuple[str, str]:
    return _WHAT[step.detail["what"]] if "what" in step.detail else _STEPS[step.state]


def said_of(kind: str) -> tuple[str, str]:
    """The badge of a notice."""
    return (_STEPS | _WHAT | _NEWS)[kind]


def _to_mend(procedure: Procedure, asked: dict[str, Correction], language: Language) -> dict[str, Any]:
    """What is asked for at present."""
    newest = next(reversed(asked.values()))
    items = [(label_at(procedure, item["pointer"], language), item["says"]) for item in newest.items]
    return {"items": items, "due_on": newest.due_on, "note": newest.note, "expired": newest.state == "expired"}


def _revised(
    session: Transaction, application: Application, procedure: Procedure, language: Language
) -> list[tuple[Revision, list[Change]]]:
    """The contents that were sent in after corrections, each with what it changed."""
    before, found = application.answers, []
    for one in applications.revisions(session, application):
        found.append((one, changes(procedure, before, one.answers, language)))
        before = one.answers
    return found


def _computed(procedure: Procedure, application: Application, answers: dict[str, Any]) -> dict[str, Any]:
    return computed(procedure, answers, today=application.filed_at.astimezone(JST).date())


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
