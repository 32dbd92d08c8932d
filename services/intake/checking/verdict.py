"""What is to be said of answers: first the form's schema, then the procedure's rules. The same before filing and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.intake.catalogue.procedures import Published
from shared.events import Mend
from shared.i18n import translate
from shared.procedure.fitting import schema_errors
from shared.procedure.rules import findings


@dataclass(frozen=True)
class Verdict:
    """What has to be mended, and what only deserves a second look. Pointers go into the answers."""

    errors: list[Mend] = field(default_factory=list)
    warnings: list[Mend] = field(default_factory=list)


def judged(published: Published, answers: dict[str, Any], *, today: date) -> Verdict:
    """Answers as the procedure sees them on a day. Rules are asked only of answers that fit the form."""
    if not published.validator.is_valid(answers):
        return Verdict(
            errors=[
                Mend(pointer=e.pointer, ja=translate(e.detail, "ja", **e.values), en=translate(e.detail, "en", **e.values))
                for e in schema_errors(published.validator, answers)
            ]
        )
    found = findings(published.procedure, answers, today=today)
    said = [(one.level, Mend(pointer=one.pointer, ja=one.says.within("ja"), en=one.says.within("en"))) for one in found]
    return Verdict(
        errors=[mend for level, mend in said if level == "error"],
        warnings=[mend for level, mend in said if level == "warning"],
    )
