"""Whatever changes something, on the console or by `madoguchi`, is in the audit; what is not says why it need not be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from deploy.cli import app
from deploy.console.app import ROOMS
from tests.bus.parts import announce, arrived
from tests.intake.lookup_samples import PLACES
from tests.notify.operating.parts import a_message, hash_of
from tests.site import PROCEDURES, Site

OPERATOR, APPLICANT, OFFICIAL = "operator@example.go.jp", "applicant@example.com", "official@example.go.jp"
WHY = ("--reason", "a letter of the office")
# Commands that leave no act, and why that is right.
NO_ACT = {
    **dict.fromkeys(("doctor", "health", "settings", "status"), "only looks"),
    **dict.fromkeys(("audit acts", "audit key", "audit show", "audit verify"), "only looks at traces"),
    **dict.fromkeys(
        (
            "bounces list",
            "clients key list",
            "clients list",
            "clients template list",
            "deadletters list",
            "keys status",
            "letters list",
            "lookups show",
            "messages channels",
            "messages list",
            "people duty list",
            "people keys",
            "people list",
            "retention holds",
            "retention plan",
            "retention report",
            "retention table",
            "switches list",
        ),
        "only lists",
    ),
    **dict.fromkeys(
        ("procedure diff", "procedure export", "procedure lint", "procedure new", "procedure preview"),
        "works on files of whoever writes a procedure",
    ),
    "keys new": "prints a new key and keeps nothing",
    "bounces take": "a mail server's doing; what it did is with the message",
    "migrate": "the database may not be there yet; the versions themselves are the record",
    "up": "starts the machine",
    **dict.fromkeys(
        ("backup files", "backup key", "backup list"), "only looks at what is in the vault, or makes a key before there is one"
    ),
    **dict.fromkeys(("backup now", "backup rehearse", "backup run", "retention run"), "noted as a run (operation.run)"),
    "restore": "there is no database while it runs; what it restores has the acts of before",
}
# Forms of the console that leave no act, and why that is right.
NO_ACT_POSTED = dict.fromkeys(("/console/people", "/console/organisations"), "a search whose words stand in no URL")


def commands() -> Iterator[str]:
    def walk(command: Any, path: tuple[str, ...]) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))
        if not hasattr(command, "commands"):
            yield " ".join(path)

    return walk(typer.main.get_command(app), ())


def acts(site: Site) -> int:
    return int(site.value("select count(*) from operation.act"))


def account(site: Site, email: str) -> UUID:
    return site.account(email).id


def a_dead_letter(site: Site) -> UUID:
    (event,) = announce(site, arrived())
    site.run("update bus.delivery set state = 'dead' where event_id = :id and subscriber = 'notify.tell'", id=event)
    return event


@pytest.fixture
def told(clean: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command that has to leave an act; what it said."""
    monkeypatch.setenv("MADOGUCHI_HOME", str(tmp_path / "nowhere"))
    ran: set[str] = set()

    def run(command: str, *arguments: object) -> str:
        before = acts(clean)
        done = CliRunner().invoke(app, [*command.split(), *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == 0, (command, done.output)
        assert acts(clean) > before, f"{command} left no act"
        ran.add(command)
        return done.output

    run.ran = ran  # type: ignore[attr-defined]
    return run


def test_every_command_that_changes_something_leaves_an_act(  # noqa: PLR0915 - as many lines as there are commands
    clean: Site, tmp_path: Path, told: Callable[..., str]
) -> None:
    clean.an_operator()
    a_message(clean)
    firm = ("--organisation", "新会社")
    told("people add", APPLICANT, "申請 花子", "applicant", *firm)
    told("people add", OFFICIAL, "審査 太郎", "reviewer", "--group", "kinki-bureau")
    told("people add", "second@example.go.jp", "審査 次郎", "reviewer", "--group", "kinki-bureau")
    told("people rights", APPLICANT, "owner")
    told("people verify", APPLICANT, "--corporate-number", "5010401067252")
    told("people issue-key", APPLICANT)
    told("people revoke-key", clean.value("select id from identity.api_key where account_id = :id", id=account(clean, APPLICANT)))
    told("people disable", APPLICANT, *WHY)
    told("people enable", APPLICANT, *WHY)
    told("people end-sessions", APPLICANT, *WHY)
    told("people duty add", OFFICIAL, "kinki-bureau", "approver")
    told("people duty remove", OFFICIAL, "kinki-bureau", "approver")
    told("people group join", OFFICIAL, "public-relations")
    told("people group set", OFFICIAL, "public-relations", "--takes-cases")
    told("people group leave", OFFICIAL, "public-relations")
    told("people leave", "second@example.go.jp")
    told("people role", OFFICIAL, "service", *WHY)

    letter, other = a_dead_letter(clean), a_dead_letter(clean)
    told("deadletters show", letter)
    (tmp_path / "data.json").write_text(json.dumps(clean.value("select data from bus.event where id = :id", id=letter)))
    told("deadletters edit", letter, tmp_path / "data.json", *WHY)
    told("deadletters replay", letter)
    told("deadletters discard", other, *WHY)
    told("switches off", "filing", *WHY)
    told("switches on", "filing", *WHY)

    held = told("retention hold", "procedure", "koen-meigi", *WHY).split()[0]
    told("retention release", held, *WHY)

    told("keys reseal")

    client = told("clients add", "会計システム").split(": ")[1].split(";")[0]
    told("clients team", client, "a@example.com")
    told("clients reply-to", client, "a@example.com")
    told("clients sender", client, "MADOGUCHI")
    told("clients limits", client, "--daily", 10)
    told("clients callback", client, "--off")
    told("clients key add", client, "main")
    told("clients key revoke", client, clean.value("select id from notify.client_key"))
    (tmp_path / "text.txt").write_text("件名\n本文", encoding="utf-8")
    template = told("clients template add", client, "email", "お知らせ", tmp_path / "text.txt").strip()
    told("clients template revise", client, template, tmp_path / "text.txt")

    told("messages show", a_message(clean))
    told("messages resend", a_message(clean, "failed"), *WHY)
    told("messages release", a_message(clean, "unknown"), "--checked", *WHY)
    told("messages cancel", a_message(clean, "created"), *WHY)
    told("messages pause", "email", *WHY)
    told("messages resume", "email", *WHY)
    for command in (("bounces release",), ("messages suppressions", "--release")):
        clean.run(
            "insert into notify.suppression (recipient_hash, recipient, channel, reason, detail) "
            "values (:hash, 'x@example.com', 'email', 'bounced', '')",
            hash=hash_of(clean, "x@example.com"),
        )
        told(*command, "x@example.com", *(WHY if len(command) > 1 else ()))
    told("letters collect", tmp_path / "letters")
    told("letters printed", a_message(clean, "sent", channel="letter"))

    told("procedure publish", PROCEDURES / "koen-meigi.yaml")
    told("procedure publish", PROCEDURES / "koen-meigi.yaml", "--trial")
    told("procedure end-trial", "koen-meigi")
    (tmp_path / "places.csv").write_text(PLACES, encoding="utf-8")
    told("lookups import", "postal-codes", tmp_path / "places.csv")
    clean.run("delete from intake.place")
    clean.run("delete from intake.municipality")

    ran: set[str] = told.ran  # type: ignore[attr-defined]
    every = set(commands())
    assert every - ran - NO_ACT.keys() == set(), "say what these do to the audit"
    assert NO_ACT.keys() <= every


def test_a_command_that_fails_leaves_no_act(clean: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADOGUCHI_HOME", str(tmp_path / "nowhere"))
    clean.an_operator()
    for command in (
        ("people", "rights", "nobody@example.com", "owner"),
        ("clients", "limits", "nobody", "--daily", "3"),
        ("procedure", "end-trial", "koen-meigi"),
    ):
        assert CliRunner().invoke(app, command).exit_code == 1
    assert acts(clean) == 0
    assert CliRunner().invoke(app, ["switches", "off", "filing", *WHY]).exit_code == 0
    assert "switch.off  filing" in CliRunner().invoke(app, ["audit", "acts", "--act", "switch."]).output
    assert OPERATOR in CliRunner().invoke(app, ["people", "list", "operator@"]).output


def test_every_form_of_the_console_leaves_an_act(console: TestClient, clean: Site) -> None:
    clean.a_reviewer("kinki-bureau")
    clean.an_applicant()
    why = {"reason": "a letter of the office"}
    person, official = account(clean, APPLICANT), account(clean, OFFICIAL)
    letters = [a_dead_letter(clean) for _ in range(4)]
    data = json.dumps(clean.value("select data from bus.event where id = :id", id=letters[0]))
    key = clean.value("select id from identity.api_key where account_id = :id", id=official)
    duty = {"group": "kinki-bureau", "duty": "approver"}
    clean.run("update identity.organisation set verified = false")
    new = {"email": "new@example.go.jp", "name": "新人 一郎", "role": "service"}
    forms: list[tuple[str, str, dict[str, str]]] = [
        ("/console/people/new", "/console/people/new", new),
        ("/console/dead-letters/{event_id}/data", f"/console/dead-letters/{letters[0]}/data", {"data": data}),
        ("/console/dead-letters/{event_id}/discard", f"/console/dead-letters/{letters[0]}/discard", {}),
        ("/console/dead-letters/{event_id}", f"/console/dead-letters/{letters[1]}", {}),
        ("/console/dead-letters", "/console/dead-letters", {}),
        ("/console/switches/{name}", "/console/switches/exports", {"on": "false"}),
        ("/console/people/{account_id}/keys/new", f"/console/people/{person}/keys/new", {}),
        ("/console/keys/{key_id}", f"/console/keys/{key}", {}),
        ("/console/retention/holds", "/console/retention/holds", {"kind": "procedure", "subject": "koen-meigi"}),
        ("/console/retention/holds/{hold_id}/release", "/console/retention/holds/HOLD/release", {}),
        *(
            ("/console/people/{account_id}/{act}", f"/console/people/{who}/{act}", entered)
            for who, act, entered in (
                (person, "verify", {"number": "5010401067252"}),
                (person, "rights", {"rights": "read"}),
                (person, "sessions", {}),
                (person, "revoke", {"key": ""}),
                (official, "give", duty),
                (official, "take", duty),
                (official, "leave", duty),
                (official, "role", {"role": "service"}),
                (official, "disable", {}),
                (official, "enable", {}),
            )
        ),
    ]
    for _, url, entered in forms:
        if entered.get("key") == "":
            entered["key"] = str(
                clean.value("select max(id::text) from identity.api_key where account_id = :id and revoked_at is null", id=person)
            )
        before = acts(clean)
        held = clean.value("select id from operation.hold where released_at is null")
        answer = console.post(url.replace("HOLD", str(held)), data=why | entered)
        assert answer.status_code in {200, 303}, (url, answer.text)
        assert acts(clean) == before + 1, f"{url} left no act"
    routes = [route for room in ROOMS for route in room.router.routes if isinstance(route, APIRoute)]
    posted = {route.path for route in routes if "POST" in (route.methods or ())}
    assert posted == {path for path, _, _ in forms} | NO_ACT_POSTED.keys()
    choices = re.findall(r'Literal\[("disable"[^\]]+)\]', Path("deploy/console/people_pages.py").read_text(encoding="utf-8"))[0]
    assert {url.rsplit("/", 1)[1] for path, url, _ in forms if path.endswith("{act}")} == set(json.loads(f"[{choices}]"))


@pytest.mark.usefixtures("told")
def test_a_command_without_the_key_that_finds_people_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MADOGUCHI_SECRET_KEY")
    done = CliRunner().invoke(app, ["people", "keys", "firm@example.com"])
    assert (done.exit_code, done.output.partition(":")[0]) == (1, "MADOGUCHI_SECRET_KEY is not set")
