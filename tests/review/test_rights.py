"""Rights at the desk: by duty, for a group and a procedure; nothing without one."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from services.review.cases.rights import duties
from shared.identity.callers import Callers
from shared.identity.duties import give, join, leave, set_up, take_away
from shared.problems import Invalid, NotFound
from tests.review.parts import CASES, an_arrival, case_of, in_prefecture, opens
from tests.site import DENKI, KOEN, Site, bearer


def seen(desk: TestClient, key: str) -> set[str]:
    return {row["application_id"] for row in desk.get(CASES, headers=bearer(key)).json()}


def test_without_a_duty_a_member_of_a_group_sees_nothing(clean: Site, desk: TestClient) -> None:
    key = clean.a_reviewer("kinki-bureau", duties=())
    event = in_prefecture("27")
    opens(clean, event)
    assert seen(desk, key) == set()
    assert desk.get(f"{CASES}/{case_of(clean, event)['id']}", headers=bearer(key)).status_code == 404


def test_a_duty_for_one_procedure_shows_the_cases_of_that_procedure_in_that_group_alone(clean: Site, desk: TestClient) -> None:
    key = clean.a_reviewer("public-relations", "kinki-bureau", duties=())
    me = clean.account("official@example.go.jp").id
    with Session(clean.operator) as session:
        give(session, me, "kinki-bureau", ["examiner"], DENKI)
        give(session, me, "public-relations", ["examiner"], DENKI)
        session.commit()
    south, press, north = in_prefecture("27"), an_arrival(KOEN), in_prefecture("01")
    opens(clean, south, press, north)
    assert seen(desk, key) == {south.subject}
    with Session(clean.operator) as session:
        give(session, me, "public-relations", ["approver"])
        session.commit()
    assert seen(desk, key) == {south.subject, press.subject}


def test_duties_are_those_of_the_group_for_all_procedures_and_for_this_one(clean: Site) -> None:
    key = clean.a_reviewer("kinki-bureau", "kanto-bureau", duties=["examiner"])
    me = clean.account("official@example.go.jp").id
    with Session(clean.operator) as session:
        give(session, me, "kinki-bureau", ["approver"], DENKI)
        give(session, me, "kanto-bureau", ["manager"])
        session.commit()
    with clean.session("review") as session:
        caller = Callers().by_key(session, key)
        assert caller is not None
        assert duties(session, caller, "kinki-bureau", DENKI) == {"examiner", "approver"}
        assert duties(session, caller, "kinki-bureau", KOEN) == {"examiner"}
        assert duties(session, caller, "hokkaido-bureau", DENKI) == frozenset()
    clean.run("update identity.account set disabled_at = now()")
    with clean.session("review") as session:
        assert duties(session, caller, "kinki-bureau", DENKI) == frozenset()


def test_duties_need_a_member_and_names(clean: Site) -> None:
    clean.a_reviewer("kinki-bureau", duties=())
    account = clean.account("official@example.go.jp")
    with Session(clean.operator) as session:
        with pytest.raises(NotFound):
            give(session, account.id, "kanto-bureau", ["examiner"])
        for role, procedure in (("Chief!", "*"), ("examiner", "No such thing")):
            with pytest.raises(Invalid):
                give(session, account.id, "kinki-bureau", [role], procedure)
        with pytest.raises(NotFound):
            take_away(session, account.id, "kinki-bureau", "examiner")
        with pytest.raises(Invalid):
            set_up(session, account.id, "kinki-bureau", skills=["No name"])
        join(session, account, "kanto-bureau", ["examiner"])
        leave(session, account.id, "kanto-bureau")
        session.commit()
    assert clean.value("select count(*) from identity.duty") == 0
