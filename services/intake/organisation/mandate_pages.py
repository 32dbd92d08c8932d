"""The pages of mandates (委任): which there are, granting one, accepting and ending."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from services.intake.catalogue.procedures import Catalogue
from services.intake.forms.posted import FormPosted
from services.intake.forms.reading import Posted, text_of
from services.intake.organisation.pages import must_be_address
from shared.i18n import JST, message, translate
from shared.identity import mandates
from shared.identity.callers import Caller, must_own
from shared.identity.mandates import MANDATE_RIGHTS, Mandate, MandateRight, Offer
from shared.problems import Conflict, FieldError, Invalid, Problem, TooMany
from shared.web.callers import Transaction, proof_of
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

RIGHTS: dict[MandateRight, str] = {
    "prepare": message("Preparing: writes drafts, which you file"),
    "file": message("Filing on behalf: writes drafts, files and withdraws"),
    "receive": message("Receiving: sees your applications, what becomes of them, and documents"),
}
SHORT: dict[MandateRight, str] = {
    "prepare": message("Preparing"),
    "file": message("Filing"),
    "receive": message("Receiving"),
}

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


@router.get("/organisation/mandates")
def show(request: Request, session: Transaction, _: ApplicantPerson) -> Response:
    titles = _titles(request, session)
    found = mandates.mandates(session, proof_of(request))
    rows: list[dict[str, Any]] = [
        {
            "mandate": one,
            "procedures": [titles.get(id_, id_) for id_ in one.procedures] if one.procedures is not None else None,
            "state": _state(one),
        }
        for one in found
    ]
    return _pages.show(
        request,
        "mandates.html",
        given=[row for row in rows if row["mandate"].side == "given"],
        held=[row for row in rows if row["mandate"].side == "held"],
        rights=SHORT,
    )


def _state(one: Mandate) -> tuple[str, str]:
    today = datetime.now(JST).date()
    if one.ended_at is not None or one.ends_on < today:
        return ("bad", message("Ended"))
    if one.accepted_at is None:
        return ("mend", message("Not accepted yet"))
    return ("going", message("Not begun yet")) if one.starts_on > today else ("good", message("In force"))


def _titles(request: Request, session: Session) -> dict[str, str]:
    catalogue: Catalogue = request.app.state.catalogue
    language = language_of(request)
    return {id_: published.procedure.title.within(language) for id_, published in catalogue.newest(session).items()}


@router.get("/organisation/mandates/new")
def ask(request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    today = datetime.now(JST).date()
    entered = {"agent": "", "scope": "all", "procedures": [], "rights": ["file", "receive"], "starts_on": today.isoformat()}
    return _form(request, session, caller, {**entered, "ends_on": ""})


def _form(
    request: Request, session: Session, caller: Caller, entered: dict[str, Any], problem: Problem | None = None
) -> Response:
    must_own(caller)
    errors = {error.pointer[1:]: error for error in problem.errors} if problem else {}
    anchors = {"rights": "rights-prepare", "procedures": "scope-some"}
    language = language_of(request)
    return _pages.show(
        request,
        "mandate.html",
        status=problem.status if problem else 200,
        entered=entered,
        procedures=_titles(request, session),
        rights=RIGHTS,
        problem=problem,
        errors=dict.fromkeys(("agent", "procedures", "rights", "starts_on", "ends_on")) | errors,
        summary=[(anchors.get(name, name), translate(one.detail, language, **one.values)) for name, one in errors.items()],
    )


@router.post("/organisation/mandates")
def grant(request: Request, session: Transaction, caller: ApplicantPerson, posted: FormPosted) -> Response:
    entered = {name: text_of(posted, name).strip() for name in ("agent", "scope", "starts_on", "ends_on")}
    chosen = {"procedures": posted.get("procedures", []), "rights": posted.get("rights", [])}
    try:
        offer = _offer(posted, entered, set(_titles(request, session)))
        mandates.grant(session, caller, proof_of(request), offer, language_of(request))
    except (Invalid, Conflict, TooMany) as problem:
        return _form(request, session, caller, {**entered, **chosen}, problem)
    return _to("/organisation/mandates")


def _offer(posted: Posted, entered: dict[str, str], known: set[str]) -> Offer:
    """What was entered. Raises Invalid for days that are none; the rest is for shared.identity.mandates to say."""
    days = {name: _day(entered[name]) for name in ("starts_on", "ends_on")}
    wrong = [FieldError(f"/{name}", "Enter a day") for name, day in days.items() if day is None]
    if not entered["agent"]:
        wrong.append(FieldError("/agent", "Enter a corporate number of 13 digits, or an e-mail address"))
    if "@" in entered["agent"]:
        must_be_address(entered["agent"], at="/agent")
    if wrong:
        raise Invalid("Some entries need mending", errors=wrong)
    return Offer(
        entered["agent"],
        None if entered["scope"] == "all" else sorted(known & set(posted.get("procedures", []))),
        [right for right in MANDATE_RIGHTS if right in posted.get("rights", [])],
        days["starts_on"] or date.min,
        days["ends_on"] or date.min,
    )


def _day(entered: str) -> date | None:
    try:
        return date.fromisoformat(entered)
    except ValueError:
        return None


@router.post("/organisation/mandates/{mandate_id}/acceptance")
def accept(mandate_id: UUID, request: Request, session: Transaction, _: ApplicantPerson) -> Response:
    mandates.accept(session, proof_of(request), mandate_id)
    return _to("/organisation/mandates")


@router.post("/organisation/mandates/{mandate_id}/end")
def end(mandate_id: UUID, request: Request, session: Transaction, _: ApplicantPerson) -> Response:
    mandates.end(session, proof_of(request), mandate_id)
    return _to("/organisation/mandates")
