"""Cases by the hundred thousand: written past the counter, as years of filing would leave them."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import make_url

from services.review.finding import keys
from services.review.models import Case
from shared.database import new_id
from shared.procedure.files import read
from tests.site import PROCEDURES, Site

SIGNS = (
    "東西南北中山川田本村松竹梅林森石井上下大小高長新古金銀銅鉄水木火土日月星光風雲雪花鳥海島浜港谷沢野原岡崎橋宮寺"
    "町市場工商産業電機化学薬品食糧運輸建設印刷"
)
KINDS = ("株式会社", "有限会社", "合同会社", "一般社団法人")
GROUPS = (*("kinki-bureau",) * 5, *("kanto-bureau",) * 10, "okinawa-office", "hokkaido-bureau", "public-relations")
FILED = ("denki-yohin-todokede", "hojokin-kofu", "koen-meigi")
# of a hundred cases
STATES = (*("decided",) * 90, *("open",) * 5, *("withdrawn",) * 4, "correcting")
DECISIONS = (*("approve",) * 19, "refuse")
_COLUMNS = (
    "id, application_id, procedure_id, procedure_version, receipt_number, arrival_number, arrived_at, applicant, contact, "
    'answers, "group", official_id, official_name, state, version, decision, reasons, decided_by, decided_at, due_on, '
    "duplicates, took_days"
)
YEARS = 5


def seed(site: Site, count: int, officials: list[UUID]) -> None:
    """So many cases of the last years, and what they are found by; the same every time."""
    url = make_url(site.owner.url).set(drivername="postgresql").render_as_string(hide_password=False)
    chance = random.Random(1)
    procedures = {name: read(PROCEDURES / f"{name}.yaml") for name in FILED}
    samples = {name: json.loads((PROCEDURES / f"{name}.example.json").read_text())["answers"] for name in FILED}
    common = {name: keys.grams(keys.text_of(_case(name, samples[name]), procedures[name])) for name in FILED}
    texts = {name: keys.text_of(_case(name, samples[name]), procedures[name]) for name in FILED}
    found: list[tuple[UUID, str, int, str]] = []
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute('alter table review."case" disable trigger user; drop index if exists review.finding_grams_grams_idx')
        with cursor.copy(f'copy review."case" ({_COLUMNS}) from stdin') as copy:
            for row, name in _rows(chance, count, officials, samples):
                copy.write_row(row)
                found.append(
                    (row[0], name, chance.randrange(10_000, 9_000_000), f"{row[4]}\n{row[5]}\n{json.loads(row[7])['name']}")
                )
        with cursor.copy("copy review.finding (case_id, text, asked, stale) from stdin") as copy:
            for case_id, name, asked, own in found:
                own_text = "\n".join(map(keys.plain, own.split("\n")))
                copy.write_row((case_id, f"{own_text}\n{texts[name]}", asked if name == "hojokin-kofu" else None, False))
        with cursor.copy("copy review.finding_grams (case_id, grams) from stdin") as copy:
            for case_id, name, _, own in found:
                own_text = "\n".join(map(keys.plain, own.split("\n")))
                copy.write_row((case_id, sorted(common[name] | keys.grams(own_text))))
        cursor.execute("create index finding_grams_grams_idx on review.finding_grams using gin (grams)")
        cursor.execute('alter table review."case" enable trigger user')


def _case(name: str, answers: dict[str, Any]) -> Case:
    empty: dict[str, Any] = {"receipt_number": "", "arrival_number": "", "contact": {}, "applicant": {}}
    return Case(procedure_id=name, procedure_version=1, answers=answers, **empty)


def named(number: int) -> str:
    """The name of an organisation; some names are frequent."""
    mixed = zlib.crc32(str(number).encode())
    signs = "".join(SIGNS[(mixed >> shift) % len(SIGNS)] for shift in (0, 7, 14, 21))
    return f"{KINDS[mixed % 4]}{signs}"


def _rows(
    chance: random.Random, count: int, officials: list[UUID], samples: dict[str, dict[str, Any]]
) -> Iterator[tuple[tuple[Any, ...], str]]:
    now = datetime.now(UTC)
    answers = {name: json.dumps(sample, ensure_ascii=False) for name, sample in samples.items()}
    contact = json.dumps({"name": "窓口 花子", "email": "applicant@example.com", "language": "ja"}, ensure_ascii=False)
    for number in range(count):
        arrived = now - timedelta(days=365 * YEARS) * (1 - number / count)
        name, state, official = FILED[number % 3], chance.choice(STATES), chance.choice(officials)
        applicant = {"organisation_id": str(uuid4()), "name": named(chance.randrange(count)), "corporate_number": f"{number:013}"}
        decision = chance.choice(DECISIONS) if state == "decided" else None
        yield (
            new_id(), uuid4(), name, 1, f"R20261125-{number:07}", f"A20261125-{number:07}", arrived,
            json.dumps(applicant, ensure_ascii=False), contact, answers[name], chance.choice(GROUPS),
            official if chance.random() > 0.01 else None, "審査 一郎", state, 2, decision, "",
            official if decision else None, arrived + timedelta(days=20) if decision else None,
            (arrived + timedelta(days=30)).date() if state == "open" else None, "[]", 14 if decision else None,
        ), name  # fmt: skip
