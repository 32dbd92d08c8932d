"""Opinions (意見照会): an official asks somebody about a case, shows him what he chooses, and may take the question back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from services.review.cases.cases import ref_of
from services.review.cases.moves import acting
from services.review.cases.rights import concerned_with
from services.review.models import Case, Opinion
from services.review.procedures import version
from shared.bus.publish import publish
from shared.database import new_id
from shared.events import Contact, OpinionAsked, OpinionEvent, OpinionWithdrawn
from shared.i18n import JST, Language, message, translate
from shared.identity.callers import Caller
from shared.identity.personal import EMAIL, NAME
from shared.problems import Conflict, FieldError, Invalid, NotFound
from shared.procedure.changes import written
from shared.procedure.fields import FILES, GroupField
from shared.procedure.model import Procedure
from shared.procedure.reading import files_in, label_at
from shared.telemetry import current_traceparent
from shared.validation import text_errors

QUESTION_LIMIT = 4000
MOST_OPEN, MOST = 20, 200  # about one case
LONGEST = timedelta(days=180)
PERIOD = timedelta(days=14)  # what a form proposes
REMIND = timedelta(days=3)  # before the last day
_PARTY = message("Applicant and contact")
# Where who is asked finds it: an official, and somebody with a link.
INSIDE, OUTSIDE = "/desk/opinions", "/opinions"

_OFFICIALS = text("""
select account_id, min(name) as name, array_agg("group" order by "group") as groups
from identity.official where account_id <> :me group by account_id
""").columns(name=NAME)
_OFFICIAL = text("select name, email from identity.official where account_id = :id limit 1").columns(name=NAME, email=EMAIL)


@dataclass(frozen=True)
class Outsider:
    """Somebody outside who is asked by e-mail. His entries are checked already (shared.validation.WrittenContact)."""

    name: str
    email: str
    language: Language


@dataclass(frozen=True)
class Shown:
    """What who is asked may see: keys of fields, ids of attachments, and whether who applies and whom to write to."""

    fields: Sequence[str] = ()
    attachments: Sequence[str] = ()
    contact: bool = False


@dataclass(frozen=True)
class Choice:
    """Something that may be shown: its key or id, with its label and what stands there."""

    key: str
    label: str
    text: str


def today() -> date:
    """The day in Japan."""
    return datetime.now(JST).date()


def is_going(case: Case) -> bool:
    """Whether an opinion on the case is still of use."""
    return case.state in {"open", "correcting"}


def officials(session: Session, caller: Caller, case: Case) -> list[tuple[UUID, str, list[str]]]:
    """Whom the caller may ask inside, all but those with a conflict of interest: id, name and groups."""
    rows, shut = session.execute(_OFFICIALS, {"me": caller.account_id}), concerned_with(session, case)
    found = [(row.account_id, row.name, list(row.groups)) for row in rows if row.account_id not in shut]
    return sorted(found, key=lambda one: (one[2], one[1]))


def field_choices(procedure: Procedure, case: Case, language: Language) -> list[Choice]:
    """The answered fields that may be shown; files are chosen by themselves."""
    found = []
    for field in procedure.fields():
        answer = case.answers.get(field.key)
        if answer in (None, "", []) or field.type in FILES:
            continue
        says = "" if isinstance(field, GroupField) else written(field, answer, language)
        found.append(Choice(field.key, field.label.within(language), says))
    return found


def file_choices(procedure: Procedure, case: Case, language: Language) -> list[Choice]:
    """The attachments that may be shown."""
    return [Choice(one, label, says) for label, one, says in files_in(procedure, case.answers, language)]


def labels(procedure: Procedure, answers: Mapping[str, Any], opinion: Opinion, language: Language) -> list[str]:
    """What an opinion's asked person sees, in words."""
    found = [label_at(procedure, f"/{key}", language) for key in opinion.fields]
    found += [says for _, one, says in files_in(procedure, answers, language) if one in opinion.attachments]
    return [*found, translate(_PARTY, language)] if opinion.with_contact else found


def of_case(session: Session, case: Case) -> Sequence[Opinion]:
    """The opinions that were asked for on a case, in their order."""
    return session.exec(select(Opinion).where(Opinion.case_id == case.id).order_by(col(Opinion.id))).all()


def ask(
    session: Session, caller: Caller, case_id: UUID, to: UUID | Outsider, question: str, *, seeing: Shown, due_on: date
) -> Opinion:
    """Ask an official (by id) or somebody outside until a day. Raises NotFound, Forbidden, Conflict, Invalid."""
    case = acting(session, caller, case_id, "ask-opinion")
    errors = _unfit(version(session, ref_of(case)), case, question, seeing, due_on)
    whom = to if isinstance(to, Outsider) else _official(session, caller, case, to)
    if whom is None:
        errors.append(FieldError("/to", "Choose an official without a conflict of interest, other than yourself"))
    if errors or whom is None:
        raise Invalid("The opinion cannot be asked for like this", errors=errors)
    _must_be_few(session, case)
    now = datetime.now(UTC)
    opinion = Opinion(
        id=new_id(),
        case_id=case.id,
        account_id=to if isinstance(to, UUID) else None,
        name=whom.name,
        email=whom.email,
        language=whom.language,
        question=question.strip(),
        fields=list(dict.fromkeys(seeing.fields)),
        attachments=list(dict.fromkeys(seeing.attachments)),
        with_contact=seeing.contact,
        revision=case.revision,
        due_on=due_on,
        asked_at=now,
        asked_by=caller.account_id,
        asked_by_name=caller.name,
        version=0,
        # a last day so near needs no reminder: it counts as given with the mail that says the day
        reminded_at=now if due_on <= today() + REMIND else None,
    )
    session.add(opinion)
    to_asked = about(case, opinion)
    tell(session, opinion, OpinionAsked(**to_asked, asked_by=caller.name, link_id=link_of(opinion)))
    return opinion


def _official(session: Session, caller: Caller, case: Case, account_id: UUID) -> Outsider | None:
    row = session.execute(_OFFICIAL, {"id": account_id}).first()
    if row is None or account_id == caller.account_id or account_id in concerned_with(session, case):
        return None
    return Outsider(row.name, row.email, "ja")


def _unfit(procedure: Procedure, case: Case, question: str, seeing: Shown, due_on: date) -> list[FieldError]:
    errors = text_errors("/question", question, QUESTION_LIMIT, needed=True)
    fields = {one.key for one in field_choices(procedure, case, "ja")}
    attachments = {one.key for one in file_choices(procedure, case, "ja")}
    if not fields.issuperset(seeing.fields):
        errors.append(FieldError("/fields", "Choose fields of this application that are answered"))
    if not attachments.issuperset(seeing.attachments):
        errors.append(FieldError("/attachments", "Choose attachments of this application"))
    first, last = today() + timedelta(days=1), today() + LONGEST
    if not first <= due_on <= last:
        errors.append(FieldError("/due_on", "Choose a day from {first} to {last}", {"first": str(first), "last": str(last)}))
    return errors


def _must_be_few(session: Session, case: Case) -> None:
    open_ = func.count().filter(col(Opinion.state) == "asked")
    every, waiting = session.exec(select(func.count(), open_).where(Opinion.case_id == case.id)).one()
    if waiting >= MOST_OPEN or every >= MOST:
        raise Conflict("So many opinions were asked for on this case already; wait for them, or withdraw some")


def withdraw(session: Session, caller: Caller, case_id: UUID, opinion_id: UUID) -> Opinion:
    """Take a question back that is not answered; who was asked sees nothing any more. Raises NotFound, Forbidden, Conflict."""
    case = acting(session, caller, case_id, "withdraw-opinion")
    opinion = on_case(session, case, opinion_id, lock=True)
    if opinion.state not in {"asked", "expired"}:
        raise Conflict("This opinion is not waited for any more")
    opinion.state = "withdrawn"
    tell(session, opinion, OpinionWithdrawn(**about(case, opinion), asked_by=opinion.asked_by_name))
    return opinion


def on_case(session: Session, case: Case, opinion_id: UUID, *, lock: bool = False) -> Opinion:
    """One of a case's opinions. Raises NotFound."""
    query = select(Opinion).where(Opinion.id == opinion_id, Opinion.case_id == case.id)
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("No opinion on this case has the id {id}", id=opinion_id)
    return found


def link_of(opinion: Opinion) -> UUID | None:
    """The id of the mailed link, whose secret is derived from it (shared.identity.callers.link_secret)."""
    return opinion.id if opinion.account_id is None else None


def about(case: Case, opinion: Opinion) -> dict[str, Any]:
    """What every event to who is asked says, with its next number."""
    inside = opinion.account_id is not None
    return {
        "subject": str(opinion.id),
        "sequence": opinion.version + 1,
        "traceparent": current_traceparent(),
        "case_id": case.id,
        "procedure": ref_of(case),
        "group": case.group,
        "contact": Contact(name=opinion.name, email=opinion.email, language="en" if opinion.language == "en" else "ja"),
        "path": f"{INSIDE}/{opinion.id}" if inside else OUTSIDE,
        "due_on": opinion.due_on,
    }


def about_to_asker(session: Session, case: Case, opinion: Opinion) -> dict[str, Any] | None:
    """The same for the official who asked, or who has the case when he is gone; None where there is nobody."""
    for account_id in (opinion.asked_by, case.official_id):
        row = session.execute(_OFFICIAL, {"id": account_id}).first() if account_id else None
        if row:
            contact = Contact(name=row.name, email=row.email)
            path = f"/desk/cases/{case.id}#opinion-{opinion.id}"
            more = {"arrival_number": case.arrival_number, "name": opinion.name}
            return {**about(case, opinion), "contact": contact, "path": path, **more}
    return None


def tell(session: Session, opinion: Opinion, event: OpinionEvent) -> None:
    """Publish an event about a locked opinion, and count it."""
    opinion.version = event.sequence
    session.add(opinion)
    session.flush()
    publish(session, event)
