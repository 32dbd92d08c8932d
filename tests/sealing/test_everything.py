"""The telling test: after all that may belong to an application, no column says in plain whom it is about."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from tests.retention import conftest, test_anonymous
from tests.retention.test_anonymous import WRITTEN
from tests.review.finding.test_finding import renewed
from tests.sealing.opening import sealed
from tests.site import Site, bearer, example

PHONE, STREET = "090-1234-5678", "千代田区霞が関一丁目3番1号"
key, press, story = conftest.key, conftest.press, test_anonymous.story


def words() -> list[str]:
    """What the story says that is somebody's or about somebody. Organisations are public, and so are officials by their names."""
    answers = example("koen-meigi")["answers"]
    told = [answers[one] for one in ("event", "purpose", "content")]
    return [*told, "窓口 花子", "applicant@example.com", PHONE, "06-0000-0000", "0600000000", STREET, *WRITTEN]


def plain_in(site: Site, said: list[str]) -> dict[str, set[str]]:
    """schema.table.column → which of these words stand in it, as the database has it."""
    columns = site.rows("""
        select table_schema || '.' || table_name as shown, table_schema as s, table_name as t, column_name as c
        from information_schema.columns join pg_tables on schemaname = table_schema and tablename = table_name
        where table_schema in ('intake', 'review', 'notify', 'opendata', 'bus', 'operation', 'identity')
          and data_type in ('text', 'jsonb', 'json', 'ARRAY', 'character varying')
    """)
    found: dict[str, set[str]] = {}
    with site.owner.connect() as connection:
        for one in columns:
            query = text(f'select string_agg("{one["c"]}"::text, chr(10)) from "{one["s"]}"."{one["t"]}"')
            held = connection.execute(query).scalar() or ""
            if here := {word for word in said if word in held or word.replace(" ", "") in held}:
                found[f"{one['shown']}.{one['c']}"] = here
    return found


@pytest.mark.usefixtures("story")
def test_no_column_says_whom_it_is_about(
    clean: Site,
    counter: TestClient,
    desk: TestClient,
    post_office: TestClient,
    *,
    key: str,
    press: str,
) -> None:
    draft = counter.post("/v1/drafts", json={"procedure": "koen-meigi"}, headers=bearer(key)).json()["id"]
    answers = {"answers": example("koen-meigi")["answers"], "version": 1}
    assert counter.patch(f"/v1/drafts/{draft}", json=answers, headers=bearer(key)).status_code == 200
    wished: dict[str, Any] = {"postal_address": [STREET], "phone": PHONE, "channels": ["email", "sms"]}
    assert post_office.put("/v1/preferences", json=wished, headers=bearer(key)).status_code in {200, 422}
    clean.file(key, 1, "denki-yohin-todokede")
    clean.file(key, 1, "keieiryoku-keikaku")
    clean.deliver_all()
    renewed(clean)
    # what tells of nobody, such as the name of an event, is searched in by its parts
    assert plain_in(clean, words()) == {"review.finding.text": {example("koen-meigi")["answers"]["event"]}}
    assert desk.get("/v1/cases", headers=bearer(press)).json()
    everywhere = [place for place, column in sealed().items() if _has_rows(clean, column)]
    assert len(everywhere) > 25, everywhere


def _has_rows(site: Site, column: Any) -> bool:
    table = column.table
    return bool(
        site.value(f'select exists (select from "{table.schema}"."{table.name}" where "{column.name}"::text like \'%of-tests%\')')
    )
