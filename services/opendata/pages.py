"""The shop window's pages: what everybody may know."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request, Response

from services.opendata import statistics
from services.opendata.models import COUNTS
from shared.i18n import message, translate
from shared.web.callers import Transaction
from shared.web.pages import Pages, language_of, pages_router

COLUMNS = {
    "filed": message("Filed"),
    "arrived": message("Arrived"),
    "returned": message("Returned"),
    "approved": message("Approved"),
    "refused": message("Refused"),
    "accepted": message("Accepted"),
    "withdrawn": message("Withdrawn"),
}

_pages = Pages(Path(__file__).parent / "templates")
router = pages_router()


@router.get("/data")
def show_statistics(request: Request, session: Transaction) -> Response:
    language = language_of(request)
    rows = [
        {
            "title": row["title"].get(language) or row["title"]["ja"],
            "counts": [row[name] for name in COUNTS],
            "filed": row["filed"],
            "decided": row["approved"] + row["refused"] + row["accepted"],
        }
        for row in statistics.by_procedure(session)
    ]
    most = max((row["filed"] for row in rows), default=0)
    bars = [
        {
            "title": row["title"],
            "lines": [
                (kind, text, row[kind], f"{100 * row[kind] / most if most else 0:.2f}%")
                for kind, text in (("filed", message("Filed")), ("decided", message("Decided")))
            ],
        }
        for row in rows
    ]
    return _pages.show(
        request, "statistics.html", rows=rows, bars=bars, headings=[translate(COLUMNS[name], language) for name in COUNTS]
    )
