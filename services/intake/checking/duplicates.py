"""Duplicates: applications of the same corporation that are the same by their procedure's keys, or nearly so.

A corporation is known by its account's organisation, by its corporate number, and without one by its name. An applicant only
learns of his own organisation's applications; the official learns of all.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import Session, col, select

from services.intake.catalogue.procedures import Published
from services.intake.models import Application, Fingerprint
from services.intake.rights.reach import within
from shared.database import insert_many
from shared.events import Duplicate, Mend
from shared.i18n import Language, message, show_date, translate
from shared.identity.callers import Caller
from shared.japanese import same_text
from shared.procedure.likeness import Kind, likenesses
from shared.sealing.blind import MARK, blind

# What ended without effect is nobody's duplicate.
GONE = ("withdrawn", "returned", "refused")
# So many are told of each application; whoever has more of them sees the point.
TOLD = 10
_KEPT = TOLD + 1  # one of them may be the application itself

_REFUSED = message(
    "Your organisation has filed this already: {number}, filed on {day}. Withdraw that one first, or change this one"
)
_EXACT = message("Your organisation has filed this already: {number}, filed on {day}")
_NEAR = message("Your organisation has filed something very similar already: {number}, filed on {day}")

_LOCKS = text("""
select pg_advisory_xact_lock(hashtextextended(name, 0)) from (select unnest(cast(:names as text[])) as name order by 1) as sorted
""")
# The newest of each digest, by the primary key backwards, and each digest once: whoever files the same thousands of times slows
# nobody down.
_FOUND = text("""
select wanted.digest, f.* from unnest(cast(:digests as uuid[])) as wanted (digest) cross join lateral (
  select a.id, a.organisation_id, a.receipt_number, a.filed_at, f.kind
  from intake.fingerprint f join intake.application a on a.id = f.application_id
  where f.digest = wanted.digest and a.state <> all(:gone)
    and (cast(:organisation as uuid) is null or a.organisation_id = :organisation)
  order by f.application_id desc limit :most
) as f
""")


@dataclass(frozen=True)
class Twin:
    """A duplicate, and whose it is."""

    organisation_id: UUID
    duplicate: Duplicate


def fingerprints(
    published: Published, answers: Mapping[str, Any], *, organisation_id: UUID, corporate_number: str | None, name: str
) -> dict[UUID, Kind]:
    """What duplicates would have in common with an application, as hashes: one for each likeness and mark of who applies."""
    found: dict[UUID, Kind] = {}
    alike = likenesses(published.procedure, answers)
    for who in _marks(answers, organisation_id, corporate_number, name) if alike else ():
        for one in alike:
            hashed = hashlib.sha256(orjson.dumps([published.ref.id, one.kind, who, one.content])).digest()
            found[UUID(bytes=hashed[:16])] = one.kind
    return found


def _stored(digest: UUID) -> UUID:
    """A digest as it stands in the database, with the house's key: whoever reads it there cannot try answers against it."""
    return UUID(bytes=blind("intake.fingerprint.digest", digest.hex)[MARK:])


def _marks(answers: Mapping[str, Any], organisation_id: UUID, corporate_number: str | None, name: str) -> list[str]:
    entered = answers.get("corporate_number")
    numbers = {number for number in (corporate_number, entered) if isinstance(number, str) and number}
    return [f"organisation {organisation_id}", *(sorted(numbers) or [f"name {same_text(name)}"])]


def of_caller(
    session: Session, caller: Caller, published: Published, answers: Mapping[str, Any], *, seen_by: Caller | None = None
) -> list[Duplicate]:
    """The duplicates that an application would have among those of the caller's own organisation, newest first.

    What does not fit the form yet has none. An agent (`seen_by`) only learns of those of his principal's that he may see.
    """
    organisation_id = caller.organisation_id
    if published.procedure.duplicates is None or organisation_id is None or not published.validator.is_valid(answers):
        return []
    digests = fingerprints(
        published,
        answers,
        organisation_id=organisation_id,
        corporate_number=caller.corporate_number,
        name=caller.organisation_name,
    )
    found = [twin.duplicate for twin in _of(None, digests, _found(session, digests, organisation_id))]
    if seen_by is not None and seen_by.organisation_id != organisation_id:
        ids = [one.application_id for one in found]
        query = select(Application.id).where(col(Application.id).in_(ids), within(session, seen_by, Application))
        seen = set(session.exec(query))
        found = [one for one in found if one.application_id in seen]
    return found[:TOLD]


def said(published: Published, duplicates: Iterable[Duplicate]) -> Iterator[tuple[str, Mend]]:
    """What an applicant is told of his own duplicates: (level, text). It is an error where the procedure refuses them."""
    asked = published.procedure.duplicates
    if asked is None:
        return
    for one in duplicates:
        refused = asked.refuse and one.kind == "exact"
        says = _REFUSED if refused else _EXACT if one.kind == "exact" else _NEAR
        pointer = f"/{asked.keys[0]}" if one.kind == "exact" else ""
        yield "error" if refused else "warning", Mend(pointer=pointer, ja=_says(says, one, "ja"), en=_says(says, one, "en"))


def _says(says: str, one: Duplicate, language: Language) -> str:
    return translate(says, language, number=one.receipt_number, day=show_date(one.filed_at, language))


class Twins:
    """The duplicates of applications whose format is being checked in one transaction, also among themselves."""

    def __init__(self, session: Session, checked: Sequence[tuple[Application, Published]]) -> None:
        self._of = {
            application.id: fingerprints(
                published,
                application.answers,
                organisation_id=application.organisation_id,
                corporate_number=application.applicant.get("corporate_number"),
                name=application.applicant["name"],
            )
            for application, published in checked
            if published.procedure.duplicates is not None
        }
        self._rows: list[dict[str, Any]] = []
        if any(self._of.values()):
            # two workers with two of the same must not both overlook the other's
            names = sorted({f"intake.duplicates {a.procedure_id} {one}" for a, _ in checked for one in _who(a)})
            session.execute(_LOCKS, {"names": names})
        self._known = _found(session, {digest for digests in self._of.values() for digest in digests})

    def of(self, application: Application) -> list[Twin]:
        """The duplicates of an application, newest first: of each likeness the newest."""
        return _of(application.id, self._of.get(application.id, {}), self._known)

    def remember(self, application: Application) -> None:
        """From now on, others may be duplicates of this one."""
        kinds = self._of.get(application.id, {})
        made = {kind: Twin(application.organisation_id, _duplicate(application, kind)) for kind in set(kinds.values())}
        for digest, kind in kinds.items():
            twins = self._known.setdefault(digest, [])
            insort(twins, made[kind], key=_age)
            del twins[:-_KEPT]
            self._rows.append({"digest": _stored(digest), "application_id": application.id, "kind": kind})

    def write(self, session: Session) -> None:
        """Write what is to be remembered."""
        insert_many(session, Fingerprint, self._rows)


def _who(application: Application) -> list[str]:
    applicant = application.applicant
    return _marks(application.answers, application.organisation_id, applicant.get("corporate_number"), applicant["name"])


def _age(twin: Twin) -> tuple[datetime, UUID]:
    return twin.duplicate.filed_at, twin.duplicate.application_id


def _duplicate(other: Any, kind: Kind) -> Duplicate:
    """Of an application, or of a row with what is told of it."""
    return Duplicate(application_id=other.id, receipt_number=other.receipt_number, filed_at=other.filed_at, kind=kind)


def _of(application_id: UUID | None, digests: Iterable[UUID], known: Mapping[UUID, Sequence[Twin]]) -> list[Twin]:
    """What has one of these digests, newest first, but not the application itself. Alike in two ways, it is said to be exact."""
    found: dict[UUID, Twin] = {}
    for digest in digests:
        others = [twin for twin in known.get(digest, ()) if twin.duplicate.application_id != application_id]
        for twin in others[-TOLD:]:
            before = found.setdefault(twin.duplicate.application_id, twin)
            if twin.duplicate.kind < before.duplicate.kind:
                found[twin.duplicate.application_id] = twin
    return sorted(found.values(), key=_age, reverse=True)


def _found(session: Session, digests: Iterable[UUID], organisation: UUID | None = None) -> dict[UUID, list[Twin]]:
    """The newest applications that are recorded with these digests, oldest first. Those of before the key stand as they are."""
    found: dict[UUID, list[Twin]] = {}
    wanted = {_stored(one): one for one in digests}
    asked = {"digests": [*wanted, *wanted.values()], "gone": list(GONE), "organisation": organisation, "most": _KEPT}
    for row in session.execute(_FOUND, asked) if wanted else ():
        found.setdefault(wanted.get(row.digest, row.digest), []).append(Twin(row.organisation_id, _duplicate(row, row.kind)))
    for twins in found.values():
        twins.sort(key=_age)
    return found
