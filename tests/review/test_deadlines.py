"""The calendar of deadlines, the list of what is overdue and the manager's board show each what is his."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.review.board import board
from services.review.calendar import calendar
from services.review.clock import watching
from shared.identity.callers import Caller
from shared.problems import Forbidden
from shared.web.charts import Bar, Chart
from shared.workdays import today
from tests.flows import corrections as on
from tests.review.parts import an_arrival, in_prefecture, opens
from tests.site import Site, bearer

A_DAY = timedelta(days=1)


def caller(site: Site, email: str) -> Caller:
    account = site.account(email)
    return Caller(account.id, "reviewer", account.name, email, "ja")


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 一郎")


@pytest.fixture
def cases(clean: Site, press: str) -> list[str]:
    """Six cases of the press office, all due on one day; and one of another office."""
    assert press
    clean.a_reviewer("kinki-bureau", email="kinki@example.go.jp")
    opens(clean, *(an_arrival().model_copy(update={"arrived_at": datetime.now(UTC)}) for _ in range(6)), in_prefecture("27"))
    rows = clean.rows("""select id from review."case" where "group" = 'public-relations' order by id""")
    return [str(row["id"]) for row in rows]


def due(site: Site, case: str, day: date) -> None:
    site.run('update review."case" set due_on = :day where id = cast(:id as uuid)', id=case, day=day)


def page(desk: TestClient, key: str, address: str) -> str:
    answer = desk.get(address, headers=bearer(key) | {"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def test_a_day_of_the_calendar_shows_the_first_and_says_how_many_more(
    clean: Site, desk: TestClient, press: str, cases: list[str]
) -> None:
    day = clean.value('select due_on from review."case" where id = cast(:id as uuid)', id=cases[0])
    month = page(desk, press, f"/desk/calendar?month={day:%Y-%m}")
    assert len(set(re.findall(r"/desk/cases/([0-9a-f-]+)", month))) == 4
    assert "And 2 more" in month
    whole = page(desk, press, f"/desk/calendar?day={day}")
    assert set(re.findall(r"/desk/cases/([0-9a-f-]+)", whole)) == set(cases)
    for view in ("month", "list"):
        assert cases[0] not in page(desk, press, f"/desk/calendar?view={view}&month={day + timedelta(days=70):%Y-%m}")


def test_the_calendar_has_corrections_and_holidays_and_nothing_of_others(
    clean: Site, desk: TestClient, press: str, cases: list[str]
) -> None:
    last = today() + 9 * A_DAY
    assert on.ask(desk, press, cases[0], due_on=last.isoformat()).status_code == 201
    with clean.session("review") as session:
        found = calendar.between(
            session, caller(clean, "press@example.go.jp"), today(), today() + 60 * A_DAY, mine=True, shown=99
        )
        assert [(one.kind, str(one.case_id)) for one in found[last].deadlines] == [("correction", cases[0])]
        assert sum(day.number for day in found.values()) == 6
        assert sum(len(day.deadlines) for day in found.values()) == 6
        others = calendar.between(session, caller(clean, "kinki@example.go.jp"), today(), today() + 60 * A_DAY, mine=False)
        assert not {one.case_id for day in others.values() for one in day.deadlines} & set(cases)
    assert "勤労感謝の日" in desk.get("/desk/calendar?month=2026-11", headers=bearer(press)).text


@pytest.mark.parametrize("query", ["month=2026-13", "month=x", "day=2026-02-30", "day=9999-01-01", "view=year", "whose=all"])
def test_what_is_no_month_is_refused(clean: Site, desk: TestClient, query: str) -> None:
    key = clean.a_reviewer("public-relations")
    assert desk.get(f"/desk/calendar?{query}", headers=bearer(key)).status_code == 422


def test_what_is_overdue_comes_the_longest_first_page_after_page(
    clean: Site, desk: TestClient, press: str, cases: list[str]
) -> None:
    for case, days in zip(cases[:4], (1, 3, 3, 30), strict=True):
        due(clean, case, today() - days * A_DAY)
    due(clean, cases[4], today())
    late = [cases[3], *sorted(cases[1:3]), cases[0]]
    assert list(dict.fromkeys(re.findall(r"/desk/cases/([0-9a-f-]+)", page(desk, press, "/desk/overdue")))) == late
    with clean.session("review") as session:
        who = caller(clean, "press@example.go.jp")
        seen: list[str] = []
        while some := calendar.overdue(session, who, today(), mine=False, limit=1, after=seen[-1] if seen else None):  # type: ignore[arg-type] # an id
            seen += [some[0].id]  # type: ignore[list-item] # an id
        assert [str(one) for one in seen] == late
        assert calendar.overdue_number(session, who, today(), mine=True) == 4
        assert calendar.overdue_number(session, caller(clean, "kinki@example.go.jp"), today(), mine=False) == 0


def test_the_board_counts_what_waits_where_and_what_was_decided(
    clean: Site, desk: TestClient, press: str, cases: list[str]
) -> None:
    due(clean, cases[0], today() - A_DAY)
    clean.run("""update review."case" set arrived_at = now() - interval '40 days' where id = cast(:id as uuid)""", id=cases[0])
    clean.run("""update review."case" set official_id = null where id = cast(:id as uuid)""", id=cases[1])
    assert on.ask(desk, press, cases[2]).status_code == 201
    clean.run(
        """
    update review."case" set state = 'decided', decision = 'approve', decided_at = now(), decided_by = official_id, took_days = 7
    where id = cast(:id as uuid)""",
        id=cases[3],
    )
    with clean.session("review") as session:
        found = board.board(session, caller(clean, "press@example.go.jp"), today())
    assert (found.open.number, found.open.overdue, found.open.mending, found.open.in_time) == (5, 1, 1, 3)
    assert [pile.number for pile in found.ages] == [4, 0, 0, 1, 0, 0]
    assert {one.name: one.pile.number for one in found.officials} == {"広報 一郎": 4, "": 1}
    assert sum(pile.number for pile in found.stages.values()) == 5
    assert [number for _, number in found.weeks] == [0] * 11 + [1]
    assert [(one.number, one.median) for one in found.paces] == [(1, 7.0)]
    text = page(desk, press, "/desk/board")
    assert "Open cases of each official" in text
    assert "style=" not in text


def test_only_a_manager_sees_the_board_and_only_of_what_he_manages(clean: Site, desk: TestClient, cases: list[str]) -> None:
    assert cases
    examiner = clean.a_reviewer("public-relations", email="examiner@example.go.jp", duties=["examiner"])
    assert desk.get("/desk/board", headers=bearer(examiner)).status_code == 403
    assert "/desk/board" not in page(desk, examiner, "/desk")
    assert "/desk/board" in page(desk, clean.a_reviewer("public-relations", email="chief@example.go.jp"), "/desk")
    with clean.session("review") as session:
        with pytest.raises(Forbidden):
            board.board(session, caller(clean, "examiner@example.go.jp"), today())
        found = board.board(session, caller(clean, "kinki@example.go.jp"), today(), group="public-relations")
        assert found.open.number == 0


def test_the_managers_hear_of_what_is_overdue_and_of_what_nobody_has(clean: Site, cases: list[str]) -> None:
    clean.a_reviewer("public-relations", email="chief@example.go.jp", name="課長", duties=["manager"])
    clean.run("""update review."case" set official_id = null, official_name = '' where id = cast(:id as uuid)""", id=cases[1])
    clean.run("""update review."case" set tell_on = null where id <> all(cast(:ids as uuid[]))""", ids=cases[:2])
    last = clean.value('select due_on from review."case" where id = cast(:id as uuid)', id=cases[0])
    for day in (last, last + A_DAY):
        with clean.session("review") as session:
            watching.tell(session, day)
            session.commit()
        clean.deliver_all()
    rows = clean.rows("select template, recipient from notify.message where channel = 'email' and template like 'case-%due%'")
    told = sorted((row["template"], row["recipient"]) for row in rows)
    # the press officer manages too: what is his he hears once
    assert told == [
        *[
            ("case-due-soon", "chief@example.go.jp"),
            ("case-due-soon", "press@example.go.jp"),
            ("case-due-soon", "press@example.go.jp"),
        ],
        *[("case-overdue", "chief@example.go.jp")] * 2,
        *[("case-overdue", "press@example.go.jp")] * 2,
    ]


def test_a_manager_with_a_conflict_of_interest_hears_nothing_of_the_case(clean: Site, desk: TestClient, cases: list[str]) -> None:
    chief = clean.a_reviewer("public-relations", email="chief@example.go.jp", name="課長", duties=["manager"])
    said = {"kind": "case", "party": cases[0], "reason": "親族の会社です。"}
    assert desk.post("/v1/conflicts", json=said, headers=bearer(chief)).status_code == 201
    clean.run("""update review."case" set tell_on = null where id <> all(cast(:ids as uuid[]))""", ids=cases[:2])
    with clean.session("review") as session:
        watching.tell(session, clean.value('select max(due_on) from review."case"') + A_DAY)
        session.commit()
    clean.deliver_all()
    told = clean.rows("select filling from notify.message where channel = 'email' and recipient = 'chief@example.go.jp'")
    assert [row["filling"]["path"] for row in told] == [f"/desk/cases/{cases[1]}"]


def test_bars_share_one_scale_and_nothing_is_divided_by_nothing() -> None:
    chart = Chart("c", "Title", "Name", ("a", "b"), [Bar("long", (3, 1)), Bar("short", (0, 2)), Bar("none", (0, 0))])
    drawn: list[Any] = [[(one.x, one.width, one.series) for one in chart.segments(bar)] for bar in chart.bars]
    assert drawn == [[("0.00%", "75.00%", 1), ("75.00%", "25.00%", 2)], [("0.00%", "50.00%", 2)], []]
    assert Chart("c", "Title", "Name", ("a",), [Bar("none", (0,))]).segments(Bar("none", (0,))) == []
