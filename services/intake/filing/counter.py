"""The one hot path: filings that come at the same time are committed together, without waiting for one another.

There is no timer. The writer takes whatever queued up while its last commit ran, so a lone filing is written at once and a
rush is written in large transactions. The answer is given after the commit. One writer in the event loop itself: a second,
or a thread, costs more than the round trips it hides. (docs/adr/0006)
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import Session

from services.intake.filing.filing import Filing, Receipt, record
from shared.operation.switches import Switches, closed
from shared.problems import Conflict, Problem, Unavailable

A_BATCH = 128
_AWAY = (OperationalError, InterfaceError, PoolTimeout)


class Counter:
    """Takes filings and gives receipts. One for a process; used from its event loop only."""

    def __init__(self, engine: AsyncEngine, switches: Switches, *, most_waiting: int) -> None:
        self._engine = engine
        self._switches = switches
        self._most_waiting = most_waiting
        self._waiting: list[tuple[Filing, asyncio.Future[Receipt]]] = []
        self._running: set[tuple[UUID | None, str]] = set()
        self._arrived = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Write what waits, then stop."""
        await asyncio.gather(*(answer for _, answer in self._waiting), return_exceptions=True)
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def file(self, filing: Filing) -> Receipt:
        """Record a filing; returns once it is committed. Raises Conflict, Invalid, Unavailable: then it is not recorded."""
        is_open = self._switches.at_hand("filing")
        if not (await asyncio.to_thread(self._switches.on, "filing") if is_open is None else is_open):
            raise closed("filing")
        if len(self._waiting) >= self._most_waiting:
            raise Unavailable("Too many filings at this moment; nothing was accepted, try again shortly", retry_after=2)
        key = _key(filing)
        if key in self._running:
            raise Conflict("A filing with this Idempotency-Key is being recorded; ask again in a second", retry_after=1)
        if key is not None:
            self._running.add(key)
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((filing, answer))
        self._arrived.set()
        # When the caller hangs up, only his answer is cancelled: the filing is recorded, and his key finds it.
        return await answer

    async def _write(self) -> None:
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:A_BATCH], self._waiting[A_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            if batch:
                await self._write_batch(batch)

    async def _write_batch(self, batch: list[tuple[Filing, asyncio.Future[Receipt]]]) -> None:
        answers: list[Any]
        try:
            answers = await self._commit([filing for filing, _ in batch])
        except Exception as error:  # noqa: BLE001 - must not end the writer: whoever waits gets the error
            answers = [error] * len(batch)
        for (filing, future), answer in zip(batch, answers, strict=True):
            if key := _key(filing):
                self._running.discard(key)
            with contextlib.suppress(asyncio.InvalidStateError):
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    async def _commit(self, filings: list[Filing]) -> list[Receipt | Exception]:
        """All in one transaction; if that fails, one by one, so that only the bad one is refused."""
        try:
            return await self._commit_together(filings)
        except _AWAY:
            away: Problem = Unavailable("Nothing was accepted; try again shortly, with the same Idempotency-Key", retry_after=5)
            return [away] * len(filings)
        except SQLAlchemyError as error:
            if len(filings) == 1:
                return [error]
            return [answer for filing in filings for answer in await self._commit([filing])]

    async def _commit_together(self, filings: list[Filing]) -> list[Receipt | Exception]:
        """Commit once more on a new connection when the old one turns out to be dead.

        The first try may have been committed all the same: then the filings' ids are there, and `record` finds their receipts.
        """
        try:
            return await self._try(filings)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return await self._try(filings)

    async def _try(self, filings: list[Filing]) -> list[Receipt | Exception]:
        async with AsyncSession(self._engine, sync_session_class=Session) as session:
            answers = await session.run_sync(lambda sync: record(sync, filings))  # type: ignore[arg-type] # it is a Session
            await session.commit()
            return list(answers)


def _key(filing: Filing) -> tuple[UUID | None, str] | None:
    return (filing.caller.organisation_id, filing.idempotency_key) if filing.idempotency_key else None
