"""The doctor finds each fault that is really made, and says what to do."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme
from typer.testing import CliRunner

from deploy.checkup import calendar, database, here, outside, settings, signs
from deploy.checkup.findings import Finding, guarded
from deploy.cli import app
from deploy.one.home import Home
from deploy.one.ports import LOOPBACK, free_ports
from tests.bus.parts import announce, arrived
from tests.machine import ROOT
from tests.notify.smtp import moody_server
from tests.site import Site

Get = Callable[[str], str]


def problems(findings: Iterator[Finding]) -> str:
    return "\n".join(f"{one.what}: {one.remedy}" for one in findings if not one.well)


def getting(site: Site, **other: str) -> Get:
    told = site.environment | other
    return lambda variable: told.get(variable, "")


@contextmanager
def serving(handler: type[Any], server: type[Any] = HTTPServer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on this machine; its port."""
    with server((LOOPBACK, 0), handler) as made:
        if tls:
            made.socket = tls.wrap_socket(made.socket, server_side=True)
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made.server_address[1]
        made.shutdown()


def test_a_database_that_is_right_has_nothing_to_mend_but_that_it_forgets(site: Site) -> None:
    found = list(database.look(getting(site)))
    # the tests' server goes without fsync
    assert [one.what for one in found if not one.well] == [
        "PostgreSQL may forget what it has confirmed: fsync, full_page_writes, synchronous_commit off"
    ]
    assert {"role madoguchi_intake can log in", "row-level security holds for every role"} <= {one.what for one in found}


@pytest.mark.parametrize(
    ("fault", "mended", "said"),
    [
        (
            "alter role madoguchi_notify bypassrls",
            "alter role madoguchi_notify nobypassrls",
            "no wall holds for madoguchi_notify",
        ),
        (
            "alter table bus.delivery disable row level security",
            "alter table bus.delivery enable row level security",
            "row-level security is off on bus.delivery",
        ),
        (
            "alter role madoguchi_review reset log_min_messages",
            "alter role madoguchi_review set log_min_messages = 'log'",
            "PostgreSQL logs errors of madoguchi_review|role madoguchi_review with what people wrote in them (log_min_messages)",
        ),
        (
            "alter table notify.alembic_version rename to aside",
            "alter table notify.aside rename to alembic_version",
            "schema notify is at nothing",
        ),
    ],
)
def test_what_is_wrong_with_the_database_is_found(site: Site, fault: str, mended: str, said: str) -> None:
    site.run(fault)
    try:
        found = problems(database.look(getting(site)))
    finally:
        site.run(mended)
    assert said.rpartition("|")[2] in found
    assert said.rpartition("|")[2] not in problems(database.look(getting(site)))


def test_who_cannot_log_in_is_named_without_the_password(site: Site) -> None:
    wrong = site.url("madoguchi_intake").replace(site.passwords["madoguchi_intake"], "a-wrong-one")
    found = problems(database.look(getting(site, MADOGUCHI_INTAKE_DATABASE_URL=wrong)))
    assert "role madoguchi_intake can't log in" in found
    assert "MADOGUCHI_INTAKE_DATABASE_URL" in found
    assert "a-wrong-one" not in found


def test_a_mail_server_is_greeted_as_the_post_does_it(site: Site) -> None:
    with moody_server() as (url, _):
        assert problems(outside.mail(getting(site, MADOGUCHI_NOTIFY_SMTP_URL=url))) == ""
        strict = getting(site, MADOGUCHI_NOTIFY_SMTP_URL=url, MADOGUCHI_NOTIFY_SMTP_STARTTLS="required")
        assert "STARTTLS" in problems(outside.mail(strict))
    assert "does not answer" in problems(outside.mail(getting(site)))


def test_a_calendar_without_the_next_years_holidays_is_found() -> None:
    assert calendar.look(date(2026, 1, 1).year).well
    assert not calendar.look(2099).well  # its equinoxes are not computed so far


class Answering(BaseHTTPRequestHandler):
    """What an identity provider says of itself."""

    said: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        content = json.dumps(self.said.get(self.path)).encode()
        self.send_response(200 if self.path in self.said else 404)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def test_an_identity_provider_that_is_away_or_calls_itself_otherwise_is_found(site: Site) -> None:
    with serving(Answering) as port:
        issuer = f"http://{LOOPBACK}:{port}"
        get = getting(site, MADOGUCHI_SIGN_IN_PROVIDERS=json.dumps([{"issuer": issuer}]))
        Answering.said = {}
        assert "404" in problems(outside.providers(get))
        known = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
        Answering.said = {"/.well-known/openid-configuration": known, "/keys": {"keys": []}}
        assert problems(outside.providers(get)) == ""
        known["issuer"] = f"{issuer}/"
        assert "calls itself" in problems(outside.providers(get))


def test_a_certificate_that_nobody_trusts_or_that_ends_soon_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    with serving(Answering, tls=context) as port:
        assert "nobody trusts" in outside.certificate(LOOPBACK, port).what
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        good = outside.certificate(LOOPBACK, port)
        assert good.well
        days = int(good.what.split()[-2])
        ends = time.time() + (days - 10) * 86_400
        assert "ends in" in outside.certificate(LOOPBACK, port, now=ends).what


def test_what_the_console_shows_is_said_with_what_its_runbook_says_to_do(clean: Site) -> None:
    announce(clean, arrived())
    clean.run("update bus.delivery set state = 'dead' where subscriber = 'review.open_case'")
    found = {one.what: one for one in signs.in_database(getting(clean))}
    dead = found["Dead letters: Deliveries that failed for good: 1"]
    assert not dead.well
    assert "madoguchi deadletters replay ID" in dead.remedy
    assert dead.page == "docs/runbooks/dead-letters.md"
    noted = found["Backups: No backup is noted here"]
    assert noted.well
    assert noted.remedy.startswith("Set them up (backup.md), or `madoguchi backup now`.")
    assert all(one.page.startswith("docs/runbooks/") for one in found.values() if one.remedy)
    away = getting(clean, MADOGUCHI_BROKER_URL=f"redis://{LOOPBACK}:{free_ports(1)[0]}/0")
    said = problems(signs.around(away))
    assert "Redis: The broker does not answer; filing works on, and nothing else moves: Start it;" in said
    assert "Services: The services' health does not answer" in said


def test_a_setting_that_is_wrong_is_named_without_its_value(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.environment
    assert problems(settings.look()) == ""
    monkeypatch.setenv("MADOGUCHI_NOTIFY_SMTP_CONNECTIONS", "1234567")
    found = problems(settings.look())
    assert found.startswith("MADOGUCHI_NOTIFY_SMTP_CONNECTIONS: ")
    assert "1234567" not in found


def test_secrets_that_others_can_read_are_found(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    assert home.secret("secret_key")
    assert "others on this machine" not in problems(here.machine(home, free_ports(1)[0]))
    (tmp_path / "secrets" / "secret_key").chmod(0o644)
    assert "others on this machine can read secret_key" in problems(here.machine(home, free_ports(1)[0]))


def test_a_check_that_fails_itself_is_a_finding_and_the_others_go_on() -> None:
    def look() -> Iterator[Finding]:
        yield Finding("one")
        raise KeyError("two")

    assert [one.what for one in guarded("it", look)] == ["one", "it could not be looked at: KeyError 'two'"]


def test_the_command_tells_all_as_json_and_ends_with_1(clean: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable, value in clean.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("MADOGUCHI_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["doctor", "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 1, done.stdout
    assert {"well", "what", "remedy", "page"} == set(told[0])
    assert any("the mail server 127.0.0.1:9 does not answer" in one["what"] and not one["well"] for one in told)
    for one in told:
        page = ROOT / one["page"].partition("#")[0]
        assert page.exists() or page.name in {"backup.md", "scale.md"}, page
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 1
    assert "PROBLEM the mail server" in said.stdout
