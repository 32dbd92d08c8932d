"""The database away, one bad row in a batch, a connection that breaks at the commit: all or nothing, and said so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from fastapi.testclient import TestClient
from sqlalchemy import create_engine, pool, text

from services.intake.catalogue.procedures import Catalogue
from services.intake.filing.filing import Filing, FilingIn, prepare, record
from shared.identity.callers import Callers
from tests.intake.parts import APPLICATIONS, file, recorded
from tests.site import DENKI, KOEN, Site, bearer, example


@contextmanager
def database_down(site: Site) -> Iterator[None]:
    """Nobody is connected to the database, and nobody gets in."""
    admin = create_engine(site.admin_url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("alter database madoguchi allow_connections false"))
        connection.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'madoguchi'"))
    try:
        yield
    finally:
        with admin.connect() as connection:
            connection.execute(text("alter database madoguchi allow_connections true"))


def test_while_the_database_is_away_nothing_is_accepted_and_afterwards_all_is_well(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    assert file(counter, key, example(DENKI)).status_code == 202  # the caller is known now
    with database_down(clean):
        for answer in (file(counter, key, example(DENKI), once="k-1"), counter.get(APPLICATIONS, headers=bearer(key))):
            assert answer.status_code == 503, answer.text
            assert answer.json()["type"] == "urn:madoguchi:problem:unavailable"
            assert int(answer.headers["retry-after"]) > 0
        health = counter.get("/health/ready")
        assert (health.status_code, health.json()["status"]) == (503, "down")
        assert counter.get("/health/live").status_code == 200
    assert recorded(clean) == 1
    assert file(counter, key, example(DENKI), once="k-1").status_code == 202
    assert recorded(clean) == 2


def test_a_stranger_is_told_503_too_while_the_database_is_away(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    with database_down(clean):
        assert file(counter, key, example(DENKI)).status_code == 503
    assert recorded(clean) == 0


def test_connections_that_broke_meanwhile_cost_nobody_his_filing(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    assert file(counter, key, example(DENKI)).status_code == 202
    clean.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'madoguchi_intake' and pid <> pg_backend_pid()"
    )
    assert file(counter, key, example(DENKI)).status_code == 202
    assert recorded(clean) == 2


@contextmanager
def a_row_that_fails(site: Site) -> Iterator[None]:
    """While it works, PostgreSQL refuses what is filed of another procedure."""
    site.run(f"alter table intake.application add constraint poison check (procedure_id = '{DENKI}') not valid")
    try:
        yield
    finally:
        site.run("alter table intake.application drop constraint poison")


def test_a_row_that_fails_takes_no_other_along(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    bad = example(KOEN)
    assert file(counter, key, example(DENKI)).status_code == 202
    quiet = TestClient(counter.app, raise_server_exceptions=False)
    quiet.portal = counter.portal  # the same event loop, so that they meet in a batch
    with a_row_that_fails(clean), ThreadPoolExecutor(16) as applicants:
        filings = [bad if number % 10 == 0 else example(DENKI) for number in range(60)]
        answers = list(applicants.map(lambda filing: file(quiet, key, filing), filings))
    assert [answer.status_code for answer in answers] == [500 if filing is bad else 202 for filing in filings]
    assert recorded(clean) == 1 + 54


def filings(site: Site, key: str, count: int, once: str | None = None) -> list[Filing]:
    with site.session("intake") as session:
        caller = Callers().by_key(session, key)
        assert caller is not None
        published = Catalogue().current(session, KOEN)
        written = FilingIn.model_validate(example(KOEN))
        return [prepare(written, b"{}", caller, published, once) for _ in range(count)]


def test_a_batch_committed_without_an_answer_gets_the_same_receipts_when_it_is_tried_again(clean: Site) -> None:
    batch = filings(clean, clean.an_applicant(), 3)
    answers = []
    for _ in range(2):
        with clean.session("intake") as session:
            answers.append(record(session, batch))
            session.commit()
    assert answers[0] == answers[1]
    assert recorded(clean) == 3


def test_what_is_rolled_back_leaves_neither_application_nor_event(clean: Site) -> None:
    batch = filings(clean, clean.an_applicant(), 3)
    with clean.session("intake") as session:
        record(session, batch)
        session.rollback()
    assert recorded(clean) == 0
