"""POST /v1/applications/bulk: a filing a line, each for itself, answered in order, the same again for the same request."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.intake.filing.bulk import BYTES, LINES
from tests.intake.parts import APPLICATIONS, file, recorded
from tests.site import DENKI, KOEN, Site, bearer, example


def send(counter: TestClient, key: str, lines: list[bytes], *, once: str = "b-1", language: str = "ja") -> httpx.Response:
    headers = {**bearer(key), "accept-language": language, "content-type": "application/x-ndjson"}
    if once:
        headers["idempotency-key"] = once
    answer: httpx.Response = counter.post(f"{APPLICATIONS}/bulk", content=b"\n".join(lines), headers=headers)
    return answer


def answers(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def line(procedure: str = KOEN, **answered: Any) -> bytes:
    filing = example(procedure)
    filing["answers"] |= answered
    return json.dumps(filing, ensure_ascii=False).encode()


def test_each_line_is_answered_in_order_and_a_bad_one_stops_no_other(clean: Site, counter: TestClient) -> None:
    lines = [line(), b"{", line(DENKI), b"", line(fee="much"), line(), b'{"procedure": "none", "answers": {}}']
    said = answers(send(counter, clean.an_applicant(), lines))
    assert [(one["line"], one["status"]) for one in said] == [(1, 202), (2, 400), (3, 202), (5, 422), (6, 202), (7, 404)]
    assert said[3]["errors"][0]["pointer"] == "/answers/fee"
    assert said[1]["type"] == "urn:madoguchi:problem:malformed"
    rows = {str(row["id"]): row["receipt_number"] for row in clean.rows("select id, receipt_number from intake.application")}
    assert rows == {one["id"]: one["receipt_number"] for one in said if one["status"] == 202}
    assert recorded(clean) == 3


def test_a_repeated_request_gets_the_same_and_files_what_was_mended(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    first = send(counter, key, [line(), line(fee="much"), line(DENKI)])
    assert send(counter, key, [line(), line(fee="much"), line(DENKI)]).text == first.text
    assert recorded(clean) == 2
    mended = answers(send(counter, key, [line(), line(), line(DENKI)]))
    assert [one["status"] for one in mended] == [202, 202, 202]
    assert [mended[0], mended[2]] == [answers(first)[0], answers(first)[2]]
    assert recorded(clean) == 3


def test_a_line_is_the_same_filing_as_one_filed_alone_with_its_key(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    alone = counter.post(APPLICATIONS, content=line(), headers={**bearer(key), "idempotency-key": "b-1#2"})
    said = answers(send(counter, key, [line(DENKI), line()]))
    assert said[1]["id"] == alone.json()["id"]
    assert recorded(clean) == 2


def test_a_thousand_lines_are_recorded_and_one_more_is_refused_whole(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    said = answers(send(counter, key, [line()] * LINES))
    assert [one["line"] for one in said] == list(range(1, LINES + 1))
    assert {one["status"] for one in said} == {202}
    assert len({one["receipt_number"] for one in said}) == recorded(clean) == LINES
    assert send(counter, key, [line()] * (LINES + 1) + [b""], once="b-2").status_code == 413
    assert recorded(clean) == LINES


def test_too_many_bytes_are_refused_whole_and_one_too_long_line_alone(clean: Site, counter: TestClient) -> None:
    key = clean.an_applicant()
    long = b'{"procedure": "' + b"x" * (1024 * 1024) + b'"}'
    assert [one["status"] for one in answers(send(counter, key, [long, line()]))] == [413, 202]
    assert send(counter, key, [line(), long * (BYTES // len(long) + 1)], once="b-2").status_code == 413
    assert recorded(clean) == 1


@pytest.mark.parametrize("once", ["", "x" * 251])
def test_without_a_key_nothing_is_filed(clean: Site, counter: TestClient, once: str) -> None:
    assert send(counter, clean.an_applicant(), [line()], once=once).status_code == 422
    assert recorded(clean) == 0


def test_only_an_applicant_files(clean: Site, counter: TestClient) -> None:
    assert send(counter, "mdg_wrong", [line()]).status_code == 401
    assert send(counter, clean.an_operator(), [line()]).status_code == 403
    assert file(counter, clean.an_applicant(), example(KOEN)).status_code == 202  # the larger limit is the bulk's alone:
    large = counter.post(APPLICATIONS, content=b"x" * (1024 * 1024 + 1), headers=bearer(clean.an_applicant("c@example.com")))
    assert large.status_code == 413
    assert recorded(clean) == 1
