"""Changing keys: an errand of each service walks its sealed tables and seals anew what is plain, or sealed with a former key.
What is found by a hash gets it anew where that was made with another MADOGUCHI_SECRET_KEY.

It goes in pieces of so many rows, each with its report in one transaction: a piece is done or it is not, and who is killed goes
on where the report says. Rows that somebody is changing are left to the next walk, and so are those whose key is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Engine, Table, TextClause, cast, func, literal, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from shared.operation import runs
from shared.operation.tables import Run
from shared.sealing.blind import MARK, present_mark
from shared.sealing.columns import Sealed, key_of
from shared.sealing.ring import SealingError, ring

PIECE = 500
EVERY = 30.0
# Walks over all tables in one run: what was locked the first time is not the last.
WALKS = 3
# What is not sealed stands under this name in reports.
PLAIN = "plain"
# Events that wait for a service for longer than they should; what is older waits for something else.
_BUSY = text("""
select exists (select from bus.delivery where service = :service and state = 'waiting'
  and due between now() - interval '10 minutes' and now() - interval '5 seconds')
""")
_ALONE = text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
# Triggers that look after changed contents need not look after these (services/review/migrations).
_SAY = text("select set_config('madoguchi.resealing', 'on', true)")

Row = dict[str, Any]


@dataclass(frozen=True)
class Walked:
    """A table to walk. `beside`: the columns that go with a row's opened values; `change`: what writes where no update may.

    `hashed` are those of `beside` that are blind hashes: made with another MADOGUCHI_SECRET_KEY, they are made anew.
    """

    model: type[SQLModel]
    beside: Callable[[Row], Row] = field(default=lambda _: {})
    hashed: Sequence[str] = ()
    also: Sequence[str] = ()
    change: TextClause | None = None

    @property
    def table(self) -> Table:
        """The table itself."""
        found: Table = self.model.__table__  # type: ignore[attr-defined] # every table model has it
        return found

    @property
    def name(self) -> str:
        """schema.table."""
        return self.table.fullname

    @property
    def sealed(self) -> list[Column[Any]]:
        """Its sealed columns."""
        return [column for column in self.table.columns if isinstance(column.type, Sealed)]


def tables(record: type[SQLModel], *own: Walked) -> list[Walked]:
    """All tables of a service that have sealed columns; `own` are those of which there is more to say."""
    said = {one.name: one for one in own}
    models = [mapper.class_ for mapper in record._sa_registry.mappers]  # noqa: SLF001 - SQLModel shows it nowhere else
    found = [said.get(one.__table__.fullname) or Walked(one) for one in models if hasattr(one, "__table__")]
    return sorted((one for one in found if one.sealed), key=lambda one: one.name)


def reseal_some(engine: Engine, service: str, walked: Sequence[Walked]) -> bool:
    """Do a piece of the run, beginning one where the keys are others than the last run's; whether more waits."""
    kind, first = f"sealing.{service}", ring().first
    if not first:
        return False
    with Session(engine) as session:
        if not session.scalar(_ALONE, {"name": kind}):
            return False
        last = next(iter(runs.latest(session, kind)), None)
        begun = _begun(first)
        if last is not None and last.outcome != "running" and _same(last.report, begun):
            return False
        run = last if last is not None and last.outcome == "running" else Run(kind=kind)
        report = run.report if _same(run.report, begun) else begun
        session.execute(_SAY)
        run.report, more = _piece(session, walked, {**report})
        if not more:
            run.ended_at, run.outcome = datetime.now(UTC), "failed" if run.report["left"] else "done"
        session.add(run)
        session.commit()
    return more


def reseal_politely(engine: Engine, service: str, walked: Sequence[Walked]) -> bool:
    """A worker's errand: a piece; whether another may come to the end of its line at once. Not while events wait there, each of
    which would wait for a piece: then each waking does one.
    """
    more = reseal_some(engine, service, walked)
    with Session(engine) as session:
        return more and not session.scalar(_BUSY, {"service": service})


def ask(session: Session, service: str) -> None:
    """Have everything walked once more, such as when the last process with the former key has ended."""
    if not any(run.outcome == "running" for run in runs.latest(session, f"sealing.{service}")):
        session.add(Run(kind=f"sealing.{service}"))


def _begun(first: str) -> dict[str, Any]:
    """The report at first, with what it was done with: the first key, and the mark of the one that hashes are made with."""
    return {"key": first, "mark": present_mark().hex(), "walk": 1, "at": 0, "after": None, "sealed": 0, "left": 0, "rows": {}}


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one.get(name) == other[name] for name in ("key", "mark"))


def _piece(session: Session, walked: Sequence[Walked], report: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The report after a piece, and whether there is another one."""
    one = walked[report["at"]]
    page = _page(session, one, report["after"])
    if page:
        sealed, left = _reseal(session, one, page)
        counted = Counter(report["rows"].get(one.name, {})) + _counted(session, one, page)
        rows = {**report["rows"], one.name: dict(counted)}
        after = [str(value) for value in page[-1]]
        return {**report, "after": after, "sealed": report["sealed"] + sealed, "left": report["left"] + left, "rows": rows}, True
    if report["at"] + 1 < len(walked):
        return {**report, "at": report["at"] + 1, "after": None}, True
    if report["left"] and report["walk"] < WALKS:
        return {**_begun(report["key"]), "walk": report["walk"] + 1, "sealed": report["sealed"]}, True
    return report, False


def _key(one: Walked) -> list[Column[Any]]:
    return list(one.table.primary_key.columns)


def _page(session: Session, one: Walked, after: Sequence[str] | None) -> list[tuple[Any, ...]]:
    """The keys of the next rows, in their order."""
    key = _key(one)
    query = select(*key).order_by(*key).limit(PIECE)
    if after is not None:
        last = (cast(literal(value), column.type) for value, column in zip(after, key, strict=True))
        query = query.where(tuple_(*key) > tuple_(*last))
    return [tuple(row) for row in session.execute(query)]


def _within(one: Walked, page: Sequence[tuple[Any, ...]]) -> Any:
    return tuple_(*_key(one)).between(tuple_(*page[0]), tuple_(*page[-1]))


def _counted(session: Session, one: Walked, page: Sequence[tuple[Any, ...]]) -> Counter[str]:
    """Key id → how many values of these rows are sealed with it."""
    counted: Counter[str] = Counter()
    for column in one.sealed:
        keys = select(key_of(column).label("key")).where(_within(one, page)).subquery()
        found = session.execute(select(keys.c.key, func.count()).where(keys.c.key.is_not(None)).group_by(keys.c.key))
        counted.update({key or PLAIN: number for key, number in found})
    return counted


def _reseal(session: Session, one: Walked, page: Sequence[tuple[Any, ...]]) -> tuple[int, int]:
    """Seal anew what of these rows is not sealed with the first key: how many rows were, and how many could not be."""
    stale: list[Any] = [key_of(column) != ring().first for column in one.sealed]
    stale += [func.substring(one.table.columns[name], 1, MARK) != present_mark() for name in one.hashed]
    raw = [column.type.raw(column) for column in one.sealed]  # type: ignore[attr-defined] # Sealed's
    query = select(*_key(one), *raw, *(one.table.columns[name] for name in one.also)).where(_within(one, page))
    condition = stale[0]
    for further in stale[1:]:
        condition |= further
    done = left = 0
    for row in session.execute(query.where(condition).with_for_update(skip_locked=True)).mappings().all():
        try:
            values = {column.name: column.type.opened(row[column.name]) for column in one.sealed}  # type: ignore[attr-defined]
            with session.begin_nested():
                _write(session, one, row, values)
            done += 1
        except (SealingError, IntegrityError):  # its key is not there; or it is told twice in two spellings
            left += 1
    return done, left


def _write(session: Session, one: Walked, row: Mapping[Any, Any], values: Row) -> None:
    key = {column.name: row[column.name] for column in _key(one)}
    if one.change is not None:
        session.execute(one.change, key | {column.name: column.type.sealed_text(values[column.name]) for column in one.sealed})  # type: ignore[attr-defined]
        return
    beside = one.beside({**row, **values})
    where = [column == key[column.name] for column in _key(one)]
    session.execute(update(one.table).where(*where).values(values | beside))
