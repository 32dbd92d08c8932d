"""The format check: an application arrives, or is returned with every item to mend."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from services.intake.applications import Move, locked, move, note
from services.intake.duplicates import TOLD, Twin, Twins, said
from services.intake.models import Application
from services.intake.procedures import Catalogue, Published
from services.intake.verdict import judged
from shared.bus.publish import publish
from shared.events import (
    Applicant,
    ApplicationArrived,
    ApplicationFiled,
    ApplicationReturned,
    Contact,
    Event,
    Mend,
    ProcedureRef,
)
from shared.i18n import JST
from shared.procedure.rules import computed

_ARRIVALS = text("select nextval('intake.arrival_number_seq') from generate_series(1, :count)")

_catalogue = Catalogue()


def check_format(session: Session, events: list[ApplicationFiled]) -> None:
    """Check filed applications: schema again, rules as of the day of filing, duplicates. Withdrawn ones stay so."""
    applications = locked(session, [event.subject for event in events], whole=True)
    checked = [applications[event.subject] for event in events if applications[event.subject].state != "withdrawn"]
    twins = Twins(session, [(application, _published(session, application)) for application in checked])
    arrivals = session.scalars(_ARRIVALS, {"count": len(events)})
    now = datetime.now(UTC)
    told: list[Event] = []
    moves: list[Move] = []
    for event in events:
        application = applications[event.subject]
        if application.state == "withdrawn":
            continue
        filed_on = application.filed_at.astimezone(JST).date()
        published = _published(session, application)
        duplicates = twins.of(application)
        mends = judged(published, application.answers, today=filed_on).errors + _refused(published, application, duplicates)
        if mends:
            moves.append(move(application, "returned", now, mends=[mend.model_dump() for mend in mends]))
            told.append(_returned(application, moves[-1], event, mends))
        else:
            number = f"A{now.astimezone(JST):%Y%m%d}-{next(arrivals):07}"
            moves.append(move(application, "arrived", now, arrival_number=number))
            answers = computed(published.procedure, application.answers, today=filed_on)
            told.append(_arrived(application, moves[-1], event, number, answers, duplicates))
            twins.remember(application)
    twins.write(session)
    note(session, moves)
    publish(session, *told)


def _published(session: Session, application: Application) -> Published:
    return _catalogue.version(session, ProcedureRef(id=application.procedure_id, version=application.procedure_version))


def _refused(published: Published, application: Application, duplicates: list[Twin]) -> list[Mend]:
    """The applicant's own duplicates that the procedure refuses. Of others' he is told nothing."""
    own = [twin.duplicate for twin in duplicates if twin.organisation_id == application.organisation_id]
    return [mend for level, mend in said(published, own[:TOLD]) if level == "error"]


def _returned(application: Application, step: Move, event: ApplicationFiled, mends: list[Mend]) -> Event:
    return ApplicationReturned(
        subject=event.subject,
        sequence=step.version,
        traceparent=event.traceparent,
        receipt_number=application.receipt_number,
        procedure=event.procedure,
        contact=Contact(**application.contact),
        mends=mends,
    )


def _arrived(  # noqa: PLR0917 - what an arrival is made of
    application: Application, step: Move, event: ApplicationFiled, number: str, answers: dict[str, Any], duplicates: list[Twin]
) -> Event:
    return ApplicationArrived(
        subject=event.subject,
        sequence=step.version,
        traceparent=event.traceparent,
        receipt_number=application.receipt_number,
        arrival_number=number,
        arrived_at=step.at,
        procedure=event.procedure,
        applicant=Applicant(**application.applicant),
        contact=Contact(**application.contact),
        answers=answers,
        duplicates=[twin.duplicate for twin in duplicates[:TOLD]],
    )
