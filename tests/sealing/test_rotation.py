"""Keys change while all goes on: what is plain or under a former key is sealed anew, in pieces, whoever is killed in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, text
from sqlalchemy import select as select_values
from sqlmodel import Session, select
from typer.testing import CliRunner

from deploy.cli import app
from services.intake.sealed import WALKED as INTAKE
from services.notify.sealed import walked
from services.review.sealed import WALKED as REVIEW
from shared.sealing import resealing
from shared.sealing.columns import key_of
from shared.sealing.resealing import Walked, reseal_some
from shared.sealing.ring import Ring, new_key, using
from tests.notify.mass import write
from tests.review.parts import CASES
from tests.site import Site, bearer

OLD, NEW = new_key("old"), new_key("new")


def services() -> Iterator[tuple[str, Engine, list[Walked]]]:
    from services.intake import tasks as intake
    from services.notify import tasks as notify
    from services.review import tasks as review

    yield "intake", intake.engine, INTAKE
    yield "review", review.engine, REVIEW
    yield "notify", notify.engine, walked(notify.settings.secret_key)


def stand(site: Site) -> set[str]:
    """The keys that values are sealed with, '' for plain ones."""
    found: set[str] = set()
    with site.owner.connect() as connection:
        for _, _, tables in services():
            for column in (column for one in tables for column in one.sealed):
                found |= set(connection.execute(select_values(func.distinct(key_of(column)))).scalars())
    return {one for one in found if one is not None}


def reseal(*only: str) -> None:
    for name, engine, tables in services():
        while (not only or name in only) and reseal_some(engine, name, tables):
            pass


@pytest.fixture
def filed(clean: Site, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any]:
    """Some cases from before there were any keys; an official, and the id of one."""
    monkeypatch.setattr(resealing, "PIECE", 2)
    with using(Ring()):
        official = clean.a_reviewer("kinki-bureau")
        clean.file(clean.an_applicant(), 3)
        clean.deliver_all()
    return official, clean.rows('select id from review."case" order by id')[0]["id"]


def test_plain_rows_are_sealed_and_keys_change(clean: Site, desk: TestClient, filed: tuple[str, Any]) -> None:
    official, case = filed
    assert stand(clean) == {""}
    with using(Ring.read(OLD)):
        reseal()
        assert stand(clean) == {"old"}
    with using(Ring.read(f"{NEW},{OLD}")):
        clean.file(clean.an_applicant("b@example.com"), 1)
        assert stand(clean) == {"old", "new"}
        reseal()
        assert stand(clean) == {"new"}
    with using(Ring.read(NEW)):  # the old one is taken away
        shown = desk.get(f"{CASES}/{case}", headers=bearer(official)).json()
        assert shown["answers"]["representative"] == "窓口 花子"
        reports = clean.rows("select kind, outcome, report from operation.run order by started_at desc limit 3")
        told = CliRunner().invoke(app, ["keys", "status"])
    assert told.exit_code == 0, told.output
    assert "review.case                  new                                         6" in told.output
    assert "Nothing needs another key than new" in told.output
    assert {row["outcome"] for row in reports} == {"done"}
    counted = next(row["report"] for row in reports if row["kind"] == "sealing.review")
    assert counted["rows"]["review.case"] == {"new": 6}  # contact and answers of three


def test_who_is_killed_in_the_middle_loses_nothing_and_goes_on(
    clean: Site, filed: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filed
    before = clean.rows("select id, answers, contact from intake.application order by id")
    write, count = resealing._write, iter(range(100))

    def killed(*given: Any) -> None:
        if next(count) == 3:
            raise KeyboardInterrupt
        write(*given)

    with using(Ring.read(OLD)):
        with monkeypatch.context() as dying:
            dying.setattr(resealing, "_write", killed)
            with pytest.raises(KeyboardInterrupt):
                reseal("intake")
        (run,) = clean.rows("select outcome, report from operation.run")
        assert run["outcome"] == "running"
        reseal("intake")
        assert clean.rows("select outcome from operation.run") == [{"outcome": "done"}]
        now = _read(clean)
    assert now == before


def _read(site: Site) -> list[dict[str, Any]]:
    from services.intake.models import Application

    with site.session("intake") as session:
        found = session.exec(select(Application).order_by(text("id"))).all()
        return [{"id": one.id, "answers": one.answers, "contact": one.contact} for one in found]


def test_what_lost_its_key_says_so_and_comes_back_with_it(clean: Site, desk: TestClient, filed: tuple[str, Any]) -> None:
    official, case = filed
    with using(Ring.read(OLD)):
        reseal()
    with using(Ring.read(NEW)):
        answer = desk.get(f"{CASES}/{case}", headers=bearer(official))
        assert answer.status_code == 503
        assert "identity.account" in answer.json()["detail"]  # what comes first: the name of who asks
        assert "old" in answer.json()["detail"]
        reseal()
        assert stand(clean) == {"old"}
        assert clean.value("select bool_and(outcome = 'failed') from operation.run where report ->> 'key' = 'new'")
        from services.notify.tasks import emails

        assert emails.turn() is False  # what cannot be opened is not claimed, and nothing falls over
    with using(Ring.read(f"{NEW},{OLD}")):
        assert desk.get(f"{CASES}/{case}", headers=bearer(official)).status_code == 200
        with Session(clean.operator) as session:
            resealing.ask(session, "review")
            session.commit()
        reseal("review")
    assert (
        clean.value("select report ->> 'left' from operation.run where kind = 'sealing.review' order by started_at desc limit 1")
        == "0"
    )


def test_it_goes_on_at_once_only_where_no_events_wait(clean: Site, filed: tuple[str, Any]) -> None:
    assert filed
    intake = next(services())
    with using(Ring.read(OLD)):
        clean.file(clean.an_applicant("b@example.com"), 1)
        clean.run("update bus.delivery set due = now() - interval '1 minute' where state = 'waiting'")
        name, engine, tables = intake
        assert not resealing.reseal_politely(engine, name, tables)
        clean.deliver_all()
        assert resealing.reseal_politely(engine, name, tables)


def test_sealing_anew_makes_nobody_look_for_the_case_anew(clean: Site, filed: tuple[str, Any]) -> None:
    assert filed
    clean.run("update review.finding set stale = false, keyed = true")
    with using(Ring.read(OLD)):
        reseal("review")
    assert clean.value("select count(*) from review.finding where stale") == 0


def test_another_secret_key_hides_cases_until_their_hashes_are_made_anew(
    desk: TestClient, filed: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    official, case = filed
    with using(Ring.read(OLD)):
        reseal()
        monkeypatch.setenv("MADOGUCHI_SECRET_KEY", "another one")
        assert desk.get(f"{CASES}/{case}", headers=bearer(official)).status_code == 404
        reseal("review")
        assert desk.get(f"{CASES}/{case}", headers=bearer(official)).status_code == 200


def test_a_message_that_cannot_be_opened_is_failed_and_holds_up_no_other(clean: Site) -> None:
    from services.notify.sending.claims import claim
    from services.notify.tasks import engine

    write(clean, 2)
    with using(
        Ring.read(new_key("of-tests"))
    ):  # another key of the same name: what was sealed was changed, as far as can be told
        write(clean, 1, first=2)
    assert claim(engine, "email", 10) == ([], True)
    claimed, _ = claim(engine, "email", 10)
    assert len(claimed) == 2
    (failed,) = clean.rows("select error from notify.message where state = 'failed'")
    assert "cannot be opened" in failed["error"]
