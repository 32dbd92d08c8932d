"""The catalogue: published versions of procedures, and the form of the newest, compiled and kept at hand."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator
from sqlmodel import Session, col, func, select

from services.intake.models import Procedure as PublishedProcedure
from shared.bus.publish import publish as announce
from shared.events import ProcedurePublished, ProcedureRef
from shared.i18n import JST
from shared.problems import Conflict, NotFound
from shared.procedure import form
from shared.procedure.fields import FILES, GroupField, SimpleField
from shared.procedure.kinds.files import attached
from shared.procedure.model import Procedure

# A newly published version is seen by every process after at most this many seconds.
REMEMBER = 2.0
# Seconds that one caller has to read them anew, before another one is sent.
ASKING = 1.0


@dataclass(frozen=True)
class Published:
    """One published version, ready to be used."""

    ref: ProcedureRef
    procedure: Procedure

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The form as JSON Schema 2020-12."""
        return form.schema(self.procedure, self.ref.version)

    @cached_property
    def validator(self) -> Draft202012Validator:
        """The form, compiled."""
        return Draft202012Validator(self.schema, validate_formats=True)

    def attached(self, answers: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """The files that answers name, each with its place. The hot path asks every filing; most forms have none."""
        return list(attached(self._with_files, answers)) if self._with_files else []

    @cached_property
    def _with_files(self) -> list[SimpleField | GroupField]:
        def has(one: SimpleField | GroupField) -> bool:
            return any(map(has, one.fields)) if isinstance(one, GroupField) else one.type in FILES

        return [one for one in self.procedure.fields() if has(one)]

    @property
    def trial(self) -> bool:
        """Whether it is not in force, and only tried (services.intake.drafts.trials)."""
        return self.ref.version < 0

    @property
    def opening(self) -> tuple[datetime, datetime] | None:
        """From when until when applications are taken; None when always."""
        period = self.procedure.open
        if period == "always":
            return None
        start, end = (moment if moment.tzinfo else moment.replace(tzinfo=JST) for moment in (period.from_, period.to))
        return start, end

    def is_open(self, at: datetime) -> bool:
        """Whether applications are taken at that time."""
        return self.opening is None or self.opening[0] <= at < self.opening[1]


class Catalogue:
    """The newest version of every procedure, read from the database at most every REMEMBER seconds."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, int], Published] = {}
        self._newest: dict[str, Published] = {}
        self._good_until = 0.0
        self._asked_until = 0.0

    def remembered(self, procedure_id: str) -> Published | None:
        """The newest version, if the database was asked moments ago.

        When that was too long ago, one caller gets None and asks; for ASKING seconds the others go on with what is known.
        """
        now = time.monotonic()
        if now >= self._good_until and now >= self._asked_until:
            self._asked_until = now + ASKING
            return None
        return self._newest.get(procedure_id)

    def newest(self, session: Session) -> dict[str, Published]:
        """The newest version of every procedure, by id."""
        if time.monotonic() >= self._good_until:
            rows = session.exec(
                select(PublishedProcedure.id, func.max(PublishedProcedure.version))
                .where(PublishedProcedure.version > 0)
                .group_by(PublishedProcedure.id)
                .order_by(PublishedProcedure.id)
            ).all()
            self._newest = {id_: self.version(session, ProcedureRef(id=id_, version=version)) for id_, version in rows}
            self._good_until = time.monotonic() + REMEMBER
        return self._newest

    def current(self, session: Session, procedure_id: str) -> Published:
        """The newest version of one procedure. Raises NotFound."""
        found = self.newest(session).get(procedure_id)
        if found is None:
            raise unknown(procedure_id)
        return found

    def version(self, session: Session, ref: ProcedureRef) -> Published:
        """A given version; it never changes, so it is read once. Raises NotFound."""
        known = self._versions.get((ref.id, ref.version))
        if known is None:
            row = session.get(PublishedProcedure, (ref.id, ref.version))
            if row is None:
                raise unknown(ref.id)
            known = Published(ref, Procedure.model_validate(row.definition))
            self._versions[ref.id, ref.version] = known
        return known


def unknown(procedure_id: str) -> NotFound:
    """The problem for a procedure that is not there."""
    return NotFound("There is no procedure {id}; GET /v1/procedures lists those that there are", id=procedure_id[:80])


def must_be_open(published: Published) -> None:
    """Raises Conflict outside the times in which applications are taken."""
    if not published.is_open(datetime.now(UTC)):
        raise Conflict("This procedure takes no applications at present")


def digest_of(procedure: Procedure) -> bytes:
    """The same for the same content."""
    return hashlib.sha256(orjson.dumps(procedure.definition(), option=orjson.OPT_SORT_KEYS)).digest()


def publish(session: Session, procedure: Procedure) -> ProcedureRef:
    """Publish a procedure as its next version and announce it; the same content again changes nothing."""
    definition, digest = procedure.definition(), digest_of(procedure)
    newest = session.exec(
        select(PublishedProcedure)
        .where(PublishedProcedure.id == procedure.procedure, PublishedProcedure.version > 0)
        .order_by(col(PublishedProcedure.version).desc())
        .limit(1)
    ).first()
    if newest is not None and newest.digest == digest:
        return ProcedureRef(id=newest.id, version=newest.version)
    ref = ProcedureRef(id=procedure.procedure, version=newest.version + 1 if newest else 1)
    session.add(PublishedProcedure(id=ref.id, version=ref.version, definition=definition, digest=digest))
    session.flush()
    announce(session, ProcedurePublished(subject=ref.id, sequence=ref.version, procedure=ref, definition=definition))
    return ref
