"""The types of fields, one entry each: its shape in JSON, how rules see it, what can be wrong with it, how it is written.

A new type is an entry here and its name in model.SimpleType.
"""

from __future__ import annotations

from shared.procedure.fields import SimpleType
from shared.procedure.kinds import choices, dates, files, numbers, people, places, texts
from shared.procedure.kinds.kind import Kind

KINDS: dict[SimpleType, Kind] = {
    **texts.KINDS,
    **numbers.KINDS,
    **dates.KINDS,
    **choices.KINDS,
    **places.KINDS,
    **people.KINDS,
    **files.KINDS,
}

__all__ = ["KINDS", "Kind"]
