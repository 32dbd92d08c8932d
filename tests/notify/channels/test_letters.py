"""Letters lie ready for the print room as PDF, their address in the envelope's window, until somebody printed them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader

from services.notify.channels.letters.carrier import NO_STORAGE, LetterCarrier
from services.notify.channels.letters.sheet import Letter, address_lines, drawn
from services.notify.printing import letters
from services.notify.settings import Settings
from services.notify.wording.rendering import Wordings
from shared.operation.acts import Operator
from shared.settings import load
from shared.storage import storage_at
from tests.notify.parts import make_due, write_to
from tests.site import Site, bearer

ADDRESS = "〒540-0008\n大阪府大阪市中央区大手前１－５－４４\n株式会社窓口電機"


def letter_to(site: Site, address: str = ADDRESS) -> None:
    """A message that an application arrived, as a letter."""
    write_to(site, "a@example.com")
    site.run("update notify.message set channel = 'letter', recipient = :address", address=address)


def send(settings: Settings) -> int:
    """What the errand does."""
    from services.notify.sending.sending import send_some
    from services.notify.tasks import engine

    return send_some(engine, "letter", LetterCarrier(settings, Wordings(engine, settings), engine))[0]


def the_message(site: Site) -> dict[str, Any]:
    (found,) = site.rows("select * from notify.message")
    return found


def said(text: str) -> str:
    """Text as pypdf finds it."""
    return text.replace("\0", "")


def plain(text: str) -> str:
    """Without blanks, which pypdf puts in and leaves out."""
    return "".join(text.split())


def test_a_letter_has_its_address_in_the_window_and_counts_its_pages() -> None:
    body = "\n\n".join(f"{number}　申請の内容について、次のとおり通知します。" * 12 for number in range(12))
    at = datetime(2026, 11, 25, tzinfo=UTC)
    letter = Letter(address_lines(ADDRESS, "窓口 花子", "ja"), "申請が到達しました", body, at, "ja", "窓口")
    pdf = drawn(letter)
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) > 1
    placed: list[tuple[str, float, float]] = []

    def place(text: str, cm: list[float], tm: list[float], *_: Any) -> None:
        placed.append((said(text), tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]))

    reader.pages[0].extract_text(visitor_text=place)
    height, mm = float(reader.pages[0].mediabox.height), 72 / 25.4
    window = "".join(text for text, x, y in placed if 20 <= x / mm <= 105 and 15 <= (height - y) / mm <= 60)
    assert plain("".join([*ADDRESS.split("\n"), "窓口 花子 様"])) == plain(window)
    texts = [said(page.extract_text()) for page in reader.pages]
    assert [f"{number}/{len(texts)}" in plain(text) for number, text in enumerate(texts, start=1)] == [True] * len(texts)
    assert "令和8年11月25日" in plain(texts[0])
    assert drawn(letter) == pdf


def test_an_address_that_fits_no_window_is_refused() -> None:
    assert address_lines("A. Sender\n1 Road\nTown", "A. Sender", "en") == ["A. Sender", "1 Road", "Town"]
    for wrong in ("", "only one", "\n".join("123456789"), "a\n" + "b" * 101):
        with pytest.raises(ValueError, match="an address has"):
            address_lines(wrong, "", "en")


def test_a_letter_waits_for_the_print_room_is_collected_once_and_then_printed(
    clean: Site, post_office: TestClient, tmp_path: Path
) -> None:
    settings = load(Settings)
    letter_to(clean)
    assert send(settings) == 1
    message = the_message(clean)
    assert (message["state"], message["completed_at"]) == ("sent", None)
    operator = bearer(clean.an_operator())
    (shown,) = post_office.get("/v1/letters", headers=operator).json()
    assert (shown["id"], shown["collected_at"]) == (str(message["id"]), None)
    pdf = post_office.get(f"/v1/letters/{message['id']}/pdf", headers=operator)
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert "株式会社窓口電機" in said(PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text())
    storage = storage_at(settings.storage)
    with clean.session("notify") as session:
        assert letters.collect(session, storage, tmp_path) == 1
        assert letters.collect(session, storage, tmp_path) == 0
        assert letters.collect(session, storage, tmp_path / "again", again=True) == 1
    (line,) = csv.DictReader((tmp_path / letters.MANIFEST).read_text(encoding="utf-8").splitlines())
    assert (tmp_path / line["file"]).read_bytes() == pdf.content
    assert "窓口" not in (tmp_path / letters.MANIFEST).read_text(encoding="utf-8")
    with clean.session("notify") as session:
        ids = list(letters.ids_in(tmp_path / letters.MANIFEST))
        by = Operator(None, "印刷 室子")
        assert [letters.printed(session, by, ids), letters.printed(session, by, ids)] == [1, 0]
        session.commit()
    assert the_message(clean)["state"] == "delivered"
    assert post_office.get("/v1/letters", headers=operator).json() == []
    assert clean.value("select count(*) from operation.act where act = 'letter.printed'") == 1


def test_operators_alone_see_letters_and_mark_them(clean: Site, post_office: TestClient) -> None:
    letter_to(clean)
    assert send(load(Settings)) == 1
    ids = [str(the_message(clean)["id"])]
    for key in (clean.an_applicant(), clean.a_reviewer("kinki")):
        assert post_office.get("/v1/letters", headers=bearer(key)).status_code == 403
        assert post_office.get(f"/v1/letters/{ids[0]}/pdf", headers=bearer(key)).status_code == 403
        assert post_office.post("/v1/letters/printed", json={"ids": ids}, headers=bearer(key)).status_code == 403
    operator = bearer(clean.an_operator())
    assert post_office.post("/v1/letters/printed", json={"ids": ids}, headers=operator).json() == {"printed": 1}


def test_what_cannot_be_made_fails_and_says_why(clean: Site) -> None:
    letter_to(clean, "\n".join("123456789"))
    assert send(load(Settings)) == 0
    assert "an address has 2 to 8 lines" in the_message(clean)["error"]
    clean.run("update notify.message set state = 'created'")
    make_due(clean)
    assert send(load(Settings).model_copy(update={"storage": ""})) == 0
    assert the_message(clean)["error"] == NO_STORAGE
