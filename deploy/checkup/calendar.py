"""Which calendar counts the days."""

from __future__ import annotations

from deploy.checkup.findings import Finding

# Of Japan: 16 since 2016.
HOLIDAYS_A_YEAR = 16


def look(year: int) -> Finding:
    """Whether the calendar knows the holidays of the year after `year`: terms are counted by them."""
    from shared.workdays import CALENDAR, holidays_of

    if len(holidays_of(year + 1)) < HOLIDAYS_A_YEAR:
        return Finding(
            f"{CALENDAR} does not know the holidays of {year + 1}",
            "Install a release of Madoguchi with a newer one: terms are counted wrongly otherwise.",
        )
    return Finding(f"{CALENDAR} knows the holidays of {year + 1}")
