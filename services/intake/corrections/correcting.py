"""Mending what the desk asked for: only the asked places are open, and what is sent in is a new revision (docs/adr/0012)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import orjson
from sqlmodel import Session

from services.intake.applications.applications import contents, move, note
from services.intake.catalogue.procedures import Published
from services.intake.files.enclosures import enclose, hold, known, mends_of
from services.intake.models import Application, Correction, Revision
from shared.bus.publish import publish
from shared.events import ApplicationCorrected, Contact, ProcedureRef
from shared.i18n import JST, message
from shared.identity.callers import Caller, must_write
from shared.identity.mandates import acting
from shared.problems import Conflict, FieldError, Invalid, TooLarge, json_pointer
from shared.procedure.changes import Opened, differences, merged, opened
from shared.procedure.form_errors import Wrong, to_file, wrong
from shared.procedure.kinds.files import attached
from shared.telemetry import current_traceparent
from shared.validation import text_errors

SIZE_LIMIT = 512 * 1024  # of the contents as JSON, in bytes
_NOT_ASKED = message("Leave this as it was: no correction of it was asked for")
_HIDDEN = message("Leave this empty: it is not asked for with the other answers")
REPLY_LIMIT = 1000  # characters, to one item
_ROUNDS = 5  # of places opened because what is mended made them wrong


@dataclass(frozen=True)
class Mending:
    """A correction at work: what was asked, of which contents, and what is open for it."""

    session: Session
    application: Application
    correction: Correction
    published: Published
    before: Mapping[str, Any]

    @cached_property
    def filed_on(self) -> date:
        """The day that counts for the rules: an application stays filed on its day, whenever it is mended."""
        return self.application.filed_at.astimezone(JST).date()

    @property
    def pointers(self) -> list[str]:
        """The places that were asked for."""
        return [item["pointer"] for item in self.correction.items]

    @property
    def waits(self) -> bool:
        """Whether it can be sent in now."""
        return self.application.state == "correcting" and self.correction.state == "asked" and not self.is_over

    @property
    def is_over(self) -> bool:
        """Whether the last day has passed in Japan."""
        return datetime.now(UTC) >= datetime.combine(self.correction.due_on + timedelta(days=1), time(), JST)

    def opened(self, entered: Mapping[str, Any]) -> Opened:
        """What is open with these answers: what was asked for, what depends on it, and what it made wrong elsewhere."""
        open_ = opened(self.published.procedure, self.pointers, self.before)
        for _ in range(_ROUNDS):
            tried = self.filled(entered, open_)
            beside = {f"/{one.key}" for one in wrong(self.published, tried, on=self.filed_on) if one.level == "error"}
            more = {place for place in beside if place != "/" and not open_.has(place) and not _inside(place, open_)}
            if not more:
                break
            open_ = Opened(open_.places | more, open_.computed)
        return open_

    def filled(self, entered: Mapping[str, Any], open_: Opened) -> dict[str, Any]:
        """The whole contents, with what was entered at the open places."""
        return to_file(self.published, merged(self.published.procedure, self.before, entered, open_.places), on=self.filed_on)

    def errors(self, answers: Mapping[str, Any]) -> list[Wrong]:
        """What the form and the rules find in contents, and what is wrong with the files they name."""
        files = mends_of(self.session, self.application.organisation_id, self.published.procedure, answers)
        found = [Wrong(one.pointer, "error", one.ja, one.en) for one in files]
        return [*wrong(self.published, answers, on=self.filed_on), *found]


def _inside(place: str, open_: Opened) -> bool:
    """Whether something in that field is open already: then the mistake can be mended there."""
    return any(one.startswith(f"{place}/") for one in open_.places)


def mending(session: Session, application: Application, correction: Correction, published: Published) -> Mending:
    """A correction with the contents it is about."""
    before = contents(session, application, correction.revision - 1 if correction.revision else None)
    return Mending(session, application, correction, published, before)


def save(
    work: Mending, caller: Caller, entered: Mapping[str, Any], version: int, replies: Mapping[str, str] | None = None
) -> None:
    """Keep what was entered so far. Raises Conflict, TooLarge, Invalid, Forbidden: then nothing is changed."""
    _may_mend(work, caller)
    _must_wait(work)
    correction = work.correction
    if correction.version != version:
        raise Conflict("{name} has changed this in the meantime; look at it again", name=correction.entered_by_name)
    _small(entered)
    if replies is not None:
        correction.replies = _fitting(work, replies)
    correction.entered, correction.entered_by_name = dict(entered), caller.name
    correction.version += 1
    hold(work.session, work.application.organisation_id, entered)


def _fitting(work: Mending, replies: Mapping[str, str]) -> dict[str, str]:
    """What is said to the items. Raises Invalid."""
    errors: list[FieldError] = []
    for pointer, said in replies.items():
        at = json_pointer("replies", pointer)
        if pointer not in work.pointers:
            errors.append(FieldError(at, "Take this out; no such item was asked for"))
        errors += text_errors(at, said, REPLY_LIMIT)
    if errors:
        raise Invalid("Some entries need mending", errors=errors)
    return {pointer: said.strip() for pointer, said in replies.items() if said.strip()}


def send_in(
    work: Mending, caller: Caller, sent: Mapping[str, Any], *, scanning: bool, replies: Mapping[str, str] | None = None
) -> Revision:
    """Send in what was asked for: a new revision of the whole contents, which the desk hears of.

    `scanning` says whether files are scanned here; then they have to be, before they are sent in. `replies` are what is said to
    items, by their pointers (else those that were saved): with one, everything may stay as it was.

    Sent again with the same contents, it is the same revision. Raises Conflict when it does not wait for it any more, Invalid
    for what was not asked for or does not fit the form and its rules, TooLarge, Forbidden.
    """
    _may_mend(work, caller)
    session = work.session
    application, correction = work.application, work.correction
    open_ = work.opened(sent)
    answers = work.filled(sent, open_)
    if correction.revision is not None:
        earlier = session.get_one(Revision, (application.id, correction.revision))
        if earlier.answers == answers:
            return earlier
    _must_wait(work)
    _must_be_asked(work, sent, open_, answers)
    _small(answers)
    if replies is not None:
        correction.replies = _fitting(work, replies)
    found = [one for one in work.errors(answers) if one.level == "error"]
    if found:
        errors = [FieldError(f"/answers{one.pointer}", one.within(caller.language)) for one in found]
        raise Invalid("The answers do not fit the form of {id}", errors=errors, id=work.published.ref.id)
    if not correction.replies and not differences(work.published.procedure, work.before, answers):
        raise Invalid("Nothing is changed yet: mend what was asked for, or reply to it why it is right as it is")
    named = [one for _, one in attached(work.published.procedure.fields(), answers)]
    if scanning and any(file.state == "waiting" for file in known(session, named).values()):
        raise Conflict("A file is being scanned for viruses; send this in again in a moment", retry_after=5)
    whose = {"application_id": str(application.id), "organisation_id": str(application.organisation_id)}
    enclose(session, [{**whose, "attachment_id": str(one["id"])} for one in named])
    return _revise(work, caller, answers)


def _may_mend(work: Mending, caller: Caller) -> None:
    """Raises Forbidden for who may only read, or holds no mandate to file."""
    must_write(caller)
    acting(work.session, caller, work.application.organisation_id, work.application.procedure_id, "file")


def _must_wait(work: Mending) -> None:
    if work.waits:
        return
    if work.application.state == "correcting" and work.correction.state in {"asked", "expired"}:
        raise Conflict("The last day for this correction has passed; write to the official if you need more time")
    raise Conflict("This correction was sent in already, or is not wanted any more")


def _must_be_asked(work: Mending, sent: Mapping[str, Any], open_: Opened, answers: Mapping[str, Any]) -> None:
    """Raises Invalid where what was sent would change a place that is not open."""
    procedure = work.published.procedure
    whole = {key: answer for key, answer in {**work.before, **sent}.items() if answer is not None}
    keys = {field.key for field in procedure.fields()}
    errors = [FieldError(f"/answers/{key}", "Take this out; the form has no such field") for key in sent if key not in keys]
    shut = [one for one in differences(procedure, work.before, whole) if not open_.has(one)]
    errors += [FieldError(f"/answers{one}", _NOT_ASKED) for one in shut]
    computed = {field.key for field in procedure.fields() if field.value is not None}
    hidden = [key for key in sent if key in keys - computed and sent[key] not in (None, "", []) and key not in answers]
    errors += [FieldError(f"/answers/{key}", _HIDDEN) for key in hidden]
    if errors:
        raise Invalid("Some entries need mending", errors=errors)


def _revise(work: Mending, caller: Caller, answers: dict[str, Any]) -> Revision:
    session, application, correction = work.session, work.application, work.correction
    now = datetime.now(UTC)
    revision = Revision(
        application_id=application.id,
        number=application.revision + 1,
        correction_id=correction.id,
        answers=answers,
        account_id=caller.account_id,
        account_name=caller.name,
        at=now,
    )
    done = move(application, "in_review", now, what="answered", correction=str(correction.id), revision=revision.number)
    session.add(revision)
    application.revision = revision.number
    correction.state, correction.revision, correction.entered = "answered", revision.number, None
    session.flush()
    note(session, [done])
    corrected = ApplicationCorrected(
        subject=str(application.id),
        sequence=done.version,
        traceparent=current_traceparent(),
        correction_id=correction.id,
        revision=revision.number,
        answers=answers,
        corrected_at=now,
        receipt_number=application.receipt_number,
        procedure=ProcedureRef(id=application.procedure_id, version=application.procedure_version),
        contact=Contact(**application.contact),
        replies=correction.replies,
    )
    publish(session, corrected)
    session.refresh(application)
    return revision


def _small(answers: Mapping[str, Any]) -> None:
    if len(orjson.dumps(answers)) > SIZE_LIMIT:
        raise TooLarge("The answers of an application may have {limit} bytes", limit=SIZE_LIMIT)
