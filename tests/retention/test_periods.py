"""When a time is over: years as the law counts them, and the rules of procedures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from shared.i18n import JST
from shared.procedure.retention import Retention, Term
from shared.retention.periods import cutoff


@pytest.mark.parametrize(
    ("ended", "years", "over"),
    [
        (date(2026, 4, 1), 5, date(2032, 4, 1)),
        (date(2026, 11, 26), 5, date(2032, 4, 1)),
        (date(2027, 3, 31), 5, date(2032, 4, 1)),
        (date(2027, 4, 1), 5, date(2033, 4, 1)),
        (date(2027, 12, 31), 1, date(2029, 4, 1)),
    ],
)
def test_years_begin_on_april_first_after_the_fiscal_year(ended: date, years: int, over: date) -> None:
    at = datetime(ended.year, ended.month, ended.day, 23, 59, tzinfo=JST)
    midnight = datetime(over.year, over.month, over.day, tzinfo=JST)
    assert not at < cutoff(Term(years=years), midnight - timedelta(seconds=1))
    assert at < cutoff(Term(years=years), midnight.astimezone(UTC))


def test_days_are_counted_from_the_day_on() -> None:
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert cutoff(Term(days=90), now) == datetime(2026, 8, 28, 12, tzinfo=UTC)


def test_what_is_written_short_is_read_and_the_rest_has_defaults() -> None:
    kept = Retention.model_validate({"drafts": "60 days", "decided": "1 year", "then": "delete"})
    assert (kept.drafts, kept.decided, kept.of_attachments) == (Term(days=60), Term(years=1), Term(years=1))
    assert (str(kept.decided), str(kept.mails)) == ("1 year", "180 days")
    assert Retention.model_validate(kept.model_dump(mode="json", by_alias=True, exclude_defaults=True)) == kept


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"drafts": "1 year"}, "drafts are kept for a number of days"),
        ({"drafts": "400 days"}, "drafts are kept for a number of days"),
        ({"decided": "3 years", "attachments": "5 years"}, "attachments cannot be kept for longer"),
        ({"returned": "30 days"}, "mails would outlive returned applications"),
        ({"decided": "soon"}, "decided"),
        ({"decided": "31 years"}, "decided"),
        ({"then": "forget"}, "then"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Retention.model_validate(wrong)
