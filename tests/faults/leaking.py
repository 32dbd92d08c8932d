"""The programs of one machine with faults planted in them, that quote what people wrote wherever a program can quote.

`tests.faults.leaking:app` is the worker, `tests.faults.leaking:create_app` the web.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import warnings
from typing import Any

from fastapi import Request
from sqlalchemy import text
from sqlmodel import Session

from shared.events import MessageToOffice
from tests.site import DENKI, example

WRITTEN = json.dumps(example(DENKI)["answers"], ensure_ascii=False)
EMAIL = "twice@example.org"
PATH, TASK = "/leaking", "leaking.errand"
WAYS = ("text", "detail", "syntax", "aside")


def fail(way: str, session: Session, what: str) -> None:
    """Fail in one of WAYS."""
    if way == "detail":  # PostgreSQL: Failing row contains (…)
        lacking = "insert into notify.suppression (recipient_hash, recipient, channel) values ('1', :it, 'email')"
        session.execute(text(lacking), {"it": EMAIL})
    if way == "syntax":  # PostgreSQL: invalid input syntax for type integer: "…"
        session.execute(text("select cast(cast(:it as text) as integer)"), {"it": what})
    if way == "aside":
        _fail_aside(what)
    raise ValueError(what) from KeyError(what)


def _fail_aside(what: str) -> None:
    """As libraries and threads do, past all that catches."""
    warnings.warn(f"unexpected value {what}", stacklevel=1)
    logging.getLogger("some.library").warning("cannot read %s", what)
    logging.getLogger("some.library").info("request of %s", what)
    thread = threading.Thread(target=_raise, args=(what,))
    thread.start()
    thread.join()
    loop = asyncio.new_event_loop()
    loop.call_exception_handler({"message": "nobody fetched it", "exception": ValueError(what), "future": what})
    loop.close()


def _raise(what: str) -> None:
    raise ValueError(what)


def _worker() -> Any:
    from deploy.one.worker import app as worker
    from services.notify import tasks as notify
    from services.opendata import tasks as opendata

    def count(_session: Session, events: list[Any]) -> None:
        raise ValueError(repr(events))

    tell = notify.work.post.handlers["tell"]

    def fail_to_tell(session: Session, events: list[Any]) -> None:
        if isinstance(events[0], MessageToOffice):
            fail(WAYS[events[0].id.int % len(WAYS)], session, repr(events))
        tell(session, events)

    def errand(way: str) -> None:
        with Session(notify.work.post.engine) as session:
            fail(way, session, WRITTEN)

    opendata.work.post.handlers["count"] = count
    notify.work.post.handlers["tell"] = fail_to_tell
    worker.task(name=TASK, shared=False)(errand)
    return worker


def create_app() -> Any:
    """The gateway, whose counter has a page that fails."""
    from deploy.gateway import create_app as gateway

    made: Any = gateway()
    notify = made.owner("/notify")

    async def leak(request: Request, way: str) -> None:
        what = (await request.body()).decode()
        with Session(notify.state.engine) as session:
            fail(way, session, what)

    made.owner("/").router.add_api_route(PATH, leak, methods=["POST"])
    return made


def __getattr__(name: str) -> Any:
    """The worker is only made where it is asked for."""
    if name == "app":
        made = globals()["app"] = _worker()
        return made
    raise AttributeError(name)
