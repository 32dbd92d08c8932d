"""The pages of an organisation: what it is, and for its owners its members, invitations and keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from shared.i18n import message, translate
from shared.identity import keys, members
from shared.identity.callers import Caller, Rights, must_own
from shared.problems import Conflict, FieldError, Invalid, NotFound, Problem, TooMany
from shared.validation import EMAIL, ONE_LINE
from shared.web.callers import Transaction, proof_of
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import ApplicantPerson

LABEL_LIMIT = 100
RIGHTS: dict[Rights, str] = {
    "owner": message("Owner: manages members, keys and mandates, writes and files"),
    "file": message("Filing: writes drafts and files"),
    "read": message("Reading: sees drafts and applications"),
}
SHORT: dict[Rights, str] = {"owner": message("Owner"), "file": message("Filing"), "read": message("Reading")}

_pages = Pages(Path(__file__).parent.parent / "templates")
router = pages_router()


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def _rights(entered: str) -> Rights:
    known = next((one for one in get_args(Rights) if one == entered), None)
    if known is None:
        raise Invalid("Some entries need mending", errors=[FieldError("/rights", "Choose what they may do")])
    rights: Rights = known
    return rights


def must_be_address(email: str, at: str = "/email") -> None:
    """Raises Invalid for what cannot be an e-mail address; `at` is where it stands."""
    if len(email) > 254 or not re.fullmatch(EMAIL, email):  # noqa: PLR2004 - RFC 5321's limit
        wrong = FieldError(at, "Write an e-mail address, such as name@example.jp")
        raise Invalid("Some entries need mending", errors=[wrong])


def _must_be_label(label: str) -> None:
    if len(label) > LABEL_LIMIT or not re.fullmatch(ONE_LINE, label):
        wrong = FieldError("/label", "Say in a line what it is for, in at most {limit} characters", {"limit": LABEL_LIMIT})
        raise Invalid("Some entries need mending", errors=[wrong])


@router.get("/organisation")
def show(request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    return _organisation(request, session, caller)


def _organisation(
    request: Request,
    session: Session,
    caller: Caller,
    *,
    entered: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    proof = proof_of(request)
    return _pages.show(
        request,
        "organisation.html",
        status=problem.status if problem else 200,
        members=members.members(session, caller, proof) if caller.owns else [],
        invitations=members.invitations(session, caller, proof) if caller.owns else [],
        rights=RIGHTS,
        short=SHORT,
        entered=entered or {"email": "", "rights": "file"},
        days=members.INVITATION_LIFE.days,
        problem=problem,
        registered="registered" in request.query_params,
        **_errors(request, problem),
    )


def _errors(request: Request, problem: Problem | None) -> dict[str, Any]:
    """What stands beside the fields, and the same as a list above the form."""
    errors = {error.pointer[1:]: error for error in problem.errors} if problem else {}
    anchors = {"rights": "rights-owner"}
    says = language_of(request)
    summary = [(anchors.get(name, name), translate(one.detail, says, **one.values)) for name, one in errors.items()]
    return {"errors": {"email": None, "label": None, "rights": None, **errors}, "summary": summary}


@router.post("/organisation/invitations")
def invite(
    request: Request,
    session: Transaction,
    caller: ApplicantPerson,
    email: Annotated[str, Form()] = "",
    rights: Annotated[str, Form()] = "",
) -> Response:
    must_own(caller)
    email = email.strip()
    try:
        must_be_address(email)
        members.invite(session, caller, proof_of(request), email=email, rights=_rights(rights), language=language_of(request))
    except (Invalid, Conflict, TooMany) as problem:
        return _organisation(request, session, caller, entered={"email": email, "rights": rights}, problem=problem)
    return _to("/organisation#invitations")


@router.post("/organisation/invitations/{invitation_id}/end")
def end_invitation(invitation_id: UUID, request: Request, session: Transaction, _: ApplicantPerson) -> Response:
    members.revoke_invitation(session, proof_of(request), invitation_id)
    return _to("/organisation#invitations")


@router.get("/organisation/members/{member_id}")
def show_member(member_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    return _member(request, session, caller, member_id)


def _member(request: Request, session: Session, caller: Caller, member_id: UUID, problem: Problem | None = None) -> Response:
    known = {one.id: one for one in members.members(session, caller, proof_of(request))}
    if member_id not in known:
        raise NotFound("Your organisation has no such entry; it has ended perhaps")
    return _pages.show(
        request,
        "member.html",
        status=problem.status if problem else 200,
        member=known[member_id],
        rights=RIGHTS,
        problem=problem,
    )


@router.post("/organisation/members/{member_id}")
def change_member(
    member_id: UUID,
    request: Request,
    session: Transaction,
    caller: ApplicantPerson,
    rights: Annotated[str, Form()] = "",
) -> Response:
    try:
        members.change_rights(session, proof_of(request), member_id, _rights(rights))
    except (Invalid, Conflict) as problem:
        return _member(request, session, caller, member_id, problem)
    session.commit()
    request.app.state.callers.forget_all()
    return _to("/organisation#members")


@router.post("/organisation/members/{member_id}/removal")
def remove_member(member_id: UUID, request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    try:
        members.remove_member(session, proof_of(request), member_id)
    except Conflict as problem:
        return _member(request, session, caller, member_id, problem)
    session.commit()
    request.app.state.callers.forget_all()
    return _to("/organisation#members" if member_id != caller.account_id else "/")


@router.get("/organisation/keys")
def show_keys(request: Request, session: Transaction, caller: ApplicantPerson) -> Response:
    return _keys(request, session, caller)


def _keys(request: Request, session: Session, caller: Caller, problem: Problem | None = None, **more: Any) -> Response:
    return _pages.show(
        request,
        "keys.html",
        status=problem.status if problem else 200,
        keys=keys.keys(session, caller, proof_of(request)),
        rights=RIGHTS,
        short=SHORT,
        limit=LABEL_LIMIT,
        problem=problem,
        **_errors(request, problem),
        **{"made": "", "entered": {"label": "", "rights": "file"}} | more,
    )


@router.post("/organisation/keys")
def add_key(
    request: Request,
    session: Transaction,
    caller: ApplicantPerson,
    label: Annotated[str, Form()] = "",
    rights: Annotated[str, Form()] = "",
) -> Response:
    must_own(caller)
    label = label.strip()
    try:
        _must_be_label(label)
        _, made = keys.add_key(session, proof_of(request), label, _rights(rights))
    except (Invalid, TooMany) as problem:
        return _keys(request, session, caller, problem, entered={"label": label, "rights": rights})
    session.commit()
    # No redirect: the key is in no address, no cookie and no table, so this answer is the only one that has it.
    return _keys(request, session, caller, made=made)


@router.post("/organisation/keys/{key_id}/end")
def end_key(key_id: UUID, request: Request, session: Transaction, _: ApplicantPerson) -> Response:
    keys.revoke_key(session, proof_of(request), key_id)
    session.commit()
    request.app.state.callers.forget_all()
    return _to("/organisation/keys")
