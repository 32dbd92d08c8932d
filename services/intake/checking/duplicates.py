"""Duplicates: applications of the same corporation that are the same by their procedure's keys, or nearly so.

A corporation is known by its account's organisation, by its corporate number, and without one by its name. An applicant only
learns of his own organisation's applications; the official learns of all.
"""

from __future__ import annotations

import hashlib
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

# What ended without effect is nobody's duplicate.
GONE = ("withdrawn", "returned", "refused")
# So many are told of each application; whoever has more of them sees the point.
TOLD = 10

_REFUSED = message(
    "Your organisation has filed this already: {number}, filed on {day}. Withdraw that one first, or change this one"
)
_EXACT = message("Your organisation has filed this already: {number}, filed on {day}")
_NEAR = message("Your organisation has filed something very similar already: {number}, filed on {day}")

_LOCKS = text("""
select pg_advisory_xact_lock(hashtextextended(name, 0)) from (select unnest(cast(:names as text[])) as name order by 1) as sorted
""")
# The newest of each digest, by the primary key backwards: whoever files the same thousands of times slows nobody down.
_FOUND = text("""
with mine as (select * from json_to_recordset(cast(:mine as json)) as m(of uuid, digest uuid))
select mine.of, f.id, f.organisation_id, f.receipt_number, f.filed_at, min(f.kind) as kind
from mine cross join lateral (
  select a.id, a.organisation_id, a.receipt_number, a.filed_at, f.kind
  from intake.fingerprint f join intake.application a on a.id = f.application_id
  where f.digest = mine.digest and a.id <> mine.of and a.state <> all(:gone)
    and (cast(:organisation as uuid) is null or a.organisation_id = :organisation)
  order by f.application_id desc limit :told
) as f
group by mine.of, f.id, f.organisation_id, f.receipt_number, f.filed_at order by f.id desc
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
    nobody = UUID(int=0)
    found = [twin.duplicate for twin in _found(session, {nobody: digests}, organisation_id).get(nobody, [])]
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
        self._here: dict[UUID, list[tuple[Kind, Application]]] = {}
        self._rows: list[dict[str, Any]] = []
        if any(self._of.values()):
            # two workers with two of the same must not both overlook the other's
            names = sorted({f"intake.duplicates {a.procedure_id} {one}" for a, _ in checked for one in _who(a)})
            session.execute(_LOCKS, {"names": names})
        self._before = _found(session, self._of)

    def of(self, application: Application) -> list[Twin]:
        """The duplicates of an application, newest first."""
        kinds: dict[UUID, Kind] = {}
        known: dict[UUID, Application] = {}
        for digest in self._of.get(application.id, {}):
            for kind, other in self._here.get(digest, [])[-TOLD:]:
                known[other.id] = other
                kinds[other.id] = min(kind, kinds.get(other.id, "near"))
        here = [_twin(other, kinds[id_]) for id_, other in known.items()]
        return sorted([*here, *self._before.get(application.id, [])], key=_age, reverse=True)

    def remember(self, application: Application) -> None:
        """From now on, others may be duplicates of this one."""
        for digest, kind in self._of.get(application.id, {}).items():
            self._here.setdefault(digest, []).append((kind, application))
            self._rows.append({"digest": digest, "application_id": application.id, "kind": kind})

    def write(self, session: Session) -> None:
        """Write what is to be remembered."""
        insert_many(session, Fingerprint, self._rows)


def _who(application: Application) -> list[str]:
    applicant = application.applicant
    return _marks(application.answers, application.organisation_id, applicant.get("corporate_number"), applicant["name"])


def _age(twin: Twin) -> tuple[datetime, UUID]:
    return twin.duplicate.filed_at, twin.duplicate.application_id


def _twin(other: Application, kind: Kind) -> Twin:
    duplicate = Duplicate(application_id=other.id, receipt_number=other.receipt_number, filed_at=other.filed_at, kind=kind)
    return Twin(other.organisation_id, duplicate)


def _found(
    session: Session, wanted: Mapping[UUID, Mapping[UUID, Kind]], organisation: UUID | None = None
) -> dict[UUID, list[Twin]]:
    """The duplicates that are recorded already, newest first, by the application they are wanted for."""
    mine = [{"of": of, "digest": digest} for of, digests in wanted.items() for digest in digests]
    found: dict[UUID, list[Twin]] = {}
    if not mine:
        return found
    asked = {"mine": orjson.dumps(mine).decode(), "gone": list(GONE), "organisation": organisation, "told": TOLD}
    for row in session.execute(_FOUND, asked):
        duplicate = Duplicate(application_id=row.id, receipt_number=row.receipt_number, filed_at=row.filed_at, kind=row.kind)
        found.setdefault(row.of, []).append(Twin(row.organisation_id, duplicate))
    return found
