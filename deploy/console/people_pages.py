"""Accounts as pages: find them, close and open them, sign them out, give and take roles, duties and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Request, Response

from deploy.console.audit_pages import ACTS
from deploy.console.frame import Reason, back_to, pages
from deploy.console.words import DUTIES, RIGHTS, ROLES
from shared.i18n import message
from shared.identity import adding, duties, finding, operating
from shared.identity.adding import ADDRESS_LIMIT, Entered
from shared.identity.finding import PAGE, Wanted
from shared.identity.registration import NAME_LIMIT
from shared.identity.tables import Organisation
from shared.operation import acts
from shared.operation.acts import Operator
from shared.problems import Conflict, Invalid, NotFound
from shared.web.callers import Transaction
from shared.web.pages import pages_router
from shared.web.visitors import OperatorPerson

if TYPE_CHECKING:
    from sqlmodel import Session

    from shared.problems import Problem

LABEL_LIMIT = 100
KINDS = {
    "corporation": message("Corporation"),
    "sole-proprietor": message("Sole proprietor"),
    "association": message("Association without legal personality"),
    "ministry": message("Division of the ministry"),
}
LANGUAGES_OF = {"ja": "日本語", "en": "English"}
STATES = {"in-use": message("In use"), "disabled": message("Disabled")}
DONE = {
    "added": message("The account is added: it may sign in."),
    "disable": message("The account is disabled. Within five seconds it works nowhere."),
    "enable": message("The account works again."),
    "sessions": message("All browsers are signed out within five seconds."),
    "role": message("The role is changed; sessions, keys and groups ended."),
    "rights": message("The rights are changed."),
    "verify": message("The organisation is verified."),
    "give": message("The duty is given."),
    "take": message("The duty is taken away."),
    "leave": message("He is not in the group any more."),
    "revoke": message("The key is revoked. Within five seconds it works nowhere."),
}

Role = Literal["", "applicant", "reviewer", "operator", "service"]
State = Literal["", "in-use", "disabled"]
Entry = Annotated[str, Form(max_length=1000)]
Name = Annotated[str, Form(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Procedure = Annotated[str, Form(pattern=r"^(\*|[a-z][a-z0-9-]{0,62})$")]

router = pages_router()


@router.get("/console/people")
def list_people(
    request: Request,
    session: Transaction,
    _caller: OperatorPerson,
    *,
    role: Role = "",
    state: State = "",
    before: UUID | None = None,
) -> Response:
    return _list(request, session, Wanted.of("", role, state), before)


# Names and addresses stand in no URL, no log and no history, so what is looked for is sent.
@router.post("/console/people")
def search(
    request: Request,
    session: Transaction,
    _caller: OperatorPerson,
    *,
    words: Annotated[str, Form(max_length=1000)] = "",
    role: Annotated[Role, Form()] = "",
    state: Annotated[State, Form()] = "",
    before: Annotated[UUID | None, Form()] = None,
) -> Response:
    return _list(request, session, Wanted.of(words, role, state), before)


def _list(request: Request, session: Session, wanted: Wanted, before: UUID | None) -> Response:
    found = finding.accounts(session, wanted, before, PAGE + 1)
    return pages.show(
        request,
        "people.html",
        rows=found[:PAGE],
        older=found[PAGE - 1][0].id if len(found) > PAGE else None,
        wanted=wanted,
        roles=ROLES,
        states=STATES,
    )


@router.get("/console/people/new")
def write_new(request: Request, _caller: OperatorPerson) -> Response:
    return _new(request, Entered())


@router.post("/console/people/new")
def add(  # noqa: PLR0917 - what the form sends
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    email: Entry = "",
    name: Entry = "",
    role: Entry = "",
    group: Entry = "",
    duty: Entry = "",
    organisation: Entry = "",
    kind: Entry = "corporation",
    corporate_number: Entry = "",
    rights: Entry = "",
    language: Entry = "ja",
    reason: Reason = "",
) -> Response:
    """One group and one duty; more of them are given on the account's own page."""
    entered = Entered(
        email=email.strip(),
        name=name.strip(),
        role=role,
        groups=(group.strip(),) if group.strip() else (),
        duties=(duty.strip() or duties.EXAMINER,),
        organisation=organisation.strip(),
        kind=kind,
        corporate_number=corporate_number.strip(),
        rights=rights,
        language=language,
    )
    try:
        made = adding.add(session, Operator.at_the_pages(caller), entered, acts.reason_of(reason))
    except (Invalid, Conflict) as problem:
        session.rollback()
        return _new(request, entered, problem, reason)
    return back_to(f"/console/people/{made.id}", done="added")


def _new(request: Request, entered: Entered, problem: Problem | None = None, reason: str = "") -> Response:
    return pages.show(
        request,
        "new_account.html",
        status=problem.status if problem else 200,
        entered=entered,
        errors={one.pointer.removeprefix("/"): one for one in problem.errors} if problem else {},
        problem=problem,
        reason=reason,
        roles=ROLES,
        kinds=KINDS,
        languages_of=LANGUAGES_OF,
        all_rights=RIGHTS,
        name_limit=NAME_LIMIT,
        address_limit=ADDRESS_LIMIT,
    )


@router.get("/console/people/{account_id}")
def show_account(account_id: UUID, request: Request, session: Transaction, caller: OperatorPerson, done: str = "") -> Response:
    return _page(request, session, caller.account_id, account_id, done=done)


@router.post("/console/people/{account_id}/keys/new")
def add_key(
    account_id: UUID,
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    *,
    label: Annotated[str, Form(max_length=LABEL_LIMIT)] = "",
    reason: Reason = "",
) -> Response:
    """The key is on this one answer, which nobody keeps; a reload would make another, so browsers ask first."""
    by = Operator.at_the_pages(caller)
    try:
        key = operating.add_key(session, by, account_id, label.replace("\0", ""), acts.reason_of(reason))
    except (Invalid, Conflict) as problem:
        return _page(request, session, caller.account_id, account_id, problem=problem, tried="key")
    return _page(request, session, caller.account_id, account_id, key=key)


@router.post("/console/people/{account_id}/{act}")
def act_on(  # noqa: PLR0917 - what the forms of the page send
    account_id: UUID,
    act: Literal["disable", "enable", "sessions", "role", "rights", "verify", "give", "take", "leave", "revoke"],
    request: Request,
    session: Transaction,
    caller: OperatorPerson,
    reason: Reason = "",
    role: Annotated[str, Form(max_length=20)] = "",
    rights: Annotated[str, Form(max_length=20)] = "",
    number: Annotated[str, Form(max_length=20)] = "",
    group: Name = "none",
    duty: Name = "none",
    procedure: Procedure = "*",
    key: Annotated[UUID | None, Form()] = None,
    form: Annotated[str, Form(pattern=r"^[a-z0-9-]{0,150}$")] = "",
) -> Response:
    by = Operator.at_the_pages(caller)
    do: dict[str, Callable[[str], object]] = {
        "disable": lambda why: operating.disable(session, by, account_id, why),
        "enable": lambda why: operating.enable(session, by, account_id, why),
        "sessions": lambda why: operating.end_sessions(session, by, account_id, why),
        "role": lambda why: operating.set_role(session, by, account_id, role, why),
        "rights": lambda why: operating.set_rights(session, by, _email(session, account_id), rights, why),
        "verify": lambda why: operating.verify(session, by, _email(session, account_id), number.strip() or None, why),
        "give": lambda why: operating.give_duty(session, by, account_id, group, [duty], procedure=procedure, reason=why),
        "take": lambda why: operating.take_duty(session, by, account_id, group, duty, procedure=procedure, reason=why),
        "leave": lambda why: operating.leave_group(session, by, account_id, group, reason=why),
        "revoke": lambda why: operating.end_key(session, by, _key_of(session, account_id, key), why),
    }
    try:
        do[act](acts.reason_of(reason))
    except (Invalid, Conflict) as problem:
        session.rollback()
        return _page(request, session, caller.account_id, account_id, problem=problem, tried=form or act)
    return back_to(f"/console/people/{account_id}", done=act)


def _email(session: Session, account_id: UUID) -> str:
    return finding.account(session, account_id).email


def _key_of(session: Session, account_id: UUID, key: UUID | None) -> UUID:
    """The key, if it is one of this account's. Raises NotFound."""
    if key is None or key not in {one.id for one in finding.keys_of(session, account_id, 1000)}:
        raise NotFound("No key in use has the id {id}", id=key)
    return key


def _page(
    request: Request,
    session: Session,
    me: UUID,
    account_id: UUID,
    *,
    problem: Problem | None = None,
    **values: Any,
) -> Response:
    account = finding.account(session, account_id)
    count, seen = finding.sessions_of(session, account_id)
    shown = {"done": "", "tried": "", "key": ""} | values
    return pages.show(
        request,
        "account.html",
        status=problem.status if problem else 200,
        account=account,
        organisation=session.get(Organisation, account.organisation_id) if account.organisation_id else None,
        groups=duties.of_account(session, account_id),
        keys=finding.keys_of(session, account_id),
        sessions=count,
        seen=seen,
        himself=me == account_id,
        acts=acts.found(session, acts.Wanted(subject=str(account_id)), most=10),
        act_names=ACTS,
        problem=problem,
        roles=ROLES,
        staff=operating.STAFF,
        all_rights=RIGHTS,
        duty_names=DUTIES,
        label_limit=LABEL_LIMIT,
        **(shown | {"done": DONE.get(str(shown["done"]), "")}),
    )
