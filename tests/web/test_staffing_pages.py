"""Officials see who has which case and why, and change it by forms alone."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient

from services.review.staffing.absences import today
from tests.review.parts import in_prefecture, opens
from tests.site import Site
from tests.web.test_pages import sign_in

GROUP = "/desk/group/kinki-bureau"


def people(site: Site, *names: str) -> None:
    for name in names:
        duties = ["manager"] if name == "boss" else ["examiner"]
        site.a_reviewer("kinki-bureau", email=f"{name}@example.go.jp", name=name, duties=duties)


def signed_in(client: TestClient, site: Site, name: str) -> dict[str, str]:
    client.cookies.clear()  # or the sign-in before would end
    return sign_in(client, site, f"{name}@example.go.jp")


def the_case(site: Site) -> str:
    return str(site.value("""select id from review."case" order by id limit 1"""))


def test_a_manager_sees_his_group_and_makes_loads_level(counter_pages: TestClient, desk_pages: TestClient, clean: Site) -> None:
    people(clean, "one")
    opens(clean, *(in_prefecture("27") for _ in range(4)))
    people(clean, "two", "boss")
    one, boss = (signed_in(counter_pages, clean, name) for name in ("one", "boss"))
    assert "件数をならす" not in desk_pages.get(GROUP, headers=one).text
    assert desk_pages.get("/desk/group", headers=boss).headers["location"] == GROUP
    page = desk_pages.get(GROUP, headers=boss).text
    assert "件数をならす" in page
    assert f"{GROUP}/handover?official={clean.account('one@example.go.jp').id}" in page
    plan = desk_pages.get(f"{GROUP}/rebalance", headers=boss).text
    assert "2件の担当が替わります" in plan
    token = plan.partition('name="token" value="')[2].partition('"')[0]
    assert desk_pages.post(f"{GROUP}/rebalance", data={"token": "0" * 32}, headers=boss).status_code == 409
    assert desk_pages.get(f"{GROUP}/rebalance", headers=one).status_code == 403
    assert desk_pages.post(f"{GROUP}/rebalance", data={"token": token}, headers=boss).status_code == 303
    assert "動かす案件はありません" in desk_pages.get(f"{GROUP}/rebalance", headers=boss).text


def test_why_a_case_lies_where_it_lies_is_shown_and_it_is_given_to_somebody_else(
    counter_pages: TestClient, desk_pages: TestClient, clean: Site
) -> None:
    people(clean, "one", "boss")
    opens(clean, in_prefecture("27"))
    people(clean, "two")
    one, boss = (signed_in(counter_pages, clean, name) for name in ("one", "boss"))
    path = f"/desk/cases/{the_case(clean)}/assignment"
    assert path in desk_pages.get(f"/desk/cases/{the_case(clean)}", headers=one).text
    page = desk_pages.get(path, headers=one).text
    assert "手続の振り分け規則1" in page
    assert "担当を替える" not in page
    two = str(clean.account("two@example.go.jp").id)
    wrong = desk_pages.post(path, data={"act": "reassign", "official": two, "note": "x" * 1001}, headers=boss)
    assert wrong.status_code == 422
    done = desk_pages.post(path, data={"act": "reassign", "official": two, "note": "<急ぎ>"}, headers=boss)
    assert done.status_code == 303
    page = desk_pages.get(path, headers=boss).text
    assert "&lt;急ぎ&gt;" in page
    assert desk_pages.post(path, data={"act": "release"}, headers=one).status_code == 403
    assert desk_pages.post(path, data={"act": "own-conflict", "note": "親族"}, headers=one).headers["location"] == "/desk"
    assert desk_pages.get(path, headers=one).status_code == 404
    assert "親族" in desk_pages.get("/desk/absences", headers=one).text


def test_one_says_when_one_is_away_and_with_whom_one_has_a_conflict(
    counter_pages: TestClient, desk_pages: TestClient, clean: Site
) -> None:
    people(clean, "one", "two")
    one = signed_in(counter_pages, clean, "one")
    first, last = today(), today() + timedelta(days=5)
    form = {"starts_on": first.isoformat(), "ends_on": last.isoformat(), "deputy": str(clean.account("two@example.go.jp").id)}
    wrong = desk_pages.post("/desk/absences", data=form | {"ends_on": "2020-01-01"}, headers=one)
    assert (wrong.status_code, '<a href="#ends_on">' in wrong.text) == (422, True)
    assert desk_pages.post("/desk/absences", data=form | {"starts_on": "soon"}, headers=one).status_code == 422
    assert desk_pages.post("/desk/absences", data=form, headers=one).status_code == 303
    assert "本日不在" in desk_pages.get(GROUP, headers=one).text
    gone = str(clean.value("select id from review.absence"))
    assert desk_pages.post(f"/desk/absences/{gone}/removal", headers=one).status_code == 303
    assert desk_pages.post("/desk/conflicts", data={"party": "12", "reason": "x"}, headers=one).status_code == 422
    assert (
        desk_pages.post("/desk/conflicts", data={"party": "5010401067252", "reason": "元の勤務先"}, headers=one).status_code
        == 303
    )
    page = desk_pages.get("/desk/absences", headers=one).text
    assert "元の勤務先" in page
    ended = str(clean.value("select id from review.conflict"))
    assert desk_pages.post(f"/desk/conflicts/{ended}/end", headers=one).status_code == 303
    assert "元の勤務先" not in desk_pages.get("/desk/absences", headers=one).text
