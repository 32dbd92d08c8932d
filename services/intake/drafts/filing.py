"""A draft becomes an application: by the same counter as every other filing, once, however often it is asked for."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from uuid import UUID

import orjson
from fastapi import Request
from sqlalchemy.orm import object_session
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.intake.applications import applications
from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.checking.duplicates import of_caller, said
from services.intake.drafts import drafts, trials
from services.intake.files import enclosures
from services.intake.filing.filing import Filing, FilingContact, FilingIn, HowSaid, Receipt, must_be_for, prepare, read
from services.intake.models import Draft, TrialFiling
from shared.events import ProcedureRef
from shared.identity.callers import Caller, must_write
from shared.identity.mandates import acting
from shared.problems import Conflict, FieldError, Invalid
from shared.procedure.form_errors import Wrong, to_file, wrong

_TRIES, _PAUSE = 50, 0.1


def current(session: Session, request: Request, draft: Draft) -> Published:
    """The version a draft is in, after it was carried over to the newest."""
    catalogue: Catalogue = request.app.state.catalogue
    if draft.procedure_version < 0:
        newest = trials.current(session, catalogue, draft.procedure_id)
    else:
        newest = catalogue.current(session, draft.procedure_id)
    old = catalogue.version(session, ProcedureRef(id=draft.procedure_id, version=draft.procedure_version))
    drafts.renew(draft, old, newest)
    return newest


def opened(session: Session, request: Request, caller: Caller, draft_id: UUID) -> tuple[Draft, Published]:
    """A draft to work on, locked until the transaction ends, in the newest version of its procedure. Raises NotFound."""
    draft = drafts.shown(session, caller, draft_id, lock=True)
    return draft, current(session, request, draft)


def copied(session: Session, request: Request, caller: Caller, application_id: UUID) -> Draft:
    """A new draft with the answers of an earlier application, and with what was to mend where it was returned."""
    catalogue: Catalogue = request.app.state.catalogue
    application, steps = applications.shown(session, caller, application_id)
    caller = acting(session, caller, application.organisation_id, application.procedure_id, "prepare")
    mends = steps[-1].detail["mends"] if steps and steps[-1].state == "returned" else []
    published = catalogue.current(session, application.procedure_id)
    return drafts.create(session, caller, published, source=application, mends=mends)


def contact_of(draft: Draft, caller: Caller) -> dict[str, Any]:
    """Whom to write to: as entered, or whoever is calling."""
    return draft.contact or {"name": caller.name, "email": caller.email, "language": caller.language}


def session_of(draft: Draft) -> Session:
    """The session in which a draft was opened."""
    return cast("Session", object_session(draft))


def errors_of(draft: Draft, published: Published) -> list[Wrong]:
    """Everything that is wrong with a draft as it would be filed, its files included."""
    answers = to_file(published, draft.answers)
    files = enclosures.mends_of(session_of(draft), draft.organisation_id, published.procedure, answers)
    return wrong(published, answers) + [Wrong(one.pointer, "error", one.ja, one.en) for one in files]


def duplicates_of(session: Session, draft: Draft, published: Published, caller: Caller) -> list[Wrong]:
    """What is to be said of the applications of the draft's own organisation that it would be a duplicate of."""
    filer = acting(session, caller, draft.organisation_id, draft.procedure_id, "prepare")
    found = of_caller(session, filer, published, to_file(published, draft.answers), seen_by=caller)
    return [
        Wrong(one.pointer, "error" if level == "error" else "warning", one.ja, one.en) for level, one in said(published, found)
    ]


async def file(request: Request, caller: Caller, draft_id: UUID, version: int | None = None, *, how: HowSaid = "api") -> Receipt:
    """File a draft. A draft that was filed before gives its receipt again. Raises NotFound, Conflict, Invalid."""
    prepared = await run_in_threadpool(_prepared, request, caller, draft_id, version, how)
    if isinstance(prepared, Receipt):
        return prepared
    receipt = await _filed(request, prepared)
    await run_in_threadpool(_forget, request, draft_id)
    return receipt


async def _filed(request: Request, prepared: Filing) -> Receipt:
    for _ in range(_TRIES):
        try:
            receipt: Receipt = await request.app.state.counter.file(prepared)
        except Conflict as being_recorded:
            if being_recorded.retry_after is None:
                raise
            await asyncio.sleep(_PAUSE)  # the other click of a double click: its receipt is ours
        else:
            return receipt
    raise Conflict("A filing with this Idempotency-Key is being recorded; ask again in a second", retry_after=1)


def _prepared(request: Request, caller: Caller, draft_id: UUID, version: int | None, how: HowSaid) -> Filing | Receipt:
    with Session(request.app.state.engine) as session:
        if (application := drafts.filed_from(session, caller, draft_id)) is not None:
            ref = ProcedureRef(id=application.procedure_id, version=application.procedure_version)
            drafts.forget(session, draft_id)
            session.commit()
            return Receipt(application.id, application.receipt_number, ref, application.filed_at)
        if (tried := trials.filed(session, caller, draft_id)) is not None:
            return _test_receipt(tried)
        draft = drafts.shown(session, caller, draft_id)
        before = draft.version
        published = current(session, request, draft)
        if (version is not None and before != version) or draft.version != before:
            raise Conflict("{name} has changed this draft in the meantime; look at it again", name=draft.updated_by_name)
        if drafts.held_by_another(draft, caller):
            raise Conflict("{name} is writing this draft; try again later, or take it over", name=draft.held_by_name)
        filer = acting(session, caller, draft.organisation_id, draft.procedure_id, "file")
        must_be_for(filer, published)
        answers = to_file(published, draft.answers)
        contact = FilingContact.model_validate(contact_of(draft, caller))
        found = [*errors_of(draft, published), *duplicates_of(session, draft, published, caller)]
        found = [one for one in found if one.level == "error"]
        if found:
            language = caller.language
            errors = [FieldError(f"/answers{one.pointer}", one.within(language)) for one in found]
            raise Invalid("The answers do not fit the form of {id}", errors=errors, id=published.ref.id)
        if published.trial:
            must_write(caller)
            tried = trials.file(session, caller, draft, published)
            drafts.forget(session, draft_id)
            session.commit()
            return _test_receipt(tried)
        body = orjson.dumps({"procedure": published.ref.id, "answers": answers, "contact": contact.model_dump()})
        written: FilingIn = read(body)
        return prepare(written, body, filer, published, str(draft_id), how=how)


def _test_receipt(tried: TrialFiling) -> Receipt:
    ref = ProcedureRef(id=tried.procedure_id, version=tried.procedure_version)
    return Receipt(tried.id, tried.number, ref, tried.filed_at)


def _forget(request: Request, draft_id: UUID) -> None:
    with Session(request.app.state.engine) as session:
        drafts.forget(session, draft_id)
        session.commit()
