"""The console's first pages: is all well, and if not, what is to be done; and how each part is."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request, Response

from deploy.console import queues
from deploy.console.frame import pages
from deploy.signs.every import everything
from deploy.signs.sign import GROUPS, Sign, said
from shared.i18n import Language, translate
from shared.web.callers import Transaction
from shared.web.charts import number
from shared.web.pages import language_of, pages_router
from shared.web.visitors import OperatorPerson

router = pages_router()


@router.get("/console")
def overview(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language = language_of(request)
    pulse = queues.pulse(session, language)
    found = _signs(request, session)
    wrong = sorted((one for one in found if one.kind != "good"), key=lambda one: one.kind != "bad")
    return pages.show(
        request,
        "overview.html",
        wrong=_shown(wrong, language),
        red=sum(one.kind == "bad" for one in wrong),
        groups=[(translate(title, language), _worst(found, group)) for group, title in GROUPS.items()],
        pulse=pulse,
        number=number,
    )


@router.get("/console/health")
def health(request: Request, session: Transaction, _caller: OperatorPerson) -> Response:
    language = language_of(request)
    found = _signs(request, session)
    groups = [
        (group, translate(title, language), _shown([one for one in found if one.group == group], language))
        for group, title in GROUPS.items()
    ]
    return pages.show(request, "health.html", groups=[one for one in groups if one[2]])


def _signs(request: Request, session: Transaction) -> list[Sign]:
    settings = request.app.state.settings
    return everything(session, settings.broker_url, settings.health_addresses)


def _shown(signs: Sequence[Sign], language: Language) -> list[tuple[Sign, str]]:
    return [(one, said(one, language)) for one in signs]


def _worst(signs: Sequence[Sign], group: str) -> tuple[str, int]:
    """The worst kind among the signs of a group, and how many there are of it."""
    kinds = [one.kind for one in signs if one.group == group]
    worst = next((kind for kind in ("bad", "mend", "good") if kind in kinds), "good")
    return worst, kinds.count(worst)  # type: ignore[arg-type] # the kinds of Sign
