"""What a document says: all that its template gets, as texts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import segno

from services.review.documents.signs import shown
from services.review.models import Case
from shared.i18n import JST
from shared.japanese import wareki
from shared.procedure.filling import filled
from shared.procedure.model import Procedure
from shared.procedure.papers import DocumentRule
from shared.procedure.reading import entries
from shared.procedure.reviewing import Criterion
from shared.procedure.rules import computed

NOT_YET = "—"  # the number of a document that is not issued
# What is refused, in whole or for the rest, can be appealed against (行政不服審査法82条).
ADVERSE = frozenset({"refuse", "approve-in-part"})


@dataclass(frozen=True)
class Ruling:
    """A decision, as far as a document repeats it. `amount` is in yen."""

    decision: str
    reasons: str = ""
    amount: int | None = None
    conditions: str = ""
    criteria: Sequence[str] = ()

    @classmethod
    def of(cls, case: Case) -> Ruling:
        """How a case was decided."""
        return cls(case.decision or "", case.reasons, case.amount, listed(case.conditions), case.criteria)


def listed(conditions: Sequence[str]) -> str:
    """Conditions as a document has them: numbered where there are several."""
    if len(conditions) == 1:
        return conditions[0]
    return "\n".join(f"{number}　{one}" for number, one in enumerate(conditions, start=1))


def said(case: Case, procedure: Procedure, rule: DocumentRule, ruling: Ruling, text: str) -> dict[str, Any]:
    """What a document says that a decision makes; `text` are the official's own remarks. Raises RuleError."""
    arrived = case.arrived_at.astimezone(JST).date()
    answers = computed(procedure, case.answers, today=arrived)
    return _common(case, procedure) | {
        "title": rule.title.ja,
        "issuer": rule.issuer.ja if rule.issuer else procedure.office(case.group).title.ja,
        "decision": ruling.decision,
        "reasons": ruling.reasons,
        "appeal": procedure.review.appeal.ja if procedure.review.appeal and ruling.decision in ADVERSE else "",
        "amount": "" if ruling.amount is None else f"{ruling.amount:,}円",
        "conditions": ruling.conditions,
        "criteria": [_criterion(one) for one in procedure.review.criteria() if one.key in ruling.criteria],
        "text": text,
        "facts": [asdict(entry) for entry in entries(procedure, answers, rule.facts, "ja")],
        "filled": filled(procedure, rule, answers, today=arrived),
        "seal": "omitted" if rule.seal else "",
    }


def _criterion(criterion: Criterion) -> dict[str, str]:
    return {"title": criterion.title.ja, "law": criterion.law.ja if criterion.law else ""}


def letter(case: Case, procedure: Procedure, title: str, text: str) -> dict[str, Any]:
    """What a document says that an official wrote himself."""
    said = _common(case, procedure)
    return said | {"title": title, "text": text, "issuer": said["office"]}


def _common(case: Case, procedure: Procedure) -> dict[str, Any]:
    empty = dict.fromkeys(("decision", "reasons", "appeal", "amount", "conditions", "text", "seal"), "")
    return empty | {
        "addressee": case.applicant["name"],
        "office": procedure.office(case.group).title.ja,
        "group": case.group,
        "procedure": procedure.title.ja,
        "law": procedure.law.ja,
        "arrival_number": case.arrival_number,
        "arrived": wareki(case.arrived_at.astimezone(JST).date()),
        "criteria": [],
        "facts": [],
        "filled": {},
    }


def complete(
    said: dict[str, Any],
    *,
    number: str,
    at: datetime,
    seal: tuple[str, bytes] | None = None,
    replaces: tuple[str, datetime] | None = None,
    code: str = "",
    base_url: str = "",
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A document with its number and day, and the images beside it. Without `code` it is a specimen (見本)."""
    day = at.astimezone(JST).date()
    url = f"{base_url}/verify/{code}" if code else ""
    images = {}
    if code:
        images["qr.svg"] = _qr(url)
    name = said["seal"]
    if name and seal is not None:
        name, images[seal[0]] = seal
    doc = said | {
        "number": number,
        "date": wareki(day),
        "day": [day.year, day.month, day.day],
        "replaces": {"number": replaces[0], "date": wareki(replaces[1].astimezone(JST).date())} if replaces else None,
        "preview": not code,
        "seal": name,
        "code": code,
        "url": url,
        "qr": "qr.svg" if code else "",
    }
    found: dict[str, Any] = _writable(doc)
    return found, images


def _qr(url: str) -> bytes:
    made = io.BytesIO()
    segno.make(url, error="m", micro=False).save(made, kind="svg", border=2, xmldecl=False)
    return made.getvalue()


def _writable(value: Any) -> Any:
    """With signs only that can be shown."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return [_writable(one) for one in value]
    if isinstance(value, dict):
        return {name: _writable(one) for name, one in value.items()}
    return value
