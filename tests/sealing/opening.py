"""Opening what a query found, wherever in the database it lies."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, MetaData

from shared.sealing.columns import Sealed, open_document, open_text
from shared.sealing.ring import SealingError


def schemas() -> list[MetaData]:
    """The tables of every schema, as the models have them."""
    from services.intake.models import IntakeRecord
    from services.notify.models import NotifyRecord
    from services.opendata.models import OpendataRecord
    from services.review.models import ReviewRecord
    from shared.bus.tables import BusRecord
    from shared.identity.tables import IdentityRecord

    return [one.metadata for one in (IntakeRecord, ReviewRecord, NotifyRecord, OpendataRecord, BusRecord, IdentityRecord)]


@cache
def sealed() -> dict[str, Column[Any]]:
    """The columns that are sealed, by the place they are sealed for; of several, the one that has its name."""
    columns = (column for schema in schemas() for table in schema.tables.values() for column in table.columns)
    found = sorted((column for column in columns if isinstance(column.type, Sealed)), key=_has_its_name)
    return {_place(column): column for column in found}


def _place(column: Column[Any]) -> str:
    assert isinstance(column.type, Sealed)
    return column.type.place


def _has_its_name(column: Column[Any]) -> bool:
    return _place(column) == f"{column.table}.{column.name}"


def opened(value: Any) -> Any:
    """A value of some column; what is not sealed is left as it is."""
    if not isinstance(value, (dict, str)):
        return value
    for place in sealed():
        try:
            return open_text(place, value) if isinstance(value, str) else open_document(place, value)
        except SealingError:
            continue
    return value
