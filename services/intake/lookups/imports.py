"""Taking in the files that lookups come from: each whole or not at all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import orjson
from sqlalchemy import delete, text
from sqlmodel import Session

from services.intake.lookups.files import Corporation, Place, Unfit, batches, corporations, places
from services.intake.models import Municipality
from services.intake.models import Place as KnownPlace
from shared.database import insert_many

AT_ONCE = 5000

_CORPORATIONS = text("""
insert into intake.corporation (number, name, prefecture, address, postal_code, closed_on, updated_on)
select number, name, prefecture, address, postal_code, closed_on, updated_on
from json_to_recordset(cast(:rows as json)) as r
  (number text, name text, prefecture text, address text, postal_code text, closed_on date, updated_on date)
on conflict (number) do update set name = excluded.name, prefecture = excluded.prefecture, address = excluded.address,
  postal_code = excluded.postal_code, closed_on = excluded.closed_on, updated_on = excluded.updated_on
where corporation.updated_on <= excluded.updated_on
""")
_FORGET = text("delete from intake.corporation where number = any(:numbers)")


def import_places(session: Session, path: Path) -> int:
    """Replace all places and municipalities by those of a file of 日本郵便. Returns how many places. Raises Unfit."""
    session.execute(delete(KnownPlace))
    session.execute(delete(Municipality))
    known: set[str] = set()
    count = 0
    for batch in batches(places(path), AT_ONCE):
        new = {one.municipality: _municipality(one) for one in batch if one.municipality not in known}
        known |= new.keys()
        insert_many(session, Municipality, list(new.values()))
        rows = [{"postal_code": one.postal_code, "municipality": one.municipality, "town": one.town} for one in batch]
        count += len(insert_many(session, KnownPlace, rows, returning=("postal_code",)))
    if not count:
        raise Unfit(f"{path.name}: there is nothing in it")
    return count


def _municipality(place: Place) -> dict[str, str]:
    return {"code": place.municipality, "prefecture": place.municipality[:2], "name": place.city, "kana": place.city_kana}


def import_corporations(session: Session, path: Path) -> int:
    """Take in corporations of a file of the 国税庁, all or a day's differences. Older news never replaces newer. Raises Unfit."""
    count = 0
    for batch in batches(corporations(path), AT_ONCE):
        newest: dict[str, Corporation] = {}
        for one in batch:
            if one.number not in newest or newest[one.number].updated_on <= one.updated_on:
                newest[one.number] = one
        rows = [asdict(one) for one in newest.values() if one.name]
        session.execute(_CORPORATIONS, {"rows": orjson.dumps(rows).decode()})
        session.execute(_FORGET, {"numbers": [one.number for one in newest.values() if not one.name]})
        count += len(newest)
    return count


def counts(session: Session) -> dict[str, int]:
    """How many rows each lookup has."""
    tables = ("place", "municipality", "corporation")
    return {name: session.scalar(text(f"select count(*) from intake.{name}")) or 0 for name in tables}  # noqa: S608 - names from above


__all__ = ["Unfit", "counts", "import_corporations", "import_places"]
