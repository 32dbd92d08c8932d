"""What people wrote lies in no log, no queue and no trace, whatever fails."""

from __future__ import annotations

import contextlib
import hashlib
import mailbox
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import redis
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import SecretStr

from shared.bus.bell import ringer
from shared.procedure.files import procedure_files, read
from tests.faults import leaking
from tests.faults.people import filings, forms, found_in, written
from tests.files.samples import PDF
from tests.flows.test_traces import collector
from tests.machine import BUS_QUEUES, DESK_QUEUES, Machine
from tests.notify.channels.parts import OPEN
from tests.notify.channels.receiver import receiving
from tests.notify.email.test_bounces import dsn
from tests.notify.smtp import Moody, moody_server
from tests.site import DENKI, ONE_STAGE, PROCEDURES, Site, bearer, eventually, example

__all__ = ["collector"]  # a fixture

GONE, LATER, BOUNCED = "never@example.org", "later@example.net", "bounced@example.org"
ADDRESSES = ("applicant@example.com", "division@example.com", "official@example.go.jp", GONE, LATER, BOUNCED, leaking.EMAIL)
ERRANDS = ("post", "post-webhooks", "post-bounces")


class Quoting(Moody):
    """A mail server that quotes whom it does not know, with what it knows of him."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """The recipient is named."""
        answer = await super().handle_RCPT(server, session, envelope, address, options)
        return answer if answer.startswith("250") else f"{answer}: <{address}> Hanako Madoguchi is unknown"


@dataclass
class Town:
    """A machine with faults, the people in it, and what they wrote so far."""

    site: Site
    url: str
    moody: Moody
    applicant: str
    division: str
    official: str
    operator: str
    wrote: set[str] = field(default_factory=set)

    def call(self, path: str, key: str = "", method: str = "POST", **more: Any) -> httpx.Response:
        """Send something; what was written in it must not be found again. Files are not."""
        self.wrote |= set(written([more.get("json"), more.get("params"), more.get("data")]))
        headers = {"origin": self.url} | bearer(key) | more.pop("headers", {})
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=20, **more)

    def value(self, query: str, **values: Any) -> Any:
        """As soon as there is one."""
        return eventually(lambda: self.site.value(query, **values), within=30)

    def case_of(self, application: str) -> str:
        """The case of an application that arrives."""
        return str(self.value('select id from review."case" where application_id = cast(:id as uuid)', id=application))

    def attached(self, key: str, part: Any) -> Any:
        """The answers with each file that they name sent."""
        if isinstance(part, dict) and "sha256" in part:
            self.wrote |= {part["name"]}
            content = PDF + secrets.token_hex(8).encode()
            disposition = f"attachment; filename*=UTF-8''{httpx.QueryParams({'': part['name']})}".replace("''=", "''")
            headers = {"content-type": "application/pdf", "content-disposition": disposition}
            answer = self.call("/v1/attachments", key, content=content, headers=headers)
            assert answer.status_code == 201, answer.text
            assert answer.json()["reference"]["sha256"] == hashlib.sha256(content).hexdigest()
            return answer.json()["reference"]
        if isinstance(part, dict):
            return {name: self.attached(key, inner) for name, inner in part.items()}
        return [self.attached(key, inner) for inner in part] if isinstance(part, list) else part


@pytest.fixture
def commands(clean: Site) -> Iterator[list[bytes]]:
    """Every command that the broker is given: whatever lies in its queues and keys came so."""
    taken: list[bytes] = []
    with redis.Redis.from_url(clean.broker_url, socket_timeout=None) as client, client.monitor() as monitor:
        connection = monitor.connection

        def listen() -> None:
            with contextlib.suppress(Exception):  # it ends with the connection
                while True:
                    taken.append(connection.read_response(disable_decoding=True))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield taken
        connection.disconnect()
        thread.join(5)


@pytest.fixture
def town(
    clean: Site, tmp_path: Path, commands: list[bytes], collector: tuple[str, list[ExportTraceServiceRequest]]
) -> Iterator[tuple[Town, Machine]]:
    """Everything runs, with faults."""
    assert commands is not None
    (tmp_path / "bounces").mkdir()
    mailbox.Maildir(tmp_path / "bounces" / "box")
    with Machine(clean, tmp_path / "machine") as machine, moody_server(Quoting()) as (smtp, moody):
        machine.worker_program, machine.web_program = "tests.faults.leaking:app", "tests.faults.leaking:create_app"
        machine.settings |= {f"MADOGUCHI_NOTIFY_{name}": value for name, value in OPEN.items()}
        machine.settings |= {
            "MADOGUCHI_NOTIFY_SMTP_URL": smtp,
            "MADOGUCHI_NOTIFY_BOUNCE_MAILDIR": str(tmp_path / "bounces" / "box"),
            "MADOGUCHI_NOTIFY_BOUNCE_ADDRESS": "bounces@madoguchi.example",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector[0],
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        machine.worker(*BUS_QUEUES, *DESK_QUEUES, *ERRANDS, processes=3, wait=False)
        machine.beat(wait=False)
        url = machine.web(wait=False)
        groups = {office.key for path in procedure_files(PROCEDURES) for office in read(path).offices}
        made = Town(
            clean,
            url,
            moody,
            clean.an_applicant(),
            clean.an_applicant("division@example.com", kind="ministry", name="製品安全課"),
            clean.a_reviewer(*sorted(groups)),
            clean.an_operator(),
        )
        for email in (BOUNCED, leaking.EMAIL):
            clean.an_applicant(email)
        machine.wait_ready()
        yield made, machine


def file_everything(town: Town) -> list[str]:
    """Every example, right and wrong; the applications' ids."""
    taken = []
    contacts = [{"name": "受付 次郎", "email": email, "language": "ja"} for email in (GONE, LATER, "reception@example.com")]
    for number, filing in enumerate(filings()):
        key = town.division if filing["procedure"] == "dx-sodan" else town.applicant
        sent = filing | {"answers": town.attached(key, filing["answers"]), "contact": contacts[number % 3]}
        answer = town.call("/v1/applications", key, json=sent, headers={"idempotency-key": secrets.token_hex(16)})
        assert answer.status_code in {202, 422}, answer.text
        taken += [answer.json()["id"]] if answer.status_code == 202 else []
    return taken


def go_through_the_desk(town: Town) -> None:
    """A correction that is answered, messages of both sides, and a refusal."""
    application = town.call("/v1/applications", town.applicant, json=example(ONE_STAGE)).json()["id"]
    case = town.case_of(application)
    asked = {"items": [{"pointer": "/fee", "says": "入場料の額を確かめてください。"}]}
    correction = town.call(f"/v1/cases/{case}/corrections", town.official, json=asked).json()["id"]
    town.value("select id from intake.correction where id = cast(:id as uuid)", id=correction)
    mended = {"correction": correction, "answers": {"fee": 800, "fee_reason": "会場の借料に充てるため"}}
    path = f"/v1/applications/{application}"
    assert town.call(f"{path}/correction", town.applicant, "PUT", json=mended).status_code < 300
    town.value('select case when revision = 2 then 1 end from review."case" where id = cast(:id as uuid)', id=case)
    for side, key in ((f"/v1/cases/{case}", town.official), *[(path, town.applicant)] * 6):
        assert town.call(f"{side}/messages", key, json={"text": "電話は 06-0000-1234 の窓口まで"}).status_code == 201
    refused = {"decision": "refuse", "reasons": "営利を主たる目的とするため。"}
    assert town.call(f"/v1/cases/{case}/decision", town.official, json=refused).status_code == 200
    accepted = town.call("/v1/applications", town.applicant, json=example(DENKI)).json()["id"]
    answer = town.call(f"/v1/cases/{town.case_of(accepted)}/decision", town.official, json={"decision": "accept"})
    assert answer.status_code == 200, answer.text
    for query in ({"q": "株式会社窓口電機"}, {"corporation": "7990001000001"}):
        town.call("/v1/cases", town.official, "GET", params=query)
        town.call("/desk", town.official, "GET", params=query)


def sign_in(town: Town) -> None:
    """By a mailed link: with a wrong secret, with the right one, and once more. Then the mail comes back."""
    asked = town.call("/sign-in", data={"email": BOUNCED})
    assert asked.status_code == 200, asked.text
    mail = eventually(lambda: [content for to, content in town.moody.taken if to == BOUNCED])[0]
    body = message_from_bytes(mail, policy=policy.default).get_body(("plain",))
    text = body.get_content() if body else ""
    link = re.search(r"http://\S+/sign-in/link\?\S+", text)
    assert link, text
    form = {name: values[0] for name, values in parse_qs(urlsplit(link[0]).query).items()}
    assert town.call("/sign-in/link", method="GET", params=form).status_code == 200
    for secret, status in (("x" + form["secret"][1:], 403), (form["secret"], 303), (form["secret"], 403)):
        answer = town.call("/sign-in/link", data=form | {"secret": secret})
        assert answer.status_code == status, answer.text
        town.wrote |= {secret, *answer.cookies.values()}


def be_refused(town: Town) -> None:
    """What is wrong with a request is quoted nowhere."""
    name, email = "窓口 花子", "hanako@example.org"
    broken = f'{{"procedure": "{DENKI}", "answers": {{"representative": "{name}", "email": "{email}'.encode()
    refusals = (
        town.call("/v1/applications", town.applicant, content=broken, headers={"content-type": "application/json"}),
        town.call("/v1/applications", town.applicant, content=name.encode("shift_jis") + broken),
        town.call("/v1/applications", town.applicant, json={"procedure": name, "answers": {"who": email}}),
        town.call("/v1/applications", town.applicant, json=example(DENKI) | {"answers": {"name": name + "\0"}}),
        town.call("/v1/applications", "mdg_" + secrets.token_urlsafe(24), json=example(DENKI)),
        town.call("/v1/applications", town.applicant, "GET", params={"before": f"{name} {email}"}),
        town.call(f"/v1/nothing/{email}/{name}", town.applicant, "GET", params={"q": name}),
        town.call(f"/v1/applications/{name}", town.applicant, "DELETE", params={"email": email}),
        town.call("/v1/webhooks", town.applicant, json={"url": f"https://{name}:{email}@10.0.0.1/", "description": name}),
        town.call("/v1/drafts", town.applicant, json={"procedure": DENKI, "answers": {"representative": 5, "name": {"a": name}}}),
    )
    assert [answer.status_code for answer in refusals if answer.status_code < 400] in ([], [201])
    town.wrote |= {name, email}


def meet_the_faults(town: Town) -> None:
    """Programs that fail with what people wrote in their hands."""
    for way in leaking.WAYS:
        answer = town.call(f"{leaking.PATH}?way={way}", content=leaking.WRITTEN.encode())
        assert answer.status_code == 500, answer.text
        ringer(SecretStr(town.site.broker_url)).send_task(leaking.TASK, args=(way,), queue="notify")


@pytest.mark.faults
@pytest.mark.timeout(180)
def test_nothing_that_people_wrote_lies_in_a_log_a_queue_or_a_trace(
    town: tuple[Town, Machine], commands: list[bytes], collector: tuple[str, list[ExportTraceServiceRequest]], tmp_path: Path
) -> None:
    here, machine = town
    before = len(here.site.said())
    with receiving() as receiver:
        for path in ("/204", "/500"):
            webhook = here.call("/v1/webhooks", here.applicant, json={"url": receiver.url(path), "types": []})
            assert webhook.status_code == 201, webhook.text
            here.wrote |= {webhook.json()["secret"]}
        filed = file_everything(here)
        sign_in(here)
        go_through_the_desk(here)
        be_refused(here)
        meet_the_faults(here)
        verp = next(one for one in here.moody.senders if one.startswith("bounces+"))
        mailbox.Maildir(tmp_path / "bounces" / "box").add(dsn(verp, code=f"550 5.1.1 <{BOUNCED}> is unknown"))
        eventually(lambda: not list((tmp_path / "bounces" / "box" / "new").iterdir()), within=60)
        settled = "select count(*) from intake.application where state = 'filed'"
        eventually(lambda: here.site.value(settled) == 0, within=30)
        eventually(lambda: here.site.value("select count(*) from notify.message where state = 'created'") == 0, within=40)
    lines = b"".join(log.read_bytes() for log in machine.folder.glob("*.log"))
    traces = b"".join(request.SerializeToString() for request in collector[1])
    queues = b"\n".join(commands)
    wrote = here.wrote | set(ADDRESSES) | {here.applicant, here.division, here.official, here.operator}
    wrote |= set(written([one["answers"] for one in filings()]))
    assert len(filed) > 5
    assert b"unforeseen error" in lines
    assert lines.count(b"an exception that nobody caught") >= 2
    assert b'"sqlstate":"23502"' in lines
    assert b"intake.deliver" in queues
    assert b"notify.send" in traces
    places = {"logs": lines, "servers' logs": here.site.said()[before:], "queues": queues, "traces": traces}
    assert {place: found for place, said in places.items() if (found := found_in(said, wrote))} == {}


@pytest.mark.parametrize("form", sorted(forms("窓口 花子 <hanako@example.org>")))
def test_a_leak_is_found_in_each_form(form: bytes) -> None:
    assert found_in(b'{"message": "' + form + b'"}', ["窓口 花子 <hanako@example.org>"])
