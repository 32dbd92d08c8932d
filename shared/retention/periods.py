"""When a time is over: days from the day on, or years as the law counts them, from April 1st after the fiscal year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from shared.i18n import JST
from shared.procedure.retention import Ending, Retention, Term

_APRIL = 4


def cutoff(term: Term, now: datetime) -> datetime:
    """What ended before this moment is over its time by `now`.

    Years are counted from April 1st of the fiscal year after the one in which it ended (公文書管理法施行令8条4項): what ended on
    2026-05-10 and is kept for five years is over its time on 2032-04-01, and so is what ended on 2027-03-31, in Japan's time.
    """
    if term.days is not None:
        return now - timedelta(days=term.days)
    today = now.astimezone(JST)
    fiscal_year = today.year - (today.month < _APRIL)
    return datetime(fiscal_year - (term.years or 0), _APRIL, 1, tzinfo=JST)


@dataclass(frozen=True)
class Rule:
    """A procedure's retention: what ended, or was changed last, before these moments is over its time."""

    procedure: str
    drafts: datetime
    returned: datetime
    withdrawn: datetime
    decided: datetime
    attachments: datetime
    mails: datetime
    ending: Ending


# A procedure's key → its rule.
Rules = Mapping[str, Rule]


def rules(definitions: Iterable[tuple[str, Mapping[str, Any]]], now: datetime) -> Rules:
    """The rules of procedures, each with the section `retention` of its newest version, as of `now`."""
    return {procedure: _rule(procedure, Retention.model_validate(said or {}), now) for procedure, said in definitions}


def _rule(procedure: str, kept: Retention, now: datetime) -> Rule:
    return Rule(
        procedure=procedure,
        drafts=cutoff(kept.drafts, now),
        returned=cutoff(kept.returned, now),
        withdrawn=cutoff(kept.withdrawn, now),
        decided=cutoff(kept.decided, now),
        attachments=cutoff(kept.of_attachments, now),
        mails=cutoff(kept.mails, now),
        ending=kept.then,
    )


# What a query about what is due begins with: the rules, one row a procedure.
WITH_RULES = """with rule as (
  select * from json_to_recordset(cast(:rules as json)) as r(procedure text, drafts timestamptz, returned timestamptz,
    withdrawn timestamptz, decided timestamptz, attachments timestamptz, mails timestamptz, ending text))
"""


def as_parameter(found: Rules) -> str:
    """The rules as the parameter `rules` of such a query."""
    return orjson.dumps([*found.values()]).decode()
