"""Who is asked for an opinion: what he sees of the case, which is what was chosen and nothing else, and his answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlmodel import Session, col, func, select

from services.review.cases import contents, enclosures
from services.review.cases.cases import ref_of
from services.review.cases.rights import concerned_with
from services.review.files import files
from services.review.models import Case, CaseFile, Opinion
from services.review.opinions.opinions import about_to_asker, is_going, tell, today
from services.review.procedures import version
from services.review.wall import HOUSE, acts
from shared.events import OpinionAnswered
from shared.i18n import Language
from shared.identity.callers import Caller, link_is
from shared.problems import Conflict, Gone, Invalid, NotFound
from shared.procedure.model import Procedure
from shared.procedure.reading import Section, files_in, sections
from shared.validation import text_errors

ANSWER_LIMIT = 20_000
MOST_REVISIONS = 30


@dataclass(frozen=True)
class Asked:
    """An opinion that is asked for, for who is asked."""

    opinion: Opinion
    case: Case
    procedure: Procedure
    answers: Mapping[str, Any]

    @property
    def waits(self) -> bool:
        """Whether he may answer, or revise his answer."""
        return self.opinion.state in {"asked", "answered"} and is_going(self.case) and today() <= self.opinion.due_on


@dataclass(frozen=True)
class View:
    """What he sees of the case. `party` and `contact` only where the official chose so."""

    title: str
    sections: list[Section]
    attachments: list[tuple[str, str, str]]
    party: Mapping[str, Any] | None
    contact: Mapping[str, Any] | None


def listed(session: Session, caller: Caller) -> Sequence[Opinion]:
    """What an official is asked, what waits for him first."""
    mine = select(Opinion).where(Opinion.account_id == caller.account_id)
    order = (col(Opinion.state) != "asked", col(Opinion.due_on).desc(), col(Opinion.id).desc())
    return session.exec(mine.order_by(*order).limit(200)).all()


def waiting(session: Session, caller: Caller) -> int:
    """How many opinions wait for an official."""
    query = select(func.count()).where(Opinion.account_id == caller.account_id, Opinion.state == "asked")
    return session.exec(query.where(Opinion.due_on >= today())).one()


def inside(session: Session, caller: Caller, opinion_id: UUID, *, lock: bool = False) -> Asked:
    """What an official was asked. Raises NotFound, Gone when it is not wanted any more."""
    acts(session, HOUSE)  # he sees the case through this opinion alone
    query = select(Opinion).where(Opinion.id == opinion_id, Opinion.account_id == caller.account_id)
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("You were not asked for an opinion with the id {id}", id=opinion_id)
    return _asked(session, found)


def outside(session: Session, key: SecretStr, opinion_id: UUID, secret: str, *, lock: bool = False) -> Asked:
    """What somebody with a mailed link was asked. Raises NotFound for a wrong link, Gone for one that ended."""
    if not link_is(key, opinion_id, secret):
        raise NotFound("This link is not complete; open it from the mail once more")
    acts(session, HOUSE)  # the link vouches for this opinion
    query = select(Opinion).where(Opinion.id == opinion_id, col(Opinion.account_id).is_(None))
    found = session.exec(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("This link is not complete; open it from the mail once more")
    return _asked(session, found)


def _asked(session: Session, opinion: Opinion) -> Asked:
    case = session.get_one(Case, opinion.case_id)
    procedure = version(session, ref_of(case))
    asked = Asked(opinion, case, procedure, contents.at(session, case, opinion.revision))
    shut = opinion.account_id is not None and opinion.account_id in concerned_with(session, case)
    if shut or not asked.waits:
        raise Gone("The last day has passed, or this opinion is not wanted any more")
    return asked


def seen(asked: Asked, language: Language) -> View:
    """The limited view: fields, attachments and contact that the official chose."""
    opinion, case = asked.opinion, asked.case
    chosen = set(opinion.attachments)
    return View(
        title=asked.procedure.title.within(language),
        sections=sections(asked.procedure, asked.answers, language, only=opinion.fields),
        attachments=[one for one in files_in(asked.procedure, asked.answers, language) if one[1] in chosen],
        party=case.applicant if opinion.with_contact else None,
        contact=case.contact if opinion.with_contact else None,
    )


def attachment(asked: Asked, attachment_id: UUID) -> dict[str, Any]:
    """What the case says of an attachment that may be seen. Raises NotFound."""
    if str(attachment_id) not in asked.opinion.attachments:
        raise NotFound("You were not shown an attachment with the id {id}", id=attachment_id)
    return enclosures.named([asked.answers], asked.procedure, attachment_id)


def answer(session: Session, asked: Asked, text: str, file_ids: Sequence[str]) -> Opinion:
    """Answer, or revise the answer; the official is told. The opinion is locked. Raises Invalid, Conflict."""
    opinion = asked.opinion
    if wrong := text_errors("/answer", text, ANSWER_LIMIT, needed=True):
        raise Invalid("The answer cannot be taken like this", errors=wrong)
    before = [file.id for file in of_opinion(session, opinion)]
    given = files.give(session, opinion.case_id, opinion.account_id or opinion.id, opinion.id, file_ids)
    if opinion.state == "answered" and opinion.answer == text.strip() and before == [file.id for file in given]:
        return opinion  # sent twice
    if len(opinion.earlier) >= MOST_REVISIONS:
        raise Conflict("This answer was revised too often")
    revised = opinion.state == "answered"
    if revised and opinion.answered_at:
        opinion.earlier = [*opinion.earlier, {"answer": opinion.answer, "at": opinion.answered_at.isoformat()}]
    opinion.state, opinion.answer, opinion.answered_at = "answered", text.strip(), datetime.now(UTC)
    session.add(opinion)
    if to_asker := about_to_asker(session, asked.case, opinion):
        tell(session, opinion, OpinionAnswered(**to_asker, revised=revised))
    return opinion


def of_opinion(session: Session, opinion: Opinion) -> list[CaseFile]:
    """The files of an answer."""
    return files.of_owners(session, [opinion.id])[opinion.id]
