"""Logs: one line of JSON each, which says kind and place of what failed, and never what it failed at."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from deploy.database import ROLES, UNLOGGED
from shared.database import connect
from shared.telemetry.logs import JsonLines, _is_told
from tests.site import Site

SECRET = "窓口 花子 hanako@example.org"
NOT_NULL = "insert into notify.suppression (recipient_hash, recipient, channel) values ('1', :it, 'email')"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What is logged meanwhile, as it would be written."""
    # A server that another test ran in this process has taken uvicorn's lines for itself.
    monkeypatch.setattr(logging.getLogger("uvicorn"), "propagate", True)
    taken: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            taken.append(json.loads(JsonLines().format(record)))

    handler = Keep()
    handler.addFilter(_is_told)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield taken
    root.removeHandler(handler)
    root.setLevel(level)


def test_what_a_library_failed_at_is_not_told_and_its_own_words_are(lines: list[dict[str, Any]]) -> None:
    celery = logging.getLogger("celery.app.trace")
    celery.info("Task %(name)s[%(id)s] received", {"name": "notify.deliver", "id": "1"})
    try:
        int(SECRET)
    except ValueError as error:
        told = {"name": "notify.deliver", "id": "1", "description": "raised unexpected", "exc": repr(error)}
        celery.exception("Task %(name)s[%(id)s] %(description)s: %(exc)s", told)
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        logging.getLogger("some.library").error(error, exc_info=True)  # noqa: G201 - as libraries do
    logging.getLogger("some.library").warning("cannot read %s", SECRET)
    logging.getLogger("some.library").info("read %s", SECRET)
    logging.getLogger("py.warnings").warning(f"a.py:12: UserWarning: odd {SECRET}\n  code")  # noqa: G004 - as Python does
    loop = asyncio.new_event_loop()
    loop.call_exception_handler({"message": "nobody fetched it", "exception": ValueError(SECRET), "future": SECRET})
    loop.close()
    assert [(line["message"], line.get("error")) for line in lines] == [
        ("Task notify.deliver[1] received", None),
        ("Task notify.deliver[1] raised unexpected: …", "ValueError"),
        ("Exception in ASGI application", "ValueError"),
        ("ValueError", "ValueError"),
        ("cannot read %s", None),
        ("a.py:12: UserWarning", None),
        ("nobody fetched it", "ValueError"),
    ]
    assert "花子" not in str(lines)
    assert all("Traceback" not in line["message"] for line in lines)


def test_an_error_of_postgresql_is_told_by_its_state_and_logged_by_nobody_else(site: Site, lines: list[dict[str, Any]]) -> None:
    before = len(site.said())
    engine = connect(SecretStr(site.url("madoguchi_notify")), name="test", pool=1)
    with engine.connect() as connection, pytest.raises(IntegrityError) as failed:
        connection.execute(text(NOT_NULL), {"it": SECRET})
    engine.dispose()
    logging.getLogger("shared.test").error("unforeseen error", exc_info=failed.value)
    assert (lines[0]["sqlstate"], lines[0]["table"]) == ("23502", "suppression")
    assert "花子" not in str(lines)
    assert f"[parameters: {{'it': '{SECRET}'" not in str(failed.value)  # PostgreSQL's own detail still is there
    assert site.said()[before:].count(b"ERROR") == 0


@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_ours_has_its_errors_logged(site: Site, role: str) -> None:
    with psycopg.connect(site.url(role).replace("+psycopg", "")) as connection:
        told = {name: connection.execute(f"show {name}").fetchone() for name in UNLOGGED}
    assert told == {name: (value,) for name, value in UNLOGGED.items()}
