"""All events there are, and who hears of each. To read SUBSCRIBERS is to read the system."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events import applications, cases, corrections, documents, identity, messages, notes, operation, opinions
from shared.events.envelope import Event

MODULES = (applications, cases, corrections, messages, documents, opinions, notes, identity, operation)
# By their types: every class there that has one of its own.
EVENTS: dict[str, type[Event]] = {
    event.type: event
    for module in MODULES
    for event in vars(module).values()
    if isinstance(event, type) and issubclass(event, Event) and "type" in vars(event)
}


@dataclass(frozen=True)
class Subscriber:
    """A handler of a service, `<service>.<handler>`. `ordered`: an application's events come one after the other."""

    name: str
    ordered: bool = True

    @property
    def service(self) -> str:
        """The service whose worker runs the handler."""
        return self.name.partition(".")[0]


def _hears(*names: str, ordered: bool = True) -> list[Subscriber]:
    return [Subscriber(name, ordered) for name in names]


SUBSCRIBERS: dict[str, list[Subscriber]] = {
    "procedure.published.v1": _hears("review.keep_procedure", "notify.keep_procedure", "opendata.keep_procedure"),
    "application.filed.v1": [*_hears("intake.check_format"), *_hears("opendata.count", ordered=False)],
    "application.arrived.v1": [*_hears("review.open_case", "notify.tell"), *_hears("opendata.count", ordered=False)],
    "application.returned.v1": [*_hears("notify.tell"), *_hears("opendata.count", ordered=False)],
    # the same subscriber as the arrival, so that a withdrawal never overtakes it
    "withdrawal.asked.v1": _hears("review.open_case"),
    "application.withdrawn.v1": [*_hears("notify.tell"), *_hears("opendata.count", ordered=False)],
    "case.opened.v1": _hears("intake.follow_case", "notify.tell"),
    "case.rescheduled.v1": _hears("intake.follow_case"),
    "case.due-soon.v1": _hears("notify.tell"),
    "case.overdue.v1": _hears("notify.tell"),
    "case.decided.v1": [*_hears("intake.follow_case", "notify.tell"), *_hears("opendata.count", ordered=False)],
    "case.withdrawn.v1": _hears("intake.follow_case", "notify.tell"),
    "case.assigned.v1": _hears("notify.tell"),
    "case.awaiting.v1": _hears("notify.tell"),
    "correction.requested.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.extended.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.reminded.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.expired.v1": _hears("intake.follow_case", "notify.tell"),
    "correction.closed.v1": _hears("intake.follow_case", "notify.tell"),
    # the same subscriber as the withdrawal, so that neither overtakes the other
    "application.corrected.v1": _hears("review.open_case", "notify.tell"),
    "case.corrected.v1": _hears("notify.tell"),
    "case.edited.v1": _hears("intake.follow_case", "notify.tell"),
    "message.to-office.v1": _hears("review.open_case"),
    "message.to-applicant.v1": _hears("intake.follow_case", "notify.tell"),
    "message.taken.v1": _hears("notify.tell"),
    "message.read-by-office.v1": _hears("intake.follow_case"),
    "message.read-by-applicant.v1": _hears("review.open_case"),
    "document.issued.v1": _hears("intake.follow_case", "notify.tell"),
    "document.ended.v1": _hears("intake.follow_case", "notify.tell"),
    "document.reminded.v1": _hears("intake.follow_case", "notify.tell"),
    "document.unfetched.v1": _hears("notify.tell"),
    "document.sent-on-paper.v1": _hears("intake.follow_case"),
    "document.fetched.v1": _hears("review.open_case"),
    "opinion.asked.v1": _hears("notify.tell"),
    "opinion.reminded.v1": _hears("notify.tell"),
    "opinion.withdrawn.v1": _hears("notify.tell"),
    "opinion.answered.v1": _hears("notify.tell"),
    "opinion.expired.v1": _hears("notify.tell"),
    "note.mentioned.v1": _hears("notify.tell"),
    "sign-in.requested.v1": _hears("notify.tell", ordered=False),
    "registration.requested.v1": _hears("notify.tell", ordered=False),
    "invitation.sent.v1": _hears("notify.tell", ordered=False),
    "mandate.offered.v1": _hears("notify.tell", ordered=False),
    "canary.sent.v1": _hears(
        "intake.hear_canary", "review.hear_canary", "notify.hear_canary", "opendata.hear_canary", ordered=False
    ),
}
