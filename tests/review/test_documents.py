"""What a decision makes: set once, numbered once, verified by everybody, replaced, revoked, sent on paper."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlmodel import select

from services.review.documents import making, routes, unfetched
from services.review.models import Document
from services.review.settings import Settings
from shared.buckets import Buckets
from shared.bus.publish import publish
from shared.database import new_id
from shared.events import Contact, DocumentIssued, ProcedureRef
from shared.few import Few
from shared.settings import load
from shared.storage import StorageError, storage_at
from shared.typesetting import typesetting
from tests.flows import corrections as on
from tests.site import DENKI, ONE_STAGE, Site, bearer, eventually

WHY = {"reason": "記載の誤りのため"}


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def case(clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str) -> str:
    """A case that was approved; what that makes is not made yet."""
    found = on.case_of(clean, on.filed(clean, counter, key))
    assert on.decide(desk, press, found).status_code == 200
    return found


def documents(desk: TestClient, press: str, case: str) -> list[dict[str, Any]]:
    answer = desk.get(f"/v1/cases/{case}/documents", headers=bearer(press))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def application_of(site: Site) -> str:
    """The one application."""
    return str(site.value('select application_id from review."case"'))


def act(desk: TestClient, press: str, case: str, document: str, what: str, **body: Any) -> httpx.Response:
    answer: httpx.Response = desk.post(f"/v1/cases/{case}/documents/{document}/{what}", json=body, headers=bearer(press))
    return answer


def content(desk: TestClient, press: str, case: str, document: str) -> bytes:
    answer = desk.get(f"/v1/cases/{case}/documents/{document}/content", headers=bearer(press))
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)


def says(pdf: bytes) -> str:
    """The text of a PDF, without its blanks."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_a_decision_makes_its_document_and_the_applicant_gets_those_very_bytes(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, case: str
) -> None:
    (waiting,) = documents(desk, press, case)
    assert (waiting["state"], waiting["title"], waiting["number"][:2]) == ("waiting", "後援名義使用承認書", "令和")
    assert waiting["number"].endswith("年度 後援第1号")
    application = application_of(clean)
    assert counter.get(f"/v1/applications/{application}/documents", headers=bearer(key)).json() == []
    clean.deliver_all()
    (made,) = documents(desk, press, case)
    assert (made["state"], made["number"], made["failure"]) == ("in-force", waiting["number"], "")
    (mine,) = counter.get(f"/v1/applications/{application}/documents", headers=bearer(key)).json()
    fetched = counter.get(f"/v1/applications/{application}/documents/{mine['id']}", headers=bearer(key))
    assert fetched.content == content(desk, press, case, made["id"])
    assert hashlib.sha256(fetched.content).hexdigest() == made["sha256"] == mine["sha256"]
    text = says(fetched.content)
    for said in (
        "株式会社窓口電機様",
        "大臣官房広報室",
        "（公印省略）",
        "中小企業デジタル化フェア",
        made["code"],
        "承認します。",
    ):
        assert said in text, said
    assert made["number"].replace(" ", "") in text
    info = PdfReader(io.BytesIO(fetched.content))
    assert info.metadata is not None
    assert (info.metadata.title, info.metadata.author) == (f"後援名義使用承認書 {made['number']}", "大臣官房広報室")
    assert b"pdfuaid" in fetched.content, "everybody can read it (ISO 14289-1)"


def test_a_refusal_says_why_and_how_to_appeal(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    case = on.case_of(clean, on.filed(clean, counter, key))
    why = '公益性の基準を満たさないため。\n#panic("x") *a* $b$ @c <d>'
    assert on.decide(desk, press, case, "refuse", reasons=why).status_code == 200
    clean.deliver_all()
    (made,) = documents(desk, press, case)
    text = says(content(desk, press, case, made["id"]))
    assert "".join(why.split()) in text
    assert "審査請求をすることができます。" in text
    assert made["title"] == "後援名義使用不承認通知書"


def test_killed_between_putting_away_and_committing_there_is_one_document_with_one_number(
    clean: Site, desk: TestClient, *, press: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = documents(desk, press, case)[0]["number"]

    class Killed(BaseException):
        """As a process that is killed: nothing of its transaction is left."""

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(making, "publish", die)
        with pytest.raises(Killed):
            run(clean)
    assert documents(desk, press, case)[0]["state"] == "waiting"
    assert run(clean) == 1
    assert run(clean) == 0
    clean.deliver_all()
    (made,) = documents(desk, press, case)
    assert (made["number"], made["state"]) == (before, "in-force")
    assert clean.value("select count(*) from bus.event where type = 'document.issued.v1'") == 1
    assert clean.value("select count(*) from intake.document") == 1
    assert hashlib.sha256(content(desk, press, case, made["id"])).hexdigest() == made["sha256"]


def run(site: Site, **changes: Any) -> int:
    """What the worker's errand does."""
    from services.review.tasks import engine

    settings = load(Settings).model_copy(update=changes)
    return making.make_some(engine, storage_at(str(site.storage)), settings, None)


def test_what_cannot_be_made_waits_and_is_tried_again(
    clean: Site, desk: TestClient, *, press: str, case: str, tmp_path: Path
) -> None:
    (tmp_path / "public-relations.png").write_bytes(b"no image")
    assert run(clean, seals=str(tmp_path)) == 1
    (waiting,) = documents(desk, press, case)
    assert (waiting["state"], waiting["failure"][:7]) == ("waiting", "BadSeal")
    assert run(clean) == 0, "it is tried again later"
    clean.run("update review.document set next_attempt_at = now()")
    (tmp_path / "public-relations.png").unlink()
    seal = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7v7h-7z" fill="#c00"/></svg>'
    (tmp_path / "public-relations.svg").write_text(seal)
    assert run(clean, seals=str(tmp_path)) == 1
    (made,) = documents(desk, press, case)
    assert (made["state"], made["failure"]) == ("in-force", "")
    assert "公印省略" not in says(content(desk, press, case, made["id"]))


def test_when_the_bytes_cannot_be_read_nobody_has_fetched_them(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean.deliver_all()
    (made,) = documents(desk, press, case)
    path = f"/v1/applications/{application_of(clean)}/documents/{made['id']}"

    def broken(_: str) -> None:
        raise StorageError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(counter.app.state.storage, "open", broken)  # type: ignore[attr-defined] # a FastAPI application
        assert counter.get(path, headers=bearer(key)).status_code == 503
    assert clean.value("select fetched_at from intake.document") is None
    assert counter.get(path, headers=bearer(key)).status_code == 200


def test_everybody_can_tell_the_true_one_from_one_with_a_byte_changed(
    clean: Site, desk: TestClient, *, press: str, case: str
) -> None:
    clean.deliver_all()
    (made,) = documents(desk, press, case)
    true = content(desk, press, case, made["id"])
    false = true[:2000] + bytes([true[2000] ^ 1]) + true[2001:]
    page = desk.get(f"/verify/{made['code']}", params={"lang": "ja"})
    assert (page.status_code, page.headers["x-robots-tag"]) == (200, "noindex, nofollow")
    for said in (made["number"], made["sha256"], "後援名義使用承認書", "大臣官房広報室", "有効"):
        assert said in page.text, said
    assert "窓口電機" not in page.text
    for form in ({"code": made["code"]}, {}):
        same = desk.post("/verify?lang=ja", data=form, files={"file": ("a.pdf", true)})
        other = desk.post("/verify?lang=ja", data=form, files={"file": ("a.pdf", false)})
        assert "交付された文書そのものです" in same.text
        assert "交付された文書ではありません" in other.text
        assert "窓口電機" not in same.text + other.text
    typed = made["code"].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    answer = desk.get(f"/v1/verifications/{typed}", params={"sha256": made["sha256"].upper()}).json()
    assert (answer["same"], answer["state"], answer["number"]) == (True, "in-force", made["number"])
    assert set(answer) == {"code", "number", "title", "office", "issued_at", "state", "ended_at", "sha256", "same"}
    assert desk.get(f"/v1/verifications/{made['code']}", params={"sha256": "0" * 64}).json()["same"] is False
    assert desk.get("/v1/verifications/0000-0000-0000-0000").status_code == 404
    assert desk.get("/verify/0000-0000-0000-0000").status_code == 404
    assert desk.post("/verify", data={"sha256": "xyz"}).status_code == 422
    assert (
        desk.get("/verify", params={"code": made["code"]}, follow_redirects=False).headers["location"]
        == f"/verify/{made['code']}"
    )


def test_issued_again_the_one_before_is_replaced(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, case: str
) -> None:
    (first,) = documents(desk, press, case)
    assert act(desk, press, case, first["id"], "reissue", **WHY).status_code == 409, "it is being made"
    clean.deliver_all()
    assert act(desk, press, case, first["id"], "reissue", reason=" ").status_code == 422
    again = act(desk, press, case, first["id"], "reissue", **WHY, text="会場名を改めました。")
    assert again.status_code == 200, again.text
    clean.deliver_all()
    old, new = documents(desk, press, case)
    assert (old["state"], old["replaced_by"], old["ended_by_name"], old["end_reason"]) == (
        "replaced",
        new["id"],
        "広報 次郎",
        WHY["reason"],
    )
    assert (new["state"], new["replaces"]) == ("in-force", first["id"])
    assert new["number"] != old["number"]
    text = says(content(desk, press, case, new["id"]))
    assert f"{old['number']}に代えて".replace(" ", "") in text
    assert "会場名を改めました。" in text
    assert desk.get(f"/v1/verifications/{old['code']}").json()["state"] == "replaced"
    application = application_of(clean)
    mine = counter.get(f"/v1/applications/{application}/documents", headers=bearer(key)).json()
    assert {one["id"]: one["replaced_by"] for one in mine} == {old["id"]: new["id"], new["id"]: None}
    assert clean.value("select count(*) from notify.message where channel = 'email' and template = 'document'") == 2
    assert clean.value("select count(*) from notify.message where channel = 'email' and template = 'document-ended'") == 0
    assert act(desk, press, case, old["id"], "reissue", **WHY).status_code == 409
    assert desk.get(f"/desk/cases/{case}/documents/{old['id']}", headers=bearer(press)).status_code == 200


def test_revoked_everybody_sees_it_and_the_applicant_is_told(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, case: str
) -> None:
    clean.deliver_all()
    (made,) = documents(desk, press, case)
    stranger = clean.a_reviewer("grants", email="b@example.go.jp")
    assert act(desk, stranger, case, made["id"], "revocation", **WHY).status_code == 404
    assert act(desk, press, case, made["id"], "revocation", **WHY).status_code == 200
    clean.deliver_all()
    assert documents(desk, press, case)[0]["state"] == "revoked"
    assert "取消し済み" in desk.get(f"/verify/{made['code']}", params={"lang": "ja"}).text
    application = application_of(clean)
    (mine,) = counter.get(f"/v1/applications/{application}/documents", headers=bearer(key)).json()
    assert (mine["end_reason"], mine["ended_at"] is None) == (WHY["reason"], False)
    kinds = [one["kind"] for one in counter.get("/v1/notices", headers=bearer(key)).json()]
    assert kinds[0] == "document-ended"
    (mail,) = clean.rows("select recipient, filling from notify.message where template = 'document-ended'")
    assert mail["recipient"] == "applicant@example.com"
    assert WHY["reason"] not in str(mail["filling"]), "the page says why"
    assert act(desk, press, case, made["id"], "revocation", **WHY).status_code == 409
    assert clean.undone() == 0


def test_one_that_is_revoked_before_it_was_made_never_is(clean: Site, desk: TestClient, *, press: str, case: str) -> None:
    (waiting,) = documents(desk, press, case)
    assert act(desk, press, case, waiting["id"], "revocation", **WHY).status_code == 200
    clean.deliver_all()
    assert documents(desk, press, case)[0]["made_at"] is None
    assert clean.value("select count(*) from bus.event where type like 'document.%'") == 0


def later(site: Site, hours: float) -> int:
    """What the errand does so many hours from now."""
    with site.session("review") as session:
        looked_at = unfetched.pass_hours(session, datetime.now(UTC) + timedelta(hours=hours))
        session.commit()
    site.deliver_all()
    return looked_at


def test_what_nobody_fetches_is_reminded_of_and_then_goes_out_on_paper(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, case: str
) -> None:
    clean.deliver_all()
    (made,) = documents(desk, press, case)

    def mails(template: str) -> list[str]:
        return [
            row["recipient"]
            for row in clean.rows("select recipient from notify.message where channel = 'email' and template = :t", t=template)
        ]

    def to_send() -> list[str]:
        return [one["id"] for one in desk.get("/v1/documents", headers=bearer(press)).json()]

    assert (later(clean, 11), later(clean, 13), later(clean, 14)) == (0, 1, 0)
    assert mails("document-reminded") == ["applicant@example.com"]
    assert to_send() == []
    assert (later(clean, 25), later(clean, 26)) == (1, 0)
    assert mails("document-unfetched") == ["press@example.go.jp"]
    assert to_send() == [made["id"]]
    assert made["number"] in desk.get("/desk/documents", headers=bearer(press)).text
    assert desk.get("/v1/documents", headers=bearer(clean.a_reviewer("grants", email="g@example.go.jp"))).json() == []
    assert act(desk, press, case, made["id"], "paper").status_code == 200
    assert act(desk, press, case, made["id"], "paper").status_code == 409
    clean.deliver_all()
    assert to_send() == []
    application = application_of(clean)
    (mine,) = counter.get(f"/v1/applications/{application}/documents", headers=bearer(key)).json()
    assert mine["paper_sent_at"] is not None
    assert documents(desk, press, case)[0]["paper_sent_by"] == "広報 次郎"


def test_what_was_fetched_is_neither_reminded_of_nor_sent(clean: Site, counter: TestClient, *, key: str, case: str) -> None:
    assert case
    clean.deliver_all()
    (one,) = clean.rows("select id, application_id from intake.document")
    counter.get(f"/v1/applications/{one['application_id']}/documents/{one['id']}", headers=bearer(key))
    clean.deliver_all()
    assert later(clean, 50) == 0


def test_a_preview_is_a_specimen_without_number_and_code(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    case = on.case_of(clean, on.filed(clean, counter, key))
    path = f"/v1/cases/{case}/documents/preview"
    wanted = {"decision": "refuse", "reasons": "理由である。"}
    text = says(desk.post(path, json=wanted, headers=bearer(press)).content)
    assert "見本" in text
    assert "理由である。" in text
    assert "確認コード" not in text
    assert desk.post(path, json={"decision": "accept"}, headers=bearer(press)).status_code == 404
    ours = bearer(press) | {"origin": str(desk.base_url)}
    page = desk.post(f"/desk/cases/{case}/decision-preview", data={"decision": "approve"}, headers=ours)
    assert "後援名義使用承認書" in says(page.content)
    assert clean.value("select count(*) from review.document") == 0
    assert clean.value("select count(*) from review.document_serial") == 0


def test_who_looks_at_many_previews_holds_up_neither_case_nor_desk(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = on.case_of(clean, on.filed(clean, counter, key))
    monkeypatch.setattr(routes, "_WAITING", few := Few(1))

    def one() -> int:
        wanted = {"decision": "refuse", "reasons": "理由である。"}
        return int(desk.post(f"/v1/cases/{case}/documents/preview", json=wanted, headers=bearer(press)).status_code)

    with ThreadPoolExecutor(1) as hands:
        with typesetting._ONE_AT_A_TIME:  # another is being set
            waits = hands.submit(one)
            eventually(lambda: few._places._value == 0)
            assert clean.rows('select id from review."case" for update nowait')
            assert one() == 503
        assert waits.result() == 200
    assert clean.value("select count(*) from review.audit_entry where act = 'case.preview-document'") == 2


def test_numbers_have_no_gaps_and_each_procedure_counts_its_own(
    clean: Site, counter: TestClient, desk: TestClient, key: str
) -> None:
    official = clean.a_reviewer("public-relations", "kinki-bureau")
    for procedure, decision in ((ONE_STAGE, "approve"), (ONE_STAGE, "approve"), (DENKI, "accept"), (ONE_STAGE, "refuse")):
        case = on.case_of(clean, on.filed(clean, counter, key, procedure))
        assert on.decide(desk, official, case, decision, reasons="理由").status_code == 200
    with clean.session("review") as session:
        numbers = [one.number for one in session.exec(select(Document).order_by(Document.number))]
    assert [number.partition("年度 ")[2] for number in numbers] == ["後援不第3号", "後援第1号", "後援第2号", "電安受第1号"]


def test_what_an_older_desk_issued_is_made_and_told_of_once(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    case = on.case_of(clean, on.filed(clean, counter, key))
    application = application_of(clean)
    document = new_id()
    clean.run(
        """insert into review.document (id, case_id, number, title, text, issued_at, issued_by, issued_by_name)
        values (:id, cast(:case as uuid), 'D20261124-0000001', '通知書', '承認します。', now(), gen_random_uuid(), '広報')""",
        id=document,
        case=case,
    )
    told = DocumentIssued(
        subject=str(document),
        sequence=1,
        application_id=UUID(application),
        arrival_number="A",
        procedure=ProcedureRef(id=ONE_STAGE, version=1),
        contact=Contact(name="窓口 花子", email="applicant@example.com"),
        number="D20261124-0000001",
        title="通知書",
        text="承認します。",
        addressee="株式会社窓口電機",
        office="大臣官房広報室",
        issued_at=datetime.now(UTC),
    )
    with clean.session("review") as session:
        publish(session, told)
        session.commit()
    clean.deliver_all()
    (mine,) = counter.get(f"/v1/applications/{application}/documents", headers=bearer(key)).json()
    fetched = counter.get(f"/v1/applications/{application}/documents/{mine['id']}", headers=bearer(key))
    assert "承認します。" in says(fetched.content)
    (made,) = documents(desk, press, case)
    assert (made["number"], made["sha256"]) == ("D20261124-0000001", mine["sha256"])
    assert clean.value("select count(*) from notify.message where channel = 'email' and template = 'document'") == 1
    clean.deliver_all()
    assert clean.undone() == 0


def test_who_asks_too_fast_is_asked_to_wait(clean: Site, desk: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clean
    monkeypatch.setitem(desk.app.state._state, "verification_buckets", Buckets(0.05))  # type: ignore[attr-defined] # FastAPI's
    assert desk.get("/verify").status_code == 200
    for path in ("/verify", "/verify/0000-0000-0000-0000", "/v1/verifications/0000-0000-0000-0000"):
        answer = desk.get(path)
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)


def test_who_does_not_want_notices_electronically_gets_them_by_post_and_is_told_so(
    clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str
) -> None:
    contact = {"name": "窓口 花子", "email": "post@example.com", "electronic_notices": False}
    application = on.filed(clean, counter, key, contact=contact)
    case = on.case_of(clean, application)
    assert "決定の通知と文書を、書面で送ってください" in desk.get(f"/desk/cases/{case}", headers=bearer(press)).text
    assert on.decide(desk, press, case).status_code == 200
    clean.deliver_all()
    (made,) = documents(desk, press, case)
    assert made["by_post"]
    assert [one["id"] for one in desk.get("/v1/documents", headers=bearer(press)).json()] == [made["id"]]
    told = {
        row["template"]: row["state"]
        for row in clean.rows("select template, state, recipient from notify.message order by id")
        if row["recipient"] == "post@example.com"
    }
    # the notice itself does not go by mail: the office sees that it has to send it
    assert told == {"arrived": "created", "decided": "cancelled", "decided-by-post": "created", "document-by-post": "created"}
    assert later(clean, 25) == 0  # nobody is reminded to fetch what comes by post
    assert counter.get(f"/v1/applications/{application}/documents/{made['id']}", headers=bearer(key)).status_code == 200
    clean.deliver_all()
    assert len(desk.get("/v1/documents", headers=bearer(press)).json()) == 1  # looking at it here does not put it in the mailbox
    assert act(desk, press, case, made["id"], "paper").status_code == 200
    assert desk.get("/v1/documents", headers=bearer(press)).json() == []
