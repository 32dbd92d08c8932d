"""The second wall: PostgreSQL itself shows nothing of a case to whoever may not see it, even to a query that forgot to ask."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, pool, text, true
from sqlmodel import Session, col, select, update

from services.review.cases import cases
from services.review.models import Case, Message
from services.review.wall import HOUSE, acts, acts_as_house
from shared.identity.callers import Caller
from tests.review.parts import CASES, case_of, in_prefecture, opens
from tests.site import Site, bearer

# Named cases beside the wall: the trace outlives them, grams are no text, and items of work in bulk are ids and
# outcomes that only who began it is shown.
BESIDE = {"audit_entry", "finding_grams", "job_item", "purged"}


def acting(site: Site, who: UUID | str | None) -> Session:
    """A session of the desk's own role, as which an official, the house, or nobody acts."""
    session = Session(create_engine(site.url("madoguchi_review"), poolclass=pool.NullPool))
    if who is not None:
        emails = {row["id"]: row["email"] for row in site.rows("select id, email from identity.account")}
        email = emails.get(who, "stranger@example.com")
        acts(session, Caller(who, "reviewer", "", email, "ja") if isinstance(who, UUID) else who)
    return session


def seen(session: Session) -> int:
    return len(session.exec(select(Case.id)).all())


def test_a_query_that_forgot_its_condition_shows_an_official_his_own_cases_alone(clean: Site) -> None:
    clean.a_reviewer("kinki-bureau", email="kinki@example.go.jp", duties=["examiner"])
    clean.a_reviewer("kanto-bureau", email="kanto@example.go.jp", duties=["examiner"])
    clean.a_reviewer("kinki-bureau", email="idle@example.go.jp", duties=[])
    opens(clean, in_prefecture("27"), in_prefecture("27"), in_prefecture("01"))
    kinki, kanto, idle = (clean.account(f"{name}@example.go.jp").id for name in ("kinki", "kanto", "idle"))
    for who, count in ((kinki, 2), (kanto, 0), (idle, 0), (uuid4(), 0), (HOUSE, 3), ("", 0), ("x' or true", 0), (None, 0)):
        with acting(clean, who) as session:
            assert seen(session) == count, who
            assert len(session.exec(select(Message.id)).all()) == 0
    clean.run(
        "insert into review.conflict (id, account_id, kind, party, reason, declared_by, declared_by_name) "
        """select gen_random_uuid(), :id, 'case', min(id::text), '', :id, '' from review."case" where "group" = 'kinki-bureau'""",
        id=kinki,
    )
    with acting(clean, kinki) as session:
        assert seen(session) == 1
    clean.run("update identity.account set disabled_at = now()")
    with acting(clean, kinki) as session:
        assert seen(session) == 0


def test_what_hangs_on_a_case_is_behind_the_wall_too(clean: Site) -> None:
    clean.a_reviewer("kinki-bureau", email="kinki@example.go.jp")
    clean.a_reviewer("kanto-bureau", email="kanto@example.go.jp")
    opens(clean, in_prefecture("27"))
    kinki, kanto = (clean.account(f"{name}@example.go.jp").id for name in ("kinki", "kanto"))
    for who, count in ((kinki, 1), (kanto, 0), (None, 0)):
        with acting(clean, who) as session:
            for table in ("step", "assignment", "finding"):
                assert session.execute(text(f"select count(*) from review.{table}")).scalar() == count, (who, table)
            changed = session.execute(update(Case).where(col(Case.state) == "open").values(reasons="x"))
            assert changed.rowcount == count  # type: ignore[attr-defined] # an update has it


def test_every_table_that_tells_of_a_case_is_behind_the_wall(site: Site) -> None:
    rows = site.rows("""
    select c.relname, c.relrowsecurity from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'review' and c.relkind = 'r' and (c.relname = 'case' or exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'case_id' and not a.attisdropped))
    """)
    assert {row["relname"] for row in rows if not row["relrowsecurity"]} == BESIDE


def test_who_acts_is_said_anew_in_each_transaction_and_forgotten_with_it(clean: Site) -> None:
    clean.a_reviewer("kinki-bureau")
    opens(clean, in_prefecture("27"))
    session = acting(clean, clean.account("official@example.go.jp").id)
    with session:
        assert seen(session) == 1
        session.commit()
        assert seen(session) == 1
        session.rollback()
        with acts_as_house(session):
            assert seen(session) == 1
        acts(session, "")
        assert seen(session) == 0
        with acts_as_house(session):
            assert seen(session) == 1
        assert seen(session) == 0


def test_where_the_desk_forgets_the_condition_the_wall_stands(
    clean: Site, desk: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinki = clean.a_reviewer("kinki-bureau", email="kinki@example.go.jp")
    kanto = clean.a_reviewer("kanto-bureau", email="kanto@example.go.jp")
    event = in_prefecture("27")
    opens(clean, event)
    path = f"{CASES}/{case_of(clean, event)['id']}"
    monkeypatch.setattr(cases, "visible", lambda _caller: true())
    assert desk.get(path, headers=bearer(kinki)).status_code == 200
    assert desk.get(path, headers=bearer(kanto)).status_code == 404
