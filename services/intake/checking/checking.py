"""The format check: an application arrives, or is returned with every item to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.intake.applications.applications import Move, locked, move, note
from services.intake.catalogue.procedures import Catalogue, Published
from services.intake.checking.duplicates import TOLD, Twin, Twins, said
from services.intake.checking.verdict import judged
from services.intake.files.enclosures import known, mends, waiting_for
from services.intake.models import Application, Attachment
from shared.bus.publish import publish
from shared.events import (
    Applicant,
    ApplicationArrived,
    ApplicationFiled,
    ApplicationReturned,
    Contact,
    Event,
    Mend,
    Parties,
    ProcedureRef,
)
from shared.i18n import JST
from shared.procedure.rules import computed

_ARRIVALS = text("select nextval('intake.arrival_number_seq') from generate_series(1, :count)")

_catalogue = Catalogue()


def check_format(session: Session, events: list[ApplicationFiled], *, scanning: bool = False) -> None:
    """Check filed applications: schema again, rules as of the day of filing, duplicates, the attached files.

    Withdrawn ones stay so. Where files are scanned, an application whose files wait for it stays filed: see `check_scanned`.
    """
    applications = locked(session, [event.subject for event in events], whole=True)
    traces = {event.subject: event.traceparent for event in events}
    _check(session, [applications[event.subject] for event in events], traces, scanning=scanning)


def check_scanned(session: Session, attachment_id: UUID) -> None:
    """Check the applications that waited for the scan of a file, unless they wait for another one."""
    applications = locked(session, waiting_for(session, attachment_id), whole=True)
    _check(session, list(applications.values()), {}, scanning=True)


def _check(session: Session, applications: Sequence[Application], traces: Mapping[str, str | None], *, scanning: bool) -> None:
    every = [(one, _published(session, one)) for one in applications if one.state == "filed"]
    files = known(session, [named for one, published in every for named in _named(one, published)])
    checked = [(one, published) for one, published in every if not (scanning and _waits(_named(one, published), files))]
    twins = Twins(session, checked)
    arrivals = session.scalars(_ARRIVALS, {"count": len(checked)})
    now = datetime.now(UTC)
    told: list[Event] = []
    moves: list[Move] = []
    for application, published in checked:
        filed_on = application.filed_at.astimezone(JST).date()
        duplicates = twins.of(application)
        found = judged(published, application.answers, today=filed_on).errors + _refused(published, application, duplicates)
        found += mends(files, application.organisation_id, published.procedure, application.answers)
        trace = traces.get(str(application.id))
        if found:
            moves.append(move(application, "returned", now, mends=[mend.model_dump() for mend in found]))
            told.append(_returned(application, moves[-1], trace, found))
        else:
            number = f"A{now.astimezone(JST):%Y%m%d}-{next(arrivals):07}"
            moves.append(move(application, "arrived", now, arrival_number=number))
            answers = computed(published.procedure, application.answers, today=filed_on)
            told.append(_arrived(application, moves[-1], trace, answers, duplicates))
            twins.remember(application)
    twins.write(session)
    note(session, moves)
    publish(session, *told)


def _named(application: Application, published: Published) -> list[dict[str, Any]]:
    return [named for _, named in published.attached(application.answers)]


def _waits(named: Sequence[Mapping[str, Any]], files: Mapping[str, Attachment]) -> bool:
    return any((file := files.get(str(one.get("id")))) is not None and file.state == "waiting" for one in named)


def _ref(application: Application) -> ProcedureRef:
    return ProcedureRef(id=application.procedure_id, version=application.procedure_version)


def _published(session: Session, application: Application) -> Published:
    return _catalogue.version(session, _ref(application))


def _refused(published: Published, application: Application, duplicates: list[Twin]) -> list[Mend]:
    """The applicant's own duplicates that the procedure refuses. Of others' he is told nothing."""
    if published.procedure.duplicates is None or not published.procedure.duplicates.refuse:
        return []
    own = [twin.duplicate for twin in duplicates if twin.organisation_id == application.organisation_id]
    return [mend for level, mend in said(published, own[:TOLD]) if level == "error"]


def _returned(application: Application, step: Move, trace: str | None, found: list[Mend]) -> Event:
    return ApplicationReturned(
        subject=str(application.id),
        sequence=step.version,
        traceparent=trace,
        receipt_number=application.receipt_number,
        procedure=_ref(application),
        contact=Contact(**application.contact),
        mends=found,
        parties=Parties(organisation_id=application.organisation_id, agent_id=application.agent_id),
    )


def _arrived(application: Application, step: Move, trace: str | None, answers: dict[str, Any], duplicates: list[Twin]) -> Event:
    return ApplicationArrived(
        subject=str(application.id),
        sequence=step.version,
        traceparent=trace,
        receipt_number=application.receipt_number,
        arrival_number=step.arrival_number or "",
        arrived_at=step.at,
        procedure=_ref(application),
        applicant=Applicant(**application.applicant),
        contact=Contact(**application.contact),
        answers=answers,
        duplicates=[twin.duplicate for twin in duplicates[:TOLD]],
    )
