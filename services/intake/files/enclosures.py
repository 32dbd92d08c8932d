"""The files that drafts and applications name: whether they are there and as they should be, and from when on they stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text, update
from sqlmodel import Session, col, select

from services.intake.models import Application, Attachment, Enclosure
from shared.events import Mend
from shared.files.kept import reference, state_of
from shared.i18n import LANGUAGES, message, translate
from shared.procedure.kinds.files import attached
from shared.procedure.model import Procedure
from shared.procedure.reading import label_at
from shared.procedure.retention import MOST_DRAFT_DAYS

# Of one application, in bytes.
MOST_ENCLOSED = 200 * 1000 * 1000
# A file in a draft outlives the draft, however long the procedure keeps it; the draft's end is its files' end.
KEEP_IN_DRAFT = timedelta(days=MOST_DRAFT_DAYS + 7)
KEEP_WITHOUT = timedelta(days=1)

_GONE = message("“{label}”: the file “{name}” is not here any more; attach it again")
_OTHER = message("“{label}”: what is said of the file “{name}” is not what was sent; attach it again")
_INFECTED = message("“{label}”: a virus was found in “{name}”; attach a file without one")
_FAILED = message("“{label}”: “{name}” could not be scanned for viruses; attach it in another form")
_TOO_MUCH = message("The attached files have more than {megabytes} MB together; attach fewer or smaller ones")
_SAYS = {"infected": _INFECTED, "failed": _FAILED}

_ENCLOSE = text("""
insert into intake.enclosure (application_id, attachment_id)
select e.application_id, a.id
from json_to_recordset(cast(:enclosed as json)) as e(application_id uuid, organisation_id uuid, attachment_id uuid)
join intake.attachment a on a.id = e.attachment_id and a.organisation_id = e.organisation_id and a.state <> 'leaving'
order by a.id
for share of a
on conflict do nothing
""")


def enclose(session: Session, enclosed: Sequence[Mapping[str, str]]) -> None:
    """Tie files to the applications that are filed with them, each of the same organisation: from now on they stay.

    What is not there, or is another's, is passed over; the format check finds that out and says so.
    """
    if enclosed:
        session.execute(_ENCLOSE, {"enclosed": orjson.dumps(enclosed).decode()})


def known(session: Session, references: Sequence[Mapping[str, Any]]) -> dict[str, Attachment]:
    """The files that references name, by id. Whose they are is for the caller to look at."""
    ids = [one for one in map(_id, references) if one is not None]
    if not ids:
        return {}
    kept = col(Attachment.state).not_in(("arriving", "leaving"))
    found = session.exec(select(Attachment).where(col(Attachment.id).in_(ids), kept)).all()
    return {str(one.id): one for one in found}


def mends(
    files: Mapping[str, Attachment], organisation_id: UUID | None, procedure: Procedure, answers: Mapping[str, Any]
) -> list[Mend]:
    """What is wrong with the files that answers name, `files` being those that are `known`. One that waits is not wrong."""
    found, size = [], 0
    for pointer, one in attached(procedure.fields(), answers):
        file = files.get(str(one.get("id")))
        if file is None or file.organisation_id != organisation_id:
            found.append(_mend(procedure, pointer, _GONE, one))
        elif reference(file) != one:
            found.append(_mend(procedure, pointer, _OTHER, one))
        elif says := _SAYS.get(file.state):
            found.append(_mend(procedure, pointer, says, one))
        else:
            size += file.size
    if size > MOST_ENCLOSED:
        texts = {one: translate(_TOO_MUCH, one, megabytes=MOST_ENCLOSED // 1_000_000) for one in LANGUAGES}
        found.append(Mend(pointer="", **texts))
    return found


def mends_of(session: Session, organisation_id: UUID | None, procedure: Procedure, answers: Mapping[str, Any]) -> list[Mend]:
    """The same for answers that were not looked at together with others."""
    references = [one for _, one in attached(procedure.fields(), answers)]
    return mends(known(session, references), organisation_id, procedure, answers) if references else []


def states(session: Session, organisation_id: UUID | None, answers: Any, *, scanning: bool) -> dict[str, str]:
    """File → its state as people see it, of the files that answers name; what is not there is missing."""
    files = known(session, list(_named(answers)))
    return {str(one.id): state_of(one, scanning=scanning) for one in files.values() if one.organisation_id == organisation_id}


def hold(session: Session, organisation_id: UUID | None, answers: Any, until: timedelta = KEEP_IN_DRAFT) -> None:
    """Keep the files that a draft names for so long from now, or until they are filed."""
    ids = [one for one in map(_id, _named(answers)) if one is not None]
    if ids:
        session.execute(
            update(Attachment)
            .where(
                col(Attachment.id).in_(ids),
                col(Attachment.organisation_id) == organisation_id,
                col(Attachment.state) != "leaving",
            )
            .values(expires_at=datetime.now(UTC) + until)
        )


def waiting_for(session: Session, attachment_id: UUID) -> Sequence[str]:
    """The applications that were filed with a file and are not checked yet."""
    query = select(Enclosure.application_id).join(Application, col(Application.id) == col(Enclosure.application_id))
    found = session.exec(query.where(Enclosure.attachment_id == attachment_id, Application.state == "filed")).all()
    return [str(one) for one in found]


def _named(answers: Any) -> Iterator[dict[str, Any]]:
    """Whatever looks like a reference in answers that need not fit any form yet."""
    if isinstance(answers, dict) and {"id", "sha256"} <= answers.keys():
        yield answers
    elif isinstance(answers, dict | list):
        for part in answers.values() if isinstance(answers, dict) else answers:
            yield from _named(part)


def _id(one: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(one["id"])
    except (KeyError, ValueError, AttributeError, TypeError):
        return None


def _mend(procedure: Procedure, pointer: str, says: str, one: Mapping[str, Any]) -> Mend:
    name = str(one.get("name", ""))[:150]
    texts = {
        language: translate(says, language, label=label_at(procedure, pointer, language), name=name) for language in LANGUAGES
    }
    return Mend(pointer=pointer, **texts)
