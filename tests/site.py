"""A site for tests: the servers, their addresses as the services expect them, and ways to look behind the counter."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

import redis
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session, select

from deploy.database import OPERATOR, OWNER, ROLES, SERVICES, bootstrap, migrate
from shared.identity import accounts
from shared.identity.tables import Account, ApiKey, Organisation
from shared.procedure.files import read
from shared.procedure.model import Procedure
from shared.sealing.ring import new_key
from tests.sealing.opening import opened

POSTGRES_IMAGE = "postgres:15-bookworm"
REDIS_IMAGE = "redis:7-bookworm"
PROCEDURES = Path(__file__).parent.parent / "procedures"
DENKI = "denki-yohin-todokede"
KOEN = "koen-meigi"
# The same for an office that decides in one stage, by one person: published for the tests only.
ONE_STAGE = "koen-meigi-one-stage"

# What is forgotten between tests, with all that refers to it.
EMPTIED = (
    "operation.act",
    "operation.hold",
    "operation.switch",
    "operation.run",
    "review.document_serial",
    "intake.application",
    "intake.attachment",
    "intake.trial",
    "intake.trial_filing",
    "intake.draft",
    "intake.step",
    "intake.purged",
    'review."case"',
    "review.purged",
    "review.leaving",
    "review.conflict",
    "review.absence",
    "review.job",
    "review.saved_view",
    "review.audit_entry",
    "review.audit_link",
    "review.audit_waiting",
    "notify.message",
    "notify.leaving",
    "notify.client",
    "notify.webhook",
    "notify.template",
    "notify.letterhead",
    "notify.preference",
    "notify.suppression",
    "notify.channel_pause",
    "notify.act",
    "opendata.procedure_count",
    "identity.account",
    "identity.organisation",
    "identity.registration",
    "bus.event",
)
REFERRING = """
with recursive emptied (oid) as (
  select unnest(cast(:roots as text[]))::regclass::oid
  union select conrelid from pg_constraint join emptied on confrelid = emptied.oid where contype = 'f'
)
select oid::regclass::text as name from emptied order by 1
"""
# Bytes of a table that rows are deleted from, one by one.
SMALL = 128 * 1024

Answer = TypeVar("Answer")


def eventually(check: Callable[[], Answer], *, within: float = 15.0, every: float = 0.03) -> Answer:
    """What `check` answers as soon as it is true; the last answer shows what it was if that does not happen in time."""
    until = time.monotonic() + within
    while not (answer := check()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {within} s; the last answer was {answer!r}")
        time.sleep(every)
    return answer


def example(procedure: str) -> dict[str, Any]:
    """The shipped example of a filing."""
    shipped = KOEN if procedure == ONE_STAGE else procedure
    filing: dict[str, Any] = json.loads((PROCEDURES / f"{shipped}.example.json").read_text(encoding="utf-8"))
    return filing | {"procedure": procedure}


def shipped(procedure: str) -> Procedure:
    """A procedure as it is published for the tests."""
    if procedure == ONE_STAGE:
        return one_stage(shipped(KOEN))
    return read(PROCEDURES / f"{procedure}.yaml")


def one_stage(procedure: Procedure) -> Procedure:
    """A procedure that is decided in the stage it begins in."""
    definition = procedure.definition() | {"procedure": ONE_STAGE}
    for name in ("stages", "criteria-version", "conditions"):
        definition["review"].pop(name, None)
    return Procedure.model_validate(definition)


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key, if there is one."""
    return {"authorization": f"Bearer {key}"} if key else {}


@cache
def engine_at(url: str) -> Engine:
    """The connections to an address. They are kept, since a new one costs a process; some tests end them, hence the ping."""
    return create_engine(url, pool_size=2, max_overflow=100, pool_pre_ping=True)


def _new_keys() -> dict[str, str]:
    drawn = {name: secrets.token_urlsafe(32) for name in ("MADOGUCHI_SECRET_KEY", "MADOGUCHI_AUDIT_KEY")}
    return drawn | {"MADOGUCHI_SEALING_KEYS": new_key("of-tests")}


@dataclass
class Site:
    """Where the parts of this test process are."""

    admin_url: str
    broker_url: str
    storage: Path
    said: Callable[[], bytes] = bytes  # what PostgreSQL and the broker wrote into their logs
    passwords: dict[str, str] = field(default_factory=lambda: {role: secrets.token_urlsafe(16) for role in ROLES})
    # what opens the data, and so goes with it into a copy of the site
    keys: dict[str, str] = field(default_factory=_new_keys)

    def url(self, role: str) -> str:
        """The database's address for a role."""
        from sqlalchemy import make_url

        url = make_url(self.admin_url).set(username=role, password=self.passwords[role], database="madoguchi")
        return url.render_as_string(hide_password=False)

    @property
    def heads(self) -> Path:
        """Where the signed heads of the desk's trace are written."""
        return self.storage / "audit-heads"

    @cached_property
    def environment(self) -> dict[str, str]:
        """The settings of every part, as in production."""
        return {
            "MADOGUCHI_BASE_URL": "http://127.0.0.1:8000",
            "MADOGUCHI_BROKER_URL": self.broker_url,
            **self.keys,
            "MADOGUCHI_OWNER_DATABASE_URL": self.url(OWNER),
            "MADOGUCHI_OPERATOR_DATABASE_URL": self.url(OPERATOR),
            "MADOGUCHI_NOTIFY_SMTP_URL": "smtp://127.0.0.1:9",
            "MADOGUCHI_NOTIFY_SMS_URL": f"folder://{self.storage}/sms",
            "MADOGUCHI_STORAGE": str(self.storage),
            "MADOGUCHI_AUDIT_HEADS": str(self.heads),
            **{f"MADOGUCHI_{service.upper()}_DATABASE_URL": self.url(f"madoguchi_{service}") for service in SERVICES},
        }

    @cached_property
    def operator(self) -> Engine:
        """The operator's access: accounts, keys, the bus."""
        return engine_at(self.url(OPERATOR))

    @cached_property
    def owner(self) -> Engine:
        """The owner's access: everything, for looking and for emptying."""
        return engine_at(self.admin_url.rsplit("/", 1)[0] + "/madoguchi")

    @cached_property
    def broker(self) -> redis.Redis:
        """The broker itself."""
        return redis.Redis.from_url(self.broker_url)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What a query finds, as superuser; what is sealed is opened."""
        with self.owner.connect() as connection:
            found = connection.execute(text(query), values).mappings()
            return [{name: opened(value) for name, value in row.items()} for row in found]

    def value(self, query: str, **values: Any) -> Any:
        """The one value a query finds; what is sealed is opened."""
        with self.owner.connect() as connection:
            return opened(connection.execute(text(query), values).scalar())

    def hash_of(self, recipient: str) -> bytes:
        """What the post knows a recipient by."""
        from services.notify.recipients.addresses import recipient_hash

        return recipient_hash(SecretStr(self.environment["MADOGUCHI_SECRET_KEY"]), recipient)

    def run(self, statement: str, **values: Any) -> None:
        """Change something, as superuser."""
        with self.owner.begin() as connection:
            connection.execute(text(statement), values)

    @contextmanager
    def session(self, service: str) -> Iterator[Session]:
        """A session with the role of a service (or `operator`); what is not committed is rolled back."""
        with Session(engine_at(self.url(f"madoguchi_{service}"))) as session:
            if service == "review":
                from services.review.wall import HOUSE, acts

                acts(session, HOUSE)
            yield session

    def empty(self) -> None:
        """Forget everything that was filed, and everybody; the procedures stay. Waits for whoever is writing."""
        tables = self._emptied
        with self.owner.begin() as connection:
            connection.execute(text(f"lock table {', '.join(tables)} in access exclusive mode"))
            filled = " union all ".join(
                f"select '{one}', pg_relation_size('{one}') > {SMALL} where exists (select from {one})" for one in tables
            )
            if not (found := connection.execute(text(filled)).all()):
                pass
            elif any(large for _, large in found):
                connection.execute(text(f"truncate {', '.join(tables)}"))
            else:
                # Many times faster than new files for sixty tables and their indexes; without triggers, as truncating is.
                connection.execute(text("set local session_replication_role = replica"))
                for one, _ in found:
                    connection.execute(text(f"delete from {one}"))
            connection.execute(text("delete from intake.procedure where version < 0"))
        self.broker.flushall()
        shutil.rmtree(self.storage, ignore_errors=True)

    @cached_property
    def _emptied(self) -> list[str]:
        """The tables to empty, with those that refer to them."""
        return [row["name"] for row in self.rows(REFERRING, roots=[*EMPTIED])]

    def publish_procedures(self, folder: Path) -> None:
        """Put the procedures of a folder into force, and let every service hear of them."""
        from services.intake.catalogue.procedures import publish
        from shared.procedure.files import procedure_files

        with self.session("intake") as session:
            for path in procedure_files(folder):
                publish(session, read(path))
            publish(session, shipped(ONE_STAGE))
            session.commit()
        self.deliver_all()

    def deliver_all(self) -> int:
        """Do what all workers would do, here and now, until nothing is due. Returns how many deliveries were handled."""
        from services.intake import tasks as intake
        from services.notify import tasks as notify
        from services.opendata import tasks as opendata
        from services.review import tasks as review
        from shared.bus.deliver import deliver

        handled = 0
        while due := self._due_now(review.make_documents):
            before = handled
            for module in (intake, review, notify, opendata):
                service = module.work.post.service
                handled += deliver(module.work.post, [event_id for heard_by, event_id in due if heard_by == service])
            if handled == before:
                break
        return handled

    def _due_now(self, make_documents: Callable[[], bool]) -> list[tuple[str, UUID]]:
        """What is due; where nothing is, what was decided is made into documents first."""
        found = self.due()
        if not found:
            make_documents()
            found = self.due()
        return found

    def due(self) -> list[tuple[str, UUID]]:
        """Service and event of the deliveries that could be handled now."""
        rows = self.rows("select service, event_id from bus.delivery where state = 'waiting' and due <= now() order by event_id")
        return [(row["service"], row["event_id"]) for row in rows]

    def undone(self) -> int:
        """How many deliveries are not done yet."""
        return int(self.value("select count(*) from bus.delivery where state <> 'done'"))

    def an_applicant(
        self, email: str = "applicant@example.com", *, kind: str = "corporation", name: str = "株式会社窓口電機"
    ) -> str:
        """A key of a new applicant of a new organisation."""
        with Session(self.operator) as session:
            organisation = Organisation(name=name, kind=kind)
            session.add(organisation)
            session.flush()
            key = accounts.issue_key(
                session, accounts.add_account(session, email, "窓口 花子", "applicant", organisation=organisation)
            )
            session.commit()
            return key

    def a_reviewer(
        self,
        *groups: str,
        email: str = "official@example.go.jp",
        name: str = "審査 一郎",
        duties: Iterable[str] = ("examiner", "approver", "manager"),
    ) -> str:
        """A key of a new official of these groups, who may do everything there unless `duties` say what."""
        with Session(self.operator) as session:
            account = accounts.add_account(session, email, name, "reviewer", groups=groups, duties=duties)
            key = accounts.issue_key(session, account)
            session.commit()
            return key

    def an_operator(self) -> str:
        """A key of a new operator."""
        with Session(self.operator) as session:
            key = accounts.issue_key(session, accounts.add_account(session, "operator@example.go.jp", "運用 太郎", "operator"))
            session.commit()
            return key

    def revoke(self, email: str) -> None:
        """End the keys of an account."""
        with Session(self.operator) as session:
            account = self.account(email)
            for key in session.exec(select(ApiKey).where(ApiKey.account_id == account.id)):
                accounts.revoke_key(session, key.id)
            session.commit()

    def file(self, key: str, count: int, procedure: str = DENKI, *, last: dict[str, Any] | None = None) -> list[UUID]:
        """File the example of a procedure `count` times, as the counter does, without its web side; the applications' ids.

        `last` are answers in which the last one differs.
        """
        from services.intake.catalogue.procedures import Catalogue
        from services.intake.filing.filing import FilingIn, Receipt, prepare, record
        from shared.identity.callers import Callers

        with self.session("intake") as session:
            caller = Callers().by_key(session, key)
            assert caller is not None
            published = Catalogue().current(session, procedure)
            filings = [example(procedure) for _ in range(count)]
            filings[-1]["answers"] |= last or {}
            written = [FilingIn.model_validate(filing) for filing in filings]
            receipts = record(session, [prepare(filing, b"{}", caller, published, None) for filing in written])
            session.commit()
        return [receipt.id for receipt in receipts if isinstance(receipt, Receipt)]

    def account(self, email: str) -> Account:
        """The account with this address."""
        with Session(self.operator) as session:
            found = accounts.account_by_email(session, email)
            assert found is not None
            return found


@contextmanager
def running_site() -> Iterator[Site]:
    """PostgreSQL and a broker: from containers where a Docker engine has their images, else from the wheels.

    MADOGUCHI_TEST_BACKEND=wheels|containers decides by hand.
    """
    wanted = os.environ.get("MADOGUCHI_TEST_BACKEND", "auto")
    with ExitStack() as stack:
        storage = Path(stack.enter_context(TemporaryDirectory(prefix="madoguchi-files-")))
        if wanted == "containers" or (wanted == "auto" and _images_at_hand()):
            site = stack.enter_context(_containers(storage))
        else:
            site = stack.enter_context(_wheels(storage))
        bootstrap(site.admin_url, site.passwords)
        migrate(site.url(OWNER))
        try:
            yield site
        finally:
            for url in (site.admin_url.rsplit("/", 1)[0] + "/madoguchi", *map(site.url, ROLES)):
                engine_at(url).dispose()


def _images_at_hand() -> bool:
    command = ["docker", "image", "inspect", POSTGRES_IMAGE, REDIS_IMAGE]
    try:
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def _wheels(storage: Path) -> Iterator[Site]:
    from deploy.one import postgres, valkey

    with postgres.ephemeral() as database, valkey.ephemeral() as broker:
        yield Site(database.admin_url, broker.url, storage, lambda: database.log.read_bytes() + broker.log.read_bytes())


@contextmanager
def _containers(storage: Path) -> Iterator[Site]:
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.community.redis import RedisContainer

    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    with PostgresContainer(POSTGRES_IMAGE, driver="psycopg") as database, RedisContainer(REDIS_IMAGE) as broker:
        host, port = broker.get_container_host_ip(), broker.get_exposed_port(6379)

        def said() -> bytes:
            return b"".join(part for server in (database, broker) for part in server.get_logs())

        yield Site(database.get_connection_url(), f"redis://{host}:{port}/0", storage, said)
