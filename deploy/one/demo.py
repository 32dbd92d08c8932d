"""The demo: people to act as, keys for them, and applications to look at."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deploy.one.errors import StartError
from deploy.one.files import write_private

if TYPE_CHECKING:
    from sqlmodel import Session

    from deploy.one.parts import Site

PROCEDURES = Path(__file__).parent.parent.parent / "procedures"
PLACES = Path(__file__).with_name("demo_places.csv")
DOMAIN = "madoguchi.example"
LABEL = "demo"
# A filing may be refused for the moment (429, 503); longer than this it is a fault.
PATIENCE = 20.0


def make_accounts(site: Site) -> None:
    """Make the demo's people where they are missing; write demo.json with keys for six of them and for a system that sends."""
    # Here, since the supervisor imports this module too and has no need of SQLAlchemy.
    from pydantic import SecretStr
    from sqlmodel import Session

    from shared.database import connect

    engine = connect(SecretStr(site.settings()["MADOGUCHI_OPERATOR_DATABASE_URL"]), name="demo", pool=1)
    with Session(engine) as session:
        keys = _keys(session, _known_keys(site))
        session.commit()
    engine.dispose()
    _know_places(site)
    told = {
        "base_url": site.base_url,
        "mailbox": {"url": site.mailbox_url, "api": f"{site.mailbox_url}/email"},
        "keys": keys | {"notify": _client_key(site)},
    }
    write_private(site.home.demo, json.dumps(told, indent=2) + "\n")


def _know_places(site: Site) -> None:
    """A few postal codes that forms can look up, where none were taken in."""
    from pydantic import SecretStr
    from sqlmodel import Session

    from services.intake.lookups.imports import counts, import_places
    from shared.database import connect

    engine = connect(SecretStr(site.settings()["MADOGUCHI_INTAKE_DATABASE_URL"]), name="demo", pool=1)
    with Session(engine) as session:
        if not counts(session)["place"]:
            import_places(session, PLACES)
            session.commit()
    engine.dispose()


def _client_key(site: Site) -> str:
    """The key of a system that sends its own messages."""
    from pydantic import SecretStr
    from sqlmodel import Session

    from deploy.one.demo_client import make_client
    from shared.database import connect

    settings = site.settings()
    engine = connect(SecretStr(settings["MADOGUCHI_NOTIFY_DATABASE_URL"]), name="demo", pool=1)
    with Session(engine) as session:
        key = make_client(session, SecretStr(settings["MADOGUCHI_SECRET_KEY"]))
        session.commit()
    engine.dispose()
    return key


def file_examples(site: Site) -> int:
    """File the example beside each procedure, once, as one of the demo's applicants; how many there are. Raises StartError."""
    from shared.procedure.files import read

    keys = _known_keys(site)
    examples = sorted(PROCEDURES.glob("*.example.json"))
    for example in examples:
        procedure = read(example.with_name(example.name.replace(".example.json", ".yaml")))
        _file(site, keys["applicant" if "corporation" in procedure.applicants else "division"], example)
    return len(examples)


def _keys(session: Session, known: dict[str, str]) -> dict[str, str]:
    from shared.identity import accounts
    from shared.identity.tables import Account
    from shared.procedure.files import procedure_files, read

    offices = {office.key: office.title.ja for path in procedure_files(PROCEDURES) for office in read(path).offices}

    def account(name: str, title: str, role: str, **more: Any) -> Account:
        email = f"{name}@{DOMAIN}"
        return accounts.account_by_email(session, email) or accounts.add_account(session, email, title, role, **more)

    for office, title in offices.items():
        account(f"{office}.official", f"{title} 担当", "reviewer", groups=[office])
    # See the cases of all offices, while each goes to the official of its own.
    every: dict[str, Any] = {"groups": list(offices), "takes_cases": False}
    applicant = accounts.account_by_email(session, f"applicant@{DOMAIN}")
    if applicant is None:
        company = accounts.add_organisation(session, "株式会社窓口電機", corporate_number="7990001000001")
        applicant = account("applicant", "窓口 花子", "applicant", organisation=company)
    division = accounts.account_by_email(session, f"division@{DOMAIN}")
    if division is None:
        house = accounts.add_organisation(session, "製品安全課", kind="ministry")
        division = account("division", "相談 三郎", "applicant", organisation=house)
    people = {
        "applicant": applicant,
        # Inside the ministry: files what divisions file.
        "division": division,
        "reviewer": account("reviewer", "審査 太郎", "reviewer", duties=["examiner"], **every),
        "approver": account("approver", "決裁 四郎", "reviewer", duties=["approver"], **every),
        "manager": account("manager", "管理 五郎", "reviewer", duties=["manager"], **every),
        "operator": account("operator", "運用 次郎", "operator"),
    }
    return {
        role: known[role] if _works(session, person, known.get(role)) else accounts.issue_key(session, person, LABEL)
        for role, person in people.items()
    }


def _works(session: Session, person: Any, key: str | None) -> bool:
    """Whether this key still is the person's."""
    from sqlmodel import select

    from shared.identity.callers import hashed
    from shared.identity.tables import ApiKey

    if key is None:
        return False
    kept = session.exec(select(ApiKey).where(ApiKey.hash == hashed(key))).first()
    return kept is not None and kept.account_id == person.id and kept.revoked_at is None


def _known_keys(site: Site) -> dict[str, str]:
    try:
        keys: dict[str, str] = json.loads(site.home.demo.read_text())["keys"]
    except (FileNotFoundError, ValueError, KeyError):
        return {}
    return keys


def _with_files(site: Site, key: str, example: Path) -> bytes:
    """The example with each file that it names sent, as a page that says what it stands for; as it is when it names none."""

    def seen(part: Any) -> Any:
        if isinstance(part, dict) and "sha256" in part:
            return _sent(site, key, part["name"])
        if isinstance(part, dict):
            return {name: seen(inner) for name, inner in part.items()}
        return [seen(inner) for inner in part] if isinstance(part, list) else part

    filing = json.loads(example.read_bytes())
    attached = seen(filing["answers"])
    return json.dumps(filing | {"answers": attached}).encode() if attached != filing["answers"] else example.read_bytes()


def _sent(site: Site, key: str, name: str) -> dict[str, Any]:
    from fpdf import FPDF

    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=20)
    page.cell(text="A sample document of the demo")
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/pdf",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
    }
    request = urllib.request.Request(f"{site.base_url}/v1/attachments", bytes(page.output()), headers)  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
            reference: dict[str, Any] = json.load(answer)["reference"]
            return reference
    except urllib.error.HTTPError as error:
        with error:
            raise StartError(
                f"The demo's file {name} was not taken ({error.code}).", error.read().decode(errors="replace")
            ) from None


def _is_filed(site: Site, key: str, example: Path) -> bool:
    """Whether an earlier start filed it; its files would be sent again otherwise."""
    request = urllib.request.Request(f"{site.base_url}/v1/applications?limit=200", headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
        return any(one["procedure"]["id"] == example.name.partition(".")[0] for one in json.load(answer))


def _file(site: Site, key: str, example: Path) -> None:
    if b'"sha256"' in example.read_bytes() and _is_filed(site, key, example):
        return
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        # The same at every start, so that a second start gets the first one's answer.
        "Idempotency-Key": f"demo-{example.name}",
    }
    request = urllib.request.Request(f"{site.base_url}/v1/applications", _with_files(site, key, example), headers)  # noqa: S310 - our own address
    until = time.monotonic() + PATIENCE
    while True:
        try:
            answer = urllib.request.urlopen(request, timeout=10)  # noqa: S310 - our own address
        except urllib.error.HTTPError as error:
            with error:
                says = error.read().decode(errors="replace")
            # 422: filed by an earlier start, and the example has changed since.
            if error.code == HTTPStatus.UNPROCESSABLE_ENTITY and "dempotency" in says:
                return
            if error.code not in {409, 429, 503} or time.monotonic() > until:
                raise StartError(f"The example {example.name} was not taken ({error.code}).", says) from None
            time.sleep(0.3)
        else:
            answer.close()
            return
