"""Letters, by a template or as a PDF."""

from __future__ import annotations

from http.client import HTTPConnection
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from fpdf import FPDF
from notifications_python_client.errors import HTTPError
from pypdf import PdfReader

from services.notify.channels.letters.carrier import LetterCarrier
from services.notify.printing.letters import content, waiting
from services.notify.sending.sending import send_some
from services.notify.settings import Settings
from shared.settings import load
from shared.storage import storage_at
from tests.notify.clients.parts import Office, refusal

LINES = ["窓口 花子", "霞が関1-3-1", "東京都千代田区", "100-8901"]
ADDRESS = {"address_line_1": LINES[0], "address_line_2": LINES[1], "address_line_3": LINES[2], "postcode": LINES[3]}
VALUES = ADDRESS | {"name": "花子", "number": "A-1"}


def a_pdf() -> bytes:
    page = FPDF()
    page.add_page()
    return bytes(page.output())


def print_all(office: Office) -> dict[str, bytes]:
    """What waits for the print room once the errand was there."""
    from services.notify.tasks import engine, wordings

    settings = load(Settings)
    send_some(engine, "letter", LetterCarrier(settings, wordings, engine))
    with office.site.session("notify") as session:
        return {str(one.id): content(session, storage_at(settings.storage), one.id) for one in waiting(session)}


@pytest.mark.parametrize("token", [{}, {"Authorization": "Bearer a.b.c"}], ids=["none", "wrong"])
def test_nothing_large_is_read_of_who_has_no_token(office: Office, token: dict[str, str]) -> None:
    url = urlsplit(office.url)
    connection = HTTPConnection(url.hostname or "", url.port, timeout=10)
    connection.putrequest("POST", f"{url.path}/v2/notifications/letter")
    for name, value in {"Content-Length": "8000000", "Content-Type": "application/json", **token}.items():
        connection.putheader(name, value)
    connection.endheaders()  # and nothing of the body
    assert connection.getresponse().status == (403 if token else 401)
    connection.close()


def test_a_letter_is_accepted_with_its_address(office: Office) -> None:
    client = office.client()
    sent = client.send_letter_notification(str(office.templates["letter"]), VALUES, reference="L-1")
    assert sent["content"] == {"body": "こんにちは 花子 さん。受付番号は A-1 です。", "subject": "お知らせ A-1"}
    seen = client.get_notification_by_id(sent["id"])
    assert (seen["type"], seen["status"], seen["reference"]) == ("letter", "accepted", "L-1")
    assert [seen[f"line_{number}"] for number in range(1, 6)] == [*LINES, None]
    tried = office.client("test")
    done = tried.send_letter_notification(str(office.templates["letter"]), VALUES)
    assert tried.get_notification_by_id(done["id"])["status"] == "received"
    pdf = client.get_pdf_for_letter(sent["id"]).read()
    assert print_all(office) == {sent["id"]: pdf}
    assert client.get_notification_by_id(sent["id"])["status"] == "accepted"
    assert "こんにちは 花子" in PdfReader(BytesIO(pdf)).pages[0].extract_text().replace("\0", "")


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ({}, "personalisation address_line_1 is a required property"),
        ({"address_line_1": "A", "address_line_2": "B"}, "Address must be at least 3 lines"),
        ({f"address_line_{n}": "A" for n in range(1, 8)} | {"postcode": "1"}, "Address must be no more than 7 lines"),
        (ADDRESS | {"address_line_2": "―"}, "The first 2 lines of the address must include alphanumeric characters"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(office: Office, address: dict[str, str], text: str) -> None:
    values = {"name": "花子", "number": "A-1"} | address
    with pytest.raises(HTTPError) as caught:
        office.client().send_letter_notification(str(office.templates["letter"]), values)
    assert refusal(caught.value) == (400, "ValidationError", text)


def test_a_team_key_and_a_client_on_trial_send_no_letters(office: Office) -> None:
    with pytest.raises(HTTPError) as caught:
        office.client("team").send_letter_notification(str(office.templates["letter"]), VALUES)
    assert refusal(caught.value) == (403, "BadRequestError", "Cannot send letters with a team api key")
    office.change(trial=True)
    with pytest.raises(HTTPError) as caught:
        office.client().send_letter_notification(str(office.templates["letter"]), VALUES)
    assert refusal(caught.value) == (400, "BadRequestError", "Cannot send letters when service is in trial mode")
    assert office.client("test").send_letter_notification(str(office.templates["letter"]), VALUES)["id"]


def test_a_pdf_of_a_client_is_sent_as_it_is(office: Office) -> None:
    client, pdf = office.client(), a_pdf() + b"%" * 2_000_000 + b"\n%%EOF\n"  # larger than other requests may be
    sent = client.send_precompiled_letter_notification("P-1", BytesIO(pdf), postage="first")
    assert sent == {"id": sent["id"], "reference": "P-1", "postage": "first"}
    seen = client.get_notification_by_id(sent["id"])
    assert (seen["status"], seen["line_1"], seen["postage"]) == ("accepted", "Provided as PDF", "first")
    assert client.get_pdf_for_letter(sent["id"]).read() == pdf
    assert print_all(office) == {sent["id"]: pdf}
    other = Office.opened(office.site, office.url, "道路課").client()
    with pytest.raises(HTTPError) as caught:
        other.get_pdf_for_letter(sent["id"])
    assert refusal(caught.value)[:2] == (404, "NoResultFound")


@pytest.mark.parametrize(
    ("body", "status", "kind", "text"),
    [
        ({"content": "JVBERi0="}, 400, "BadRequestError", "Letter content is not a valid PDF"),
        ({"content": "***"}, 400, "BadRequestError", "Cannot decode letter content (invalid base64 encoding)"),
        ({"content": "x", "reference": None}, 400, "ValidationError", "reference None is not of type string"),
        (
            {"content": "x", "postage": "pigeon"},
            400,
            "ValidationError",
            "postage invalid. It must be either first, second or economy.",
        ),
    ],
)
def test_what_is_no_pdf_is_refused(office: Office, body: dict[str, Any], status: int, kind: str, text: str) -> None:
    with pytest.raises(HTTPError) as caught:
        office.client().post("/v2/notifications/letter", {"reference": "P-1"} | body)
    assert refusal(caught.value) == (status, kind, text)


def test_a_mail_has_no_pdf(office: Office) -> None:
    client = office.client()
    sent = client.send_email_notification("a@example.com", str(office.templates["email"]), {"name": "花子", "number": "A-1"})
    with pytest.raises(HTTPError) as caught:
        client.get_pdf_for_letter(sent["id"])
    assert refusal(caught.value) == (400, "ValidationError", "Notification is not a letter")
