"""Names and addresses are sealed, and who has one is found: by its hash, or in plain where he is from before."""

from __future__ import annotations

import os

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from services.intake.sealed import WALKED
from shared.database import new_id
from shared.identity import accounts, members, registration
from shared.identity.callers import Callers, hashed, request_link
from shared.identity.tables import Account
from shared.problems import Conflict
from shared.sealing.resealing import reseal_some
from shared.sealing.ring import Ring, using
from tests.site import Site
from tests.web.conftest import secret_of

EMAIL = "applicant@example.com"
STANDS = "select email, email_hash is not null as hashed from identity.account order by id limit 1"


def reseal(site: Site) -> None:
    with site.session("intake") as session:
        while reseal_some(session.get_bind(), "intake", WALKED):  # type: ignore[arg-type] # an engine
            pass


def asked(site: Site, email: str) -> str | None:
    """Whom a link would be mailed to."""
    with site.session("intake") as session:
        link = request_link(session, email, ("applicant", "reviewer"))
        return f"{link.name} <{link.email}>" if link else None


@pytest.fixture
def of_before(clean: Site) -> str:
    """A key of an account as code of before wrote it: in plain, without a hash."""
    with using(Ring()):
        key = clean.an_applicant()
    clean.run("update identity.account set email_hash = null")
    return key


def test_who_is_from_before_is_found_and_stays_the_only_one(clean: Site, of_before: str) -> None:
    before = "窓口 花子 <applicant@example.com>"
    with clean.session("intake") as session:
        caller = Callers().by_key(session, of_before)
        assert caller is not None
        assert (caller.name, caller.email) == ("窓口 花子", EMAIL)
        assert not registration.ask(session, EMAIL, "ja")
        with pytest.raises(Conflict):
            members.invite(session, caller, hashed(of_before), email=EMAIL, rights="file", language="ja")
    with Session(clean.operator) as operator, pytest.raises(Conflict):
        accounts.add_account(operator, EMAIL, "二人目", "operator")
    assert asked(clean, " Applicant@Example.COM ") == before
    reseal(clean)
    (row,) = raw(clean, STANDS)
    assert row[0].startswith("~of-tests~")
    assert row[1]
    assert asked(clean, EMAIL) == before
    assert asked(clean, row[0]) is None, "what stands in the table finds nobody"


def raw(site: Site, query: str) -> list[tuple[str, bool]]:
    with site.owner.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query))]


def test_an_invitation_to_a_closed_account_of_before_opens_it_again(clean: Site, of_before: str) -> None:
    with using(Ring()):
        clean.an_applicant("other@example.com", name="別の会社")
    clean.run("update identity.account set email_hash = null")
    closed = clean.account("other@example.com").id
    clean.run("update identity.account set disabled_at = now(), removed_by = id where id = :id", id=closed)
    with clean.session("intake") as session:
        caller = Callers().by_key(session, of_before)
        assert caller is not None
        made = members.invite(session, caller, hashed(of_before), email="other@example.com", rights="file", language="ja")
        session.commit()
        key = SecretStr(os.environ["MADOGUCHI_SECRET_KEY"])
        told = members.accept(session, key, made.id, secret_of(made.id), name="別 次郎", language="ja")
        session.commit()
        again = Callers().by_cookie(session, told)
    assert again is not None
    assert (again.account_id, again.name, again.organisation_name) == (closed, "別 次郎", "株式会社窓口電機")


def test_another_secret_key_finds_nobody_until_the_errand_came_and_makes_nobody_twice(
    clean: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean.an_applicant()
    reseal(clean)
    monkeypatch.setitem(os.environ, "MADOGUCHI_SECRET_KEY", "another one, of which nothing was known before")
    assert asked(clean, EMAIL) is None
    with pytest.raises(OperationalError, match="hashed anew"):
        clean.an_applicant(EMAIL)
    reseal(clean)
    assert asked(clean, EMAIL) == "窓口 花子 <applicant@example.com>"
    with Session(clean.operator) as session:
        assert len(session.exec(select(Account)).all()) == 1
    clean.an_applicant("next@example.com")


def test_a_link_of_before_registers_and_its_account_is_found_and_sealed(clean: Site) -> None:
    link = new_id()
    with clean.session("intake") as session:
        before = text("select identity.request_registration(:id, 'new@example.com', now() + interval '1 hour')")
        assert session.execute(before, {"id": link}).scalar()
        key, secret = SecretStr(os.environ["MADOGUCHI_SECRET_KEY"]), secret_of(link)
        assert registration.address_of(session, key, link, secret) == "new@example.com"
        entered = registration.Entered("新しい会社", "corporation", "", "新人 一子")
        registration.register(session, key, link, secret, entered=entered, language="ja")
        session.commit()
    assert asked(clean, "new@example.com") == "新人 一子 <new@example.com>"
    reseal(clean)
    assert raw(clean, STANDS)[0][1]
    assert asked(clean, "new@example.com") == "新人 一子 <new@example.com>"


def test_who_is_invited_or_registers_stands_nowhere_in_plain(clean: Site) -> None:
    key = clean.an_applicant()
    with clean.session("intake") as session:
        caller = Callers().by_key(session, key)
        assert caller is not None
        members.invite(session, caller, hashed(key), email="invited@example.com", rights="file", language="ja")
        registration.ask(session, "new@example.com", "ja")
        session.commit()
    for table in ("invitation", "registration"):
        ((stands, found),) = raw(clean, f"select email, email_hash is not null from identity.{table}")
        assert stands.startswith("~of-tests~"), table
        assert found, table
