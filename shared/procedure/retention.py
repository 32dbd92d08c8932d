"""What a procedure's file says of how long things are kept (保存期間, 公文書管理法5条1項), and what becomes of them then."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from shared.procedure.amiss import Amiss
from shared.procedure.fields import Written

# A year may be as short as this many days, for comparing.
_YEAR = 365
MOST_YEARS = 30  # the longest that the Order's table has (公文書管理法施行令別表)
Ending = Literal["anonymise", "delete"]


class Term(Written):
    """How long something is kept: days from the day on, or years as the law counts them.

    Years begin on April 1st after the fiscal year of the day that is counted from (公文書管理法施行令8条4項).
    """

    days: int | None = Field(default=None, ge=1, le=MOST_YEARS * _YEAR)
    years: int | None = Field(default=None, ge=1, le=MOST_YEARS)

    @model_validator(mode="after")
    def _one(self) -> Term:
        if (self.days is None) == (self.years is None):
            raise Amiss("write `90 days` or `5 years`")
        return self

    @property
    def at_least(self) -> int:
        """The days that this is at the least."""
        return self.days if self.days is not None else (self.years or 0) * _YEAR

    def __str__(self) -> str:
        """As it is written."""
        number, unit = (self.days, "day") if self.days is not None else (self.years, "year")
        return f"{number} {unit}{'' if number == 1 else 's'}"


def _as_term(value: Any) -> Any:
    found = re.fullmatch(r"(\d{1,5}) (day|year)s?", value) if isinstance(value, str) else None
    if isinstance(value, str) and not found:
        raise Amiss("write `90 days` or `5 years`")
    return {f"{found[2]}s": int(found[1])} if found else value


Kept = Annotated[Term, BeforeValidator(_as_term)]
# A draft's files are kept with it, and a little longer (services.intake.files.enclosures).
MOST_DRAFT_DAYS = 365


class Retention(Written):
    """How long what belongs to the procedure is kept. The newest published version says it for all cases (docs/adr/0026)."""

    drafts: Kept = Field(default=Term(days=90), description="after the last change; in days, a year at most")
    returned: Kept = Field(default=Term(days=180), description="applications that the format check returned")
    withdrawn: Kept = Field(default=Term(years=1), description="applications that were withdrawn")
    decided: Kept = Field(
        default=Term(years=5),
        description="applications after the decision; where that is in force for longer, add the time it may be",
    )
    attachments: Kept | None = Field(default=None, description="files of decided applications; as long as these, if not shorter")
    mails: Kept = Field(default=Term(days=180), description="what the post sent about it, from the sending on")
    then: Ending = Field(
        default="anonymise",
        description="`anonymise` leaves procedure, dates, office and decision, for statistics; `delete` leaves nothing",
    )

    @model_validator(mode="after")
    def _fit(self) -> Retention:
        if self.drafts.days is None or self.drafts.days > MOST_DRAFT_DAYS:
            raise Amiss("drafts are kept for a number of days, {most} at most", most=MOST_DRAFT_DAYS)
        if self.attachments is not None and self.attachments.at_least > self.decided.at_least:
            raise Amiss("attachments cannot be kept for longer than the application they belong to")
        for name in ("returned", "withdrawn", "decided"):
            if self.mails.at_least > getattr(self, name).at_least:
                raise Amiss("mails would outlive {name} applications; keep them no longer", name=name)
        return self

    @property
    def of_attachments(self) -> Term:
        """How long files of decided applications are kept."""
        return self.attachments or self.decided
