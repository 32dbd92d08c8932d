"""The audit: narrowed by who, what, to what and when; exported without formulas; and checked for tampering."""

from __future__ import annotations

import csv
import io

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from shared.operation import acts
from shared.operation.acts import Operator
from tests.site import Site


@pytest.fixture
def noted(console: TestClient, clean: Site) -> TestClient:
    """Three acts: one of the operator, two of the command line."""
    me = clean.rows("select id, name from identity.account")[0]
    with Session(clean.operator) as session:
        acts.note(session, Operator(me["id"], me["name"]), "switch.off", "filing", reason="=cmd|'/c calc'!A1")
        for number in (1, 2):
            acts.note(session, Operator(None, "root (command line)"), "key.revoked", f"key-{number}", reason="lost")
        session.commit()
    return console


def test_acts_are_narrowed_down(noted: TestClient, clean: Site) -> None:
    me = clean.value("select id from identity.account")

    def shown(query: str) -> list[bool]:
        page = noted.get(f"/console/audit?{query}").text
        return [f'subject={one}"' in page for one in ("filing", "key-1", "key-2")]

    assert shown("") == [True, True, True]
    assert shown(f"by={me}") == [True, False, False]
    assert shown("by=command-line&act=key.") == [False, True, True]
    assert shown("subject=key-2") == [False, False, True]
    assert shown("since=2026-01-01&until=2026-01-02") == [False, False, False]
    assert noted.get("/console/audit?by=somebody").status_code == 422


def test_the_export_holds_what_was_looked_for_without_formulas_and_is_noted(noted: TestClient, clean: Site) -> None:
    answer = noted.get("/console/audit.csv?act=switch.off")
    header, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    (row,) = rows
    assert dict(zip(header, row, strict=True))["reason"] == "'=cmd|'/c calc'!A1"
    assert clean.value("select details ->> 'rows' from operation.act order by id desc limit 1") == "1"


def test_a_broken_seal_is_told_on_the_page(noted: TestClient, clean: Site) -> None:
    assert "All seals hold" in noted.get("/console/audit?verify=true").text
    clean.run("update operation.act set reason = 'nothing' where subject = 'key-1'")
    assert "The seals are broken" in noted.get("/console/audit?verify=true").text


def test_details_are_said_in_the_words_of_the_other_pages(noted: TestClient, clean: Site) -> None:
    with Session(clean.operator) as session:
        by = Operator(None, "root (command line)")
        acts.note(session, by, "duty.given", "x", group="kinki-bureau", duties=["approver", "expert"], procedure="*")
        session.commit()
    page = noted.get("/console/audit?act=duty.given", headers={"accept-language": "ja"}).text
    for said in ("担当部署：kinki-bureau", "職務：決裁者、expert", "手続：すべての手続"):
        assert said in page, said
