"""The pages of the catalogue, for everybody; and signing in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response

from services.intake.catalogue import searching
from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.rights.entitled import SIGN_INS
from shared.i18n import Language, message
from shared.procedure import kinds
from shared.procedure.fields import GroupField, ShownField, SimpleType
from shared.procedure.model import ApplicantKind
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router
from shared.web.sign_in import sign_in_router

KINDS: dict[ApplicantKind, str] = {
    "corporation": message("Corporations"),
    "sole-proprietor": message("Sole proprietors"),
    "association": message("Associations"),
    "ministry": message("Divisions of the ministry"),
}


TYPES: dict[SimpleType, str] = {name: kind.title for name, kind in kinds.KINDS.items()}


_pages = Pages(Path(__file__).parent.parent / "templates")


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
