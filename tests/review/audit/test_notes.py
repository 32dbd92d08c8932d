"""What is noted is committed with the act, and nobody's role can change it."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.review.audit.audit import is_noted, note, note_list, note_view
from shared.identity.callers import Caller
from tests.site import Site

CASE = UUID("01930000-0000-7000-8000-000000000001")


def an_official(name: str = "審査 一郎") -> Caller:
    return Caller(uuid4(), "reviewer", name, "official@example.go.jp", "ja")


def entries(site: Site) -> list[dict[str, object]]:
    return site.rows("select * from review.audit_entry order by id")


def test_an_act_and_its_trace_are_one(clean: Site) -> None:
    official = an_official()
    with clean.session("review") as session:
        note(session, official, "case.decided", CASE, duty="approver", decision="approve", revision=2)
        session.rollback()
        assert entries(clean) == []
        note(session, official, "case.decided", CASE, duty="approver", decision="approve", revision=2)
        assert is_noted(session)
        session.commit()
    (entry,) = entries(clean)
    assert (entry["account_id"], entry["account_name"], entry["duty"]) == (official.account_id, official.name, "approver")
    assert (entry["act"], entry["case_id"]) == ("case.decided", CASE)
    assert entry["details"] == {"decision": "approve", "revision": 2}
    assert clean.value("select count(*) from review.audit_waiting") == 1


def test_who_looks_again_has_looked_once_and_after_a_while_twice(clean: Site) -> None:
    one, other = an_official(), an_official("審査 二郎")
    with clean.session("review") as session:
        for official in (one, one, other, one):
            note_view(session, official, "case.shown", CASE)
        note_view(session, one, "attachment.fetched", CASE, attachment=uuid4())
        note_view(session, one, "attachment.fetched", CASE, attachment=uuid4())
        session.commit()
        assert [entry["act"] for entry in entries(clean)] == ["case.shown"] * 2 + ["attachment.fetched"] * 2
        clean.run("update review.audit_entry set at = at - interval '6 minutes'")
        note_view(session, one, "case.shown", CASE)
        session.commit()
    assert len(entries(clean)) == 5


def test_a_list_says_which_cases_it_showed_and_an_empty_one_nothing(clean: Site) -> None:
    with clean.session("review") as session:
        note_list(session, an_official(), "cases.listed", [], state="open")
        assert is_noted(session)
        note_list(session, an_official(), "cases.listed", [CASE], state="open")
        session.commit()
    (entry,) = entries(clean)
    assert entry["details"] == {"state": "open", "count": 1, "cases": [str(CASE)]}


@pytest.mark.parametrize("role", ["review", "operator"])
@pytest.mark.parametrize(
    "statement",
    [
        "update review.audit_entry set act = 'nothing'",
        "delete from review.audit_entry",
        "truncate review.audit_entry",
        "update review.audit_link set seq = 0",
        "delete from review.audit_link",
        "truncate review.audit_link",
        "update review.audit_waiting set entry_id = 0",
        "truncate review.audit_waiting",
        # its time and number are the database's to say
        """insert into review.audit_entry (at, account_name, duty, act, details)
        values ('2020-01-01', '', '', 'case.shown', '{}')""",
        "drop table review.audit_entry",
    ],
)
def test_no_role_can_change_what_was_noted(clean: Site, role: str, statement: str) -> None:
    with clean.session(role) as session, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        session.execute(text(statement))
