"""The overview of the post as a page, and stopping a channel from it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from services.notify.messages import acts, channels
from services.notify.messages.finding import id_at
from services.notify.messages.states import CHANNELS, STATES
from services.notify.models import Channel
from services.notify.operating.overview import figures
from services.notify.operating.overview.alarms import alarms
from services.notify.operating.overview.figures import DAYS, HOURS, Fates
from services.notify.operating.pages import ACTS
from shared.i18n import JST, Language, message, show_age, translate
from shared.operation.acts import REASON_LIMIT, Operator
from shared.web.callers import Transaction
from shared.web.charts import Bar, Chart, number
from shared.web.pages import Pages, language_of, pages_router
from shared.web.visitors import OperatorPerson

MOST_BARS = 40
LAST_ACTS = 20
_SERIES = (message("Sent"), message("Failed or came back"), message("Unknown whether sent"), message("Waiting"))
_pages = Pages(Path(__file__).parents[2] / "templates")
router = pages_router()


@router.get("/notify/operating")
def overview(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language, now = language_of(request), datetime.now(UTC)
    found = channels.standings(session)
    templates = figures.by_template(session, now)
    day = channels.counts(session, id_at(now - figures.A_DAY))
    return _pages.show(
        request,
        "operating.html",
        alarms=alarms(found, templates),
        standings=found,
        speeds=figures.speeds(session, now),
        channels=CHANNELS,
        headings=[translate(name, language) for name in CHANNELS.values()],
        states=[
            (state, meaning, [day[channel, state] for channel in CHANNELS])
            for state, meaning in STATES.items()
            if any(day[channel, state] for channel in CHANNELS)
        ],
        charts=[_hours(figures.by_hour(session, now), language), _templates(templates, language)],
        number=number,
        age=lambda seconds: show_age(seconds, language),
        acts=acts.newest(session, LAST_ACTS),
        act_names=ACTS,
        reason_limit=REASON_LIMIT,
        most=channels.MOST_COUNTED,
    )


@router.post("/notify/operating/channels/{channel}")
def stop_or_go(
    channel: Channel,
    session: Transaction,
    caller: OperatorPerson,
    *,
    action: Annotated[Literal["pause", "resume"], Form()],
    reason: Annotated[str, Form(max_length=4 * REASON_LIMIT)] = "",
) -> Response:
    (channels.pause if action == "pause" else channels.resume)(session, Operator.at_the_pages(caller), channel, reason)
    return RedirectResponse("/notify/operating#channels", 303, {"cache-control": "no-store"})


def _hours(found: list[tuple[datetime, Fates]], language: Language) -> Chart:
    bars = [Bar(f"{hour.astimezone(JST):%H:%M}", _values(of)) for hour, of in found]
    title = translate(message("Messages written in each of the last {hours} hours"), language, hours=HOURS)
    return _chart("hours", title, message("From"), bars, language)


def _templates(found: list[tuple[str, Fates]], language: Language) -> Chart:
    says = translate(message("{rate} %"), language, rate="{rate}")
    bars = [Bar(template, _values(of), says.format(rate=f"{of.rate:.1f}")) for template, of in found[:MOST_BARS]]
    title = translate(
        message("Templates in the last {days} days, and how much of each was refused or came back"), language, days=DAYS
    )
    return _chart("templates", title, message("Template"), bars, language)


def _chart(key: str, title: str, heading: str, bars: list[Bar], language: Language) -> Chart:
    return Chart(key, title, translate(heading, language), tuple(translate(name, language) for name in _SERIES), bars)


def _values(of: Fates) -> tuple[int, int, int, int]:
    return of.arrived, of.refused, of.unknown, of.waiting
