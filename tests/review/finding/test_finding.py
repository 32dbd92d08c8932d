"""A case is found by what is in it, however it is written, and by whoever may see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import select

from services.review.finding import finding, keys
from services.review.finding.finding import Filter
from services.review.finding.renewing import renew
from services.review.models import Case
from shared.events import Applicant, ApplicationArrived
from shared.i18n import JST
from shared.identity.callers import Callers
from tests.review.parts import CASES, an_arrival, case_of, in_prefecture, opens
from tests.site import KOEN, Site, bearer

KINKI = "kinki-bureau"
Find = Callable[..., list[str]]


def renewed(site: Site) -> None:
    """Let the errand do its work."""
    with site.session("review") as session:
        while renew(session):
            session.commit()


@pytest.fixture
def find(clean: Site, desk: TestClient) -> Find:
    """The subjects of the cases that an official of two groups finds."""
    key = clean.a_reviewer(KINKI, "public-relations", email="finder@example.go.jp")

    def found(**query: Any) -> list[str]:
        renewed(clean)
        given = {name: value for name, value in query.items() if value is not None}
        answer = desk.get(CASES, params=given, headers=bearer(key))
        assert answer.status_code == 200, answer.text
        return [row["application_id"] for row in answer.json()]

    return found


def by(name: str, number: str | None = None, **answers: Any) -> ApplicationArrived:
    """An application of an organisation."""
    applicant = Applicant(organisation_id=uuid4(), name=name, corporate_number=number)
    return an_arrival(KOEN, **answers).model_copy(update={"applicant": applicant})


@pytest.mark.parametrize(
    "wanted",
    [
        "林産業",
        "ハヤシサンギョウ 林",
        "林",
        "ﾊﾔｼｻﾝｷﾞｮｳ",
        "はやしさんぎょう",
        "(株)林産業",
        "㈱林産業",
        "8040001999011",
        "8040001999",
        "ＳＵＧＩ　フェア",
        "Sugi",
    ],
)
def test_a_case_is_found_however_it_is_written(clean: Site, find: Find, wanted: str) -> None:
    wood = by("株式会社 林産業", "8040001999011", event="Sugi フェア（ハヤシサンギョウ）")
    other = by("海山商会", "7000012050002", event="Suginami 市場")
    wood = wood.model_copy(update={"applicant": wood.applicant.model_copy(update={"name": "（株）林産業"})})
    opens(clean, wood, other)
    assert wood.subject in find(q=wanted)
    if wanted != "Sugi":
        assert find(q=wanted) == [wood.subject]


def test_all_words_have_to_be_there_and_pairs_alone_are_not_enough(clean: Site, find: Find) -> None:
    event = by("大阪市場", event="会場大阪")  # 場大 is here, and 阪市, but no 市場大阪
    opens(clean, event)
    assert find(q="大阪市場 会場大阪") == [event.subject]
    assert find(q="大阪市場 神戸") == find(q="市場大阪") == []
    assert find(q="%") == find(q="・") == [event.subject]  # nothing to search for


def test_what_was_corrected_is_found_and_what_is_gone_is_not(clean: Site, find: Find) -> None:
    event = by("株式会社窓口", event="旧名称の催事")
    opens(clean, event)
    assert find(q="旧名称") == [event.subject]
    with clean.session("review") as session:
        case = session.exec(select(Case)).one()
        case.answers = case.answers | {"event": "新名称の催事"}
        session.add(case)
        session.commit()
    assert find(q="新名称") == [event.subject]
    assert find(q="旧名称") == []


def test_numbers_are_found_as_they_are(clean: Site, find: Find) -> None:
    one = an_arrival().model_copy(update={"receipt_number": "R20261125-0000012", "arrival_number": "A20261125-0000007"})
    other = an_arrival().model_copy(update={"receipt_number": "R20261125-0000123", "arrival_number": "A20261125-0000012"})
    opens(clean, one, other)
    assert find(q="r20261125-0000012") == [one.subject]
    assert find(q="Ｒ20261125-0000012 A20261125-0000007") == [one.subject]
    assert find(q="0000123") == [other.subject]


def test_many_hits_are_found_in_their_order_too(clean: Site, find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [by("窓口商会", event=f"第{number}回") for number in range(5)]
    opens(clean, *events, by("海山"))
    monkeypatch.setattr(finding, "FEW", 2)
    assert find(q="商会") == [one.subject for one in reversed(events)]


def test_a_search_names_the_cases_up_to_a_limit_and_above_it_none(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    opens(clean, *(by("窓口商会", event=f"第{number}回") for number in range(3)), by("海山"))
    renewed(clean)
    held = {str(row["case_id"]) for row in clean.rows("select case_id from review.finding where text like '%窓口商会%'")}
    for few, named in ((3, held), (2, None)):
        monkeypatch.setattr(finding, "FEW", few)
        with clean.session("review") as session:
            hits = finding.look_up(session, Filter(q="商会"))
            assert (hits.few if hits.few is None else set(hits.few)) == named
            assert finding.look_up(session, Filter(q="存在")).few == []


def test_nothing_is_found_of_other_groups(clean: Site, desk: TestClient, find: Find) -> None:
    hidden = in_prefecture("01")
    opens(clean, hidden)
    case = case_of(clean, hidden)
    assert find(q=case["applicant"]["name"]) == find(group="hokkaido-bureau") == find(application_id=hidden.subject) == []
    north = clean.a_reviewer("hokkaido-bureau", email="h@example.go.jp")
    assert len(desk.get(CASES, params={"q": case["applicant"]["name"]}, headers=bearer(north)).json()) == 1


def is_refused(site: Site, event: ApplicationArrived) -> None:
    """The case of an application is decided, without the way there."""
    site.run(
        """update review."case" set state = 'decided', decision = 'refuse', decided_at = now(), decided_by = gen_random_uuid()
        where application_id = :id""",
        id=event.subject,
    )


def test_filters_narrow_and_together_more_so(clean: Site, find: Find) -> None:
    now = datetime.now(UTC)
    old = by("一").model_copy(update={"arrived_at": now - timedelta(days=40)})
    new, other = by("二"), in_prefecture("27")
    opens(clean, new, other, old)
    finder = clean.account("finder@example.go.jp").id
    day = (now - timedelta(days=35)).date().isoformat()
    assert find() == [other.subject, new.subject, old.subject]
    assert find(sort="oldest") == [old.subject, new.subject, other.subject]
    assert find(procedure=KOEN, arrived_to=day) == find(arrived_to=day) == [old.subject]
    assert find(group=KINKI) == find(procedure="denki-yohin-todokede") == [other.subject]
    assert find(arrived_from=day, procedure=KOEN) == [new.subject]
    assert len(find(official=str(finder))) == len(find(mine=True)) == 3
    clean.run('update review."case" set official_id = null where application_id = :id', id=new.subject)
    assert find(unassigned=True) == [new.subject]
    is_refused(clean, old)
    assert find(decision="refuse") == find(state="decided") == [old.subject]
    assert find(decision="refuse", state="open") == []
    clean.run("update review.finding set asked = 5000 where case_id = :id", id=case_of(clean, new)["id"])
    assert find(amount_from=5000) == find(amount_to=6000) == [new.subject]
    assert find(amount_from=5001) == []


def test_last_days_narrow_and_order(clean: Site, find: Find) -> None:
    late, soon, paused = by("一"), by("二"), by("三")
    opens(clean, paused, soon, late)
    today = datetime.now(JST).date()
    for one, due_on in ((late, today - timedelta(days=1)), (soon, today), (paused, None)):
        clean.run('update review."case" set due_on = :due where application_id = :id', due=due_on, id=one.subject)
    assert find(overdue=True) == [late.subject]
    assert find(due_to=today.isoformat()) == [soon.subject, late.subject]
    assert find(sort="due") == [late.subject, soon.subject]
    assert find(sort="due", before=case_of(clean, late)["id"]) == [soon.subject]
    is_refused(clean, late)
    assert find(overdue=True) == []


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_pages_of_a_list_hold_each_case_once(clean: Site, find: Find, sort: str) -> None:
    at = datetime.now(UTC)  # several of the same moment
    opens(clean, *(an_arrival().model_copy(update={"arrived_at": at + timedelta(seconds=n // 3)}) for n in range(7)))
    whole = find(sort=sort)
    pages: list[str] = []
    ids = {str(row["application_id"]): row["id"] for row in clean.rows('select id, application_id from review."case"')}
    while some := find(sort=sort, limit=2, before=ids[pages[-1]] if pages else None):
        pages += some
    assert pages == whole
    assert find(before=str(uuid4())) == []


@pytest.mark.parametrize("query", [{"q": "a\0"}, {"q": "x" * 201}, {"amount_from": -1}, {"unknown": 1}, {"procedure": "A b"}])
def test_a_filter_that_cannot_be_is_refused(find: Find, desk: TestClient, clean: Site, query: dict[str, Any]) -> None:
    assert find() == []
    key = clean.a_reviewer(KINKI, email="x@example.go.jp")
    assert desk.get(CASES, params=query, headers=bearer(key)).status_code == 422


def test_counting_ends_where_it_says_nothing_more(clean: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    opens(clean, *(an_arrival() for _ in range(4)))
    key = clean.a_reviewer("public-relations")
    monkeypatch.setattr(finding, "COUNTED", 2)
    with clean.session("review") as session:
        caller = Callers().by_key(session, key)
        assert caller is not None
        assert finding.counted(session, caller, Filter()) == 3
        assert finding.counted(session, caller, Filter(state="decided")) == 0


def test_states_are_written_out_so_that_partial_indexes_are_used(clean: Site) -> None:
    seen: list[str] = []
    with clean.session("review") as session:
        caller = Callers().by_key(session, clean.a_reviewer("public-relations"))
        assert caller is not None
        event.listen(session.get_bind(), "before_cursor_execute", lambda *it: seen.append(it[2]))
        finding.listed(session, caller, Filter(state="open"))
    assert any("""state in ('open', 'correcting')""" in one and "state = 'open'" in one for one in seen)


def test_pieces_of_a_word_are_pieces_of_every_text_that_holds_it() -> None:
    text = keys.plain("株式会社abcdefg林A1令和8年10000円")
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            assert set(keys.grams_of(text[start:end])) <= keys.grams(text), text[start:end]
