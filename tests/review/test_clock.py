"""The standard period of a case: when it ends, while the clock stands, and who hears of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from services.review.clock import watching
from services.review.periods import Span, due, ends, used
from shared.i18n import JST
from shared.procedure.files import read
from shared.procedure.model import Procedure
from shared.procedure.reviewing import Period
from shared.workdays import after, between, holiday, is_working, today
from tests.flows import corrections as on
from tests.review.parts import an_arrival, case_of, decide, opens
from tests.site import KOEN, PROCEDURES, Site, bearer

MODEL = read(PROCEDURES / f"{KOEN}.yaml")  # 20 working days


def with_period(days: int, *, working: bool) -> Procedure:
    return MODEL.model_copy(update={"standard_period": Period(days=days, working=working)})


def at(day: str, hour: int = 12, minute: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), JST) + timedelta(hours=hour, minutes=minute)


def last_day(arrived: datetime, days: int = 20, *, working: bool = True, stood: list[Span] | None = None) -> str | None:
    found = due(with_period(days, working=working), arrived, stood or ())
    return found.on.isoformat() if found else None


# days


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-05-06", "振替休日"),  # the 3rd is a Sunday, the 4th and 5th are holidays themselves
        ("2026-09-22", "国民の休日"),  # between two holidays
        ("2026-11-23", "勤労感謝の日"),
        ("2026-12-29", "年末年始の閉庁日"),
        ("2027-01-01", "元日"),
        ("2027-01-03", "年末年始の閉庁日"),
    ],
)
def test_the_offices_are_closed_on_holidays_their_substitutes_and_over_the_turn_of_the_year(day: str, name: str) -> None:
    assert (holiday(date.fromisoformat(day), "ja"), is_working(date.fromisoformat(day))) == (name, False)


def test_they_work_on_28_december_and_4_january_but_not_at_the_weekend() -> None:
    working = [date.fromisoformat(day) for day in ("2026-12-28", "2027-01-04")]
    assert [(is_working(day), holiday(day, "ja")) for day in working] == [(True, ""), (True, "")]
    assert [is_working(date(2026, 11, day)) for day in (27, 28, 29)] == [True, False, False]
    assert after(date(2026, 12, 28), 1) == date(2027, 1, 4)
    assert between(date(2027, 1, 4), date(2026, 12, 28)) == -1


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(0, 120), st.booleans())
def test_counting_forth_and_back_agree(start: date, number: int, working: bool) -> None:  # noqa: FBT001 - drawn
    assert between(start, after(start, number, working=working), working=working) == number


# periods


@pytest.mark.parametrize(
    ("arrived", "working", "last"),
    [
        (at("2026-11-20"), True, "2026-11-27"),  # a Friday; the 23rd is a holiday
        (at("2026-11-20", 23, 59), True, "2026-11-27"),  # out of office hours it is the same day
        (at("2026-11-21"), True, "2026-11-27"),  # a Saturday
        (at("2026-11-24", 0, 0), True, "2026-11-27"),  # at midnight the day itself counts (民法140条ただし書)
        (at("2026-11-24", 0, 1), True, "2026-11-30"),
        (datetime(2026, 11, 23, 15, 1, tzinfo=UTC), True, "2026-11-30"),  # the 24th in Japan
        (at("2026-11-20"), False, "2026-11-24"),
        (at("2026-11-18"), False, "2026-11-24"),  # the 22nd is a Sunday, the 23rd a holiday (民法142条)
    ],
)
def test_a_period_of_four_days_ends(arrived: datetime, working: bool, last: str) -> None:  # noqa: FBT001 - from the table
    assert last_day(arrived, 4, working=working) == last


def test_while_the_applicant_mends_no_day_counts_that_began_meanwhile() -> None:
    arrived = at("2026-11-02")
    assert last_day(arrived, 5) == "2026-11-10"
    asked = at("2026-11-05", 15)
    assert last_day(arrived, 5, stood=[(asked, None)]) is None
    assert last_day(arrived, 5, stood=[(asked, at("2026-11-05", 17))]) == "2026-11-10"  # the same day: nothing is lost
    assert last_day(arrived, 5, stood=[(asked, at("2026-11-12", 9))]) == "2026-11-17"  # the 6th, 9th to 12th do not count
    assert last_day(arrived, 5, stood=[(asked, at("2026-11-12", 0))]) == "2026-11-16"  # it ran as the 12th began


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001


@settings(max_examples=200)
@given(
    st.integers(1, 60), st.booleans(), st.lists(moments, min_size=1, max_size=9), st.dates(date(2025, 12, 1), date(2028, 6, 1))
)
def test_the_clock_is_never_negative_only_goes_forth_and_a_pause_never_shortens_a_period(
    days: int,
    working: bool,  # noqa: FBT001 - drawn
    drawn: list[datetime],
    day: date,
) -> None:
    arrived, *rest = sorted(drawn)
    stood: list[Span] = list(zip(rest[::2], rest[1::2], strict=False))
    procedure = with_period(days, working=working)
    number = used(arrived, stood, day, working=working)
    assert 0 <= number <= used(arrived, stood, day + timedelta(days=1), working=working) <= number + 1
    assert number <= used(arrived, stood[:-1], day, working=working)
    found, unpaused = due(procedure, arrived, stood), due(procedure, arrived)
    assert found
    assert unpaused
    assert unpaused.on <= found.on
    assert found.near_on <= found.on
    assert is_working(found.on)
    whole = used(arrived, stood, found.on, working=working)
    assert whole == days if working else whole >= days
    if not working and is_working(found.on - timedelta(days=1)):
        assert whole == days  # only closed days were added
    assert due(procedure, arrived, [*stood, (max(drawn), None)]) is None


# cases


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp")


@pytest.fixture
def case(clean: Site, press: str) -> str:
    """A case that arrived today."""
    assert press
    event = an_arrival().model_copy(update={"arrived_at": datetime.now(UTC)})
    opens(clean, event)
    return str(case_of(clean, event)["id"])


def row(site: Site) -> dict[str, Any]:
    (found,) = site.rows('select * from review."case"')
    return found


def watch(site: Site, day: date) -> None:
    with site.session("review") as session:
        watching.recount(session)
        watching.tell(session, day)
        session.commit()


def told(site: Site) -> list[tuple[str, str]]:
    rows = site.rows("select type, data from bus.event where type in ('case.due-soon.v1', 'case.overdue.v1') order by id")
    return [(one["type"].split(".")[1], one["data"]["due_on"]) for one in rows]


def test_a_case_is_due_from_its_arrival_and_the_clock_says_how_it_stands(
    clean: Site, desk: TestClient, press: str, case: str
) -> None:
    last = after(today(), 20)
    assert row(clean)["due_on"] == last
    (event,) = clean.rows("select data from bus.event where type = 'case.opened.v1'")
    assert event["data"]["due_on"] == last.isoformat()
    answer = desk.get(f"/v1/cases/{case}/clock", headers=bearer(press)).json()
    assert answer == {
        "working_days": True,
        "period": 20,
        "used": 0,
        "left": 20,
        "due_on": last.isoformat(),
        "stands": False,
        "stage": row(clean)["stage"],
        "stage_due_on": answer["stage_due_on"],
        "forecast": {"on": last.isoformat(), "basis": "standard-period", "cases": 0, "early": None, "late": None},
        "pauses": [],
    }
    page = desk.get(f"/desk/cases/{case}", headers=bearer(press) | {"accept-language": "en"}).text
    assert "20 working days left" in page
    outsider = clean.a_reviewer("kinki-bureau", email="kinki@example.go.jp")
    assert desk.get(f"/v1/cases/{case}/clock", headers=bearer(outsider)).status_code == 404


def test_while_a_correction_is_open_there_is_no_last_day_and_after_it_a_later_one(
    clean: Site, desk: TestClient, press: str, case: str
) -> None:
    clean.run("""update review."case" set arrived_at = now() - interval '21 days'""")
    assert on.ask(desk, press, case).status_code == 201
    assert (row(clean)["due_on"], row(clean)["tell_on"]) == (None, None)
    answer = desk.get(f"/v1/cases/{case}/clock", headers=bearer(press)).json()
    assert (answer["stands"], answer["due_on"], answer["left"]) == (True, None, 20 - answer["used"])
    assert "The clock stands" in desk.get(f"/desk/cases/{case}", headers=bearer(press) | {"accept-language": "en"}).text
    clean.run("update review.pause set began_at = began_at - interval '14 days'")
    assert desk.post(f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press)).status_code == 200
    stood = between(today() - timedelta(days=14), today())
    arrived = today() - timedelta(days=21)
    assert row(clean)["due_on"] == after(after(arrived, 20), stood)
    (event,) = clean.rows("select data, sequence from bus.event where type = 'case.rescheduled.v1'")
    assert event["data"]["due_on"] == row(clean)["due_on"].isoformat()


def test_the_official_is_warned_once_before_and_told_once_after(clean: Site, case: str) -> None:
    assert case
    last, near = row(clean)["due_on"], row(clean)["near_on"]
    assert between(near, last) == 4  # a fifth of the period
    for day in (
        near - timedelta(days=1),
        near,
        near + timedelta(days=1),
        last,
        last + timedelta(days=1),
        last + timedelta(days=9),
    ):
        watch(clean, day)
        watch(clean, day)
    assert told(clean) == [("due-soon", last.isoformat()), ("overdue", last.isoformat())]
    clean.deliver_all()
    mails = clean.rows(
        "select template, recipient from notify.message where channel = 'email' and template like 'case-%due%' order by id"
    )
    assert [tuple(one.values()) for one in mails] == [
        ("case-due-soon", "press@example.go.jp"),
        ("case-overdue", "press@example.go.jp"),
    ]
    assert row(clean)["tell_on"] is None


def test_of_a_new_last_day_the_official_hears_again_but_not_of_the_same(
    clean: Site, desk: TestClient, press: str, case: str
) -> None:
    watch(clean, row(clean)["due_on"])
    assert on.ask(desk, press, case).status_code == 201
    watch(clean, row(clean)["opened_at"].date() + timedelta(days=100))  # it stands: nothing is due
    assert desk.post(f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press)).status_code == 200
    watch(clean, row(clean)["due_on"])  # closed on the day it was asked for: the same last day
    assert len(told(clean)) == 1
    assert on.ask(desk, press, case).status_code == 201
    clean.run("""update review."case" set arrived_at = arrived_at - interval '14 days'""")
    clean.run("update review.pause set began_at = began_at - interval '13 days' where ended_at is null")
    assert desk.post(f"/v1/cases/{case}/correction/closing", json={}, headers=bearer(press)).status_code == 200
    watch(clean, row(clean)["due_on"])
    assert [kind for kind, _ in told(clean)] == ["due-soon", "due-soon"]


def test_what_another_calendar_counted_is_counted_again_and_a_decided_case_knows_how_long_it_took(
    clean: Site, desk: TestClient, press: str, case: str
) -> None:
    last = row(clean)["due_on"]
    clean.run("""update review."case" set counted_by = '', due_on = null, near_on = null, tell_on = null""")  # as before 0007
    watch(clean, today())
    assert row(clean)["due_on"] == last
    clean.run("""update review."case" set arrived_at = arrived_at - interval '7 days'""")
    assert decide(desk, press, UUID(case), "approve").status_code == 200
    assert row(clean)["took_days"] == between(today() - timedelta(days=7), today())
    clean.run("""update review."case" set took_days = null""")
    watch(clean, today())
    assert row(clean)["took_days"] is not None


def test_two_workers_at_the_same_time_tell_of_each_last_day_once(clean: Site, press: str) -> None:
    assert press
    opens(clean, *(an_arrival() for _ in range(20)))
    day = clean.value('select max(due_on) from review."case"') + timedelta(days=1)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _: watch(clean, day), range(4)))
    subjects = [one["subject"] for one in clean.rows("select subject from bus.event where type = 'case.overdue.v1'")]
    assert len(subjects) == len(set(subjects)) == 20


def test_a_worker_that_is_killed_before_its_commit_has_told_nobody_and_the_next_one_does(clean: Site, case: str) -> None:
    assert case
    day = row(clean)["due_on"]
    with clean.session("review") as session:
        watching.tell(session, day)  # and no commit
    assert told(clean) == []
    watch(clean, day)
    assert told(clean) == [("due-soon", day.isoformat())]


# the forecast


def test_the_forecast_is_what_the_office_needed_lately_from_this_stage_on(
    clean: Site, desk: TestClient, press: str, case: str
) -> None:
    clean.run("""update review."case" set stage_since = now() - interval '7 days'""")
    # eleven cases that were in the stage for 1 to 30 days and longer than this one was: those tell
    opens(clean, *(an_arrival() for _ in range(12)))
    others = clean.rows('select id from review."case" where id <> cast(:id as uuid) order by id', id=case)
    for number, other in enumerate(others):
        clean.run(
            """update review.step set entered_at = now() - make_interval(days => :days) where case_id = :id""",
            id=other["id"],
            days=7 * (number + 1),
        )
        clean.run(
            """update review."case" set state = 'decided', decision = 'approve', decided_at = now(), decided_by = official_id
            where id = :id""",
            id=other["id"],
        )
    answer = desk.get(f"/v1/cases/{case}/clock", headers=bearer(press)).json()["forecast"]
    spent = between(today() - timedelta(days=7), today())
    needed = [between(today() - timedelta(days=7 * weeks), today()) for weeks in range(1, 13)]
    assert (answer["basis"], answer["cases"]) == ("history", 12)
    assert answer["early"] == after(today(), needed[1] - spent).isoformat()
    assert answer["on"] == after(today(), needed[5] - spent).isoformat()
    assert answer["late"] == after(today(), needed[10] - spent).isoformat()
    assert answer["early"] < answer["on"] < answer["late"]
    assert "from the last 12 decisions" in desk.get(f"/desk/cases/{case}", headers=bearer(press) | {"accept-language": "en"}).text
    # one that has been there for longer than most needed is measured by the few who needed longer: too few to tell
    clean.run("""update review."case" set stage_since = now() - interval '35 days' where id = cast(:id as uuid)""", id=case)
    answer = desk.get(f"/v1/cases/{case}/clock", headers=bearer(press)).json()["forecast"]
    assert (answer["basis"], answer["on"]) == ("standard-period", row_of(clean, case)["due_on"].isoformat())


def row_of(site: Site, case: str) -> dict[str, Any]:
    (found,) = site.rows('select * from review."case" where id = cast(:id as uuid)', id=case)
    return found


def test_a_stage_has_a_last_day_of_its_own() -> None:
    begun, asked = at("2026-11-02"), at("2026-11-05", 15)
    assert ends(Period(days=3, working=True), begun, []) == date(2026, 11, 6)  # the 3rd is a holiday
    assert ends(Period(days=4, working=True), begun, [(asked, at("2026-11-12", 9))]) == date(2026, 11, 16)
    assert ends(Period(days=5, working=False), begun, []) == date(2026, 11, 9)  # the 7th is a Saturday
    assert ends(Period(days=4, working=True), begun, [(asked, None)]) is None
