"""What the counter does not take, and how it says so; nothing is half written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from shared.identity import callers
from shared.web.app import BODY_LIMIT
from tests.intake.parts import APPLICATIONS, file, places, recorded
from tests.site import DENKI, KOEN, Site, bearer, example


@pytest.fixture(autouse=True)
def nothing_recorded(clean: Site) -> Iterator[None]:
    """After each of these tests the file is empty."""
    yield
    assert recorded(clean) == 0


def refused(answer: httpx.Response, status: int, name: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:madoguchi:problem:{name}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_procedure_is_404(clean: Site, counter: TestClient) -> None:
    refused(file(counter, clean.an_applicant(), {"procedure": "nope", "answers": {}}), 404, "not-found")
    refused(counter.get("/v1/procedures/nope"), 404, "not-found")


@pytest.mark.parametrize("depth", [300, 1015])
@pytest.mark.parametrize("path", [APPLICATIONS, f"{APPLICATIONS}/check"])
def test_what_is_nested_without_end_is_said_to_be(clean: Site, counter: TestClient, path: str, depth: int) -> None:
    answers = '{"a":' * depth + '"\\u0000"' + "}" * depth
    body = f'{{"procedure": "{KOEN}", "answers": {answers}}}'
    refused(counter.post(path, content=body, headers=bearer(clean.an_applicant())), 422, "invalid")


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    *way, last = path.split("/")

    def apply(filing: dict[str, Any]) -> None:
        part: Any = filing
        for step in way:
            part = part[int(step)] if isinstance(part, list) else part[step]
        part[last] = value

    return apply


WRONG = [
    (change("answers/visitors", "many"), "/answers/visitors"),
    (change("answers/visitors", -1), "/answers/visitors"),
    (change("answers/visitors", 1.5), "/answers/visitors"),
    (change("answers/visitors", 10**30), "/answers/visitors"),
    (change("answers/fee", 10**16), "/answers/fee"),
    (change("answers/event", ""), "/answers/event"),
    (change("answers/event", "x" * 201), "/answers/event"),
    (change("answers/event", None), "/answers/event"),
    (change("answers/held/from", "2035-02-30"), "/answers/held/from"),
    (change("answers/held/to", "tomorrow"), "/answers/held/to"),
    (change("answers/venue/prefecture", "48"), "/answers/venue/prefecture"),
    (change("answers/venue/postal_code", "100-0013"), "/answers/venue/postal_code"),
    (change("answers/name_wanted", "king"), "/answers/name_wanted"),
    (change("answers/past", [{"year": "2024", "name": "x"}]), "/answers/past/0/year"),
    (change("answers/past", [{"year": 2024}]), "/answers/past/0/name"),
    (change("answers/past", [{"year": 2024, "name": "x"}] * 11), "/answers/past"),
    (change("answers/unknown", 1), "/answers/unknown"),
    (lambda filing: filing["answers"].update({"a~b/c": 1}), "/answers/a~0b~1c"),
    (lambda filing: filing["answers"].pop("purpose"), "/answers/purpose"),
    (change("answers", []), "/answers"),
    (change("procedure", 7), "/procedure"),
    (change("contact", {"name": "x"}), "/contact/email"),
    (change("contact", {"name": "x", "email": "nobody"}), "/contact/email"),
    (change("contact", {"name": "x", "email": "山田@example.jp"}), "/contact/email"),
    (change("contact", {"name": "x\r\nBcc: all@example.com", "email": "a@example.jp"}), "/contact/name"),
    (change("contact", {"name": "x", "email": "a@example.jp\nBcc: b@example.jp"}), "/contact/email"),
    (change("contact", {"name": "x", "email": "a@example.jp", "language": "fr"}), "/contact/language"),
    (change("more", 1), "/more"),
]


@pytest.mark.parametrize(("wrong", "pointer"), WRONG)
def test_an_entry_that_does_not_fit_is_named_with_what_to_do(
    clean: Site, counter: TestClient, wrong: Callable[[dict[str, Any]], object], pointer: str
) -> None:
    filing = example(KOEN)
    wrong(filing)
    answer = file(counter, clean.an_applicant(), filing, **{"accept-language": "en"})
    refused(answer, 422, "invalid")
    found = places(answer)
    assert pointer in found
    assert found[pointer]


def test_all_wrong_entries_are_named_at_once_in_the_callers_language(clean: Site, counter: TestClient) -> None:
    filing = {"procedure": KOEN, "answers": {"visitors": "many"}}
    key = clean.an_applicant()
    english = places(file(counter, key, filing, **{"accept-language": "en"}))
    japanese = places(file(counter, key, filing))
    assert english.keys() == japanese.keys() >= {"/answers/visitors", "/answers/event", "/answers/venue", "/answers/held"}
    assert all(text.isascii() for text in english.values())
    assert not any(text.isascii() for text in japanese.values())


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [("", 1, 1), ("{", 1, 2), ('{"procedure": "x",\n "answers": }', 2, 13), ("[" * 100_000, 1, 1025), ('{"a": NaN}', 1, 7)],
)
def test_bad_json_is_400_with_the_place(clean: Site, counter: TestClient, body: str, line: int, column: int) -> None:
    headers = {**bearer(clean.an_applicant()), "accept-language": "en"}
    answer = counter.post(APPLICATIONS, content=body, headers=headers)
    refused(answer, 400, "malformed")
    assert f"line {line}, column" in answer.json()["detail"]
    if len(body) < 1000:
        assert abs(int(answer.json()["detail"].rpartition(" ")[2]) - column) <= 1


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b'{"a": "\\ud800"}', b"\x00"])
def test_bytes_that_are_no_text_are_400(clean: Site, counter: TestClient, body: bytes) -> None:
    refused(counter.post(APPLICATIONS, content=body, headers=bearer(clean.an_applicant())), 400, "malformed")


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null"])
def test_json_that_is_no_filing_is_422(clean: Site, counter: TestClient, body: str) -> None:
    refused(counter.post(APPLICATIONS, content=body, headers=bearer(clean.an_applicant())), 422, "invalid")


def test_a_body_over_the_limit_is_413(clean: Site, counter: TestClient) -> None:
    headers = bearer(clean.an_applicant())
    refused(counter.post(APPLICATIONS, content=b" " * (BODY_LIMIT + 1), headers=headers), 413, "too-large")


def test_a_body_over_the_limit_without_a_content_length_is_413(clean: Site, counter: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(BODY_LIMIT // 65536 + 1):
            yield b" " * 65536

    refused(counter.post(APPLICATIONS, content=pieces(), headers=bearer(clean.an_applicant())), 413, "too-large")


@pytest.mark.parametrize(
    ("path", "pointer"), [("answers/event", "/answers/event"), ("answers/venue/address", "/answers/venue/address")]
)
def test_a_null_character_is_refused_where_it_stands(clean: Site, counter: TestClient, path: str, pointer: str) -> None:
    filing = example(KOEN)
    change(path, "a\0b")(filing)
    answer = file(counter, clean.an_applicant(), filing)
    refused(answer, 422, "invalid")
    assert pointer in places(answer)


@pytest.mark.parametrize("name", ["\0", "a\0b"])
def test_a_null_character_in_a_name_is_refused(clean: Site, counter: TestClient, name: str) -> None:
    filing = example(KOEN)
    filing["answers"][name] = 1
    refused(file(counter, clean.an_applicant(), filing), 422, "invalid")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer mdg_wrong", "Basic dTpw", "Bearer \xe9"])
def test_a_missing_or_wrong_key_is_401(counter: TestClient, header: str) -> None:
    answer = counter.post(APPLICATIONS, json=example(DENKI), headers={"authorization": header.encode("latin-1")})
    refused(answer, 401, "unauthorised")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_key_is_401_once_it_is_no_longer_remembered(
    clean: Site, counter: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "REMEMBER", 0)
    key = clean.an_applicant()
    assert counter.get(APPLICATIONS, headers=bearer(key)).status_code == 200
    clean.revoke("applicant@example.com")
    refused(file(counter, key, example(DENKI)), 401, "unauthorised")


def test_a_reviewers_key_may_not_file(clean: Site, counter: TestClient) -> None:
    refused(file(counter, clean.a_reviewer("kinki-bureau"), example(DENKI)), 403, "forbidden")


def test_an_operators_key_may_not_file(clean: Site, counter: TestClient) -> None:
    refused(file(counter, clean.an_operator(), example(DENKI)), 403, "forbidden")
