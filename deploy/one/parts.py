"""The parts of one machine: which processes, with which settings, and how each shows that it is ready."""

from __future__ import annotations

import os
import signal
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.one import leftovers
from deploy.one.leftovers import HOME, PART
from deploy.one.ports import LOOPBACK, answers
from deploy.one.postgres import Postgres
from deploy.one.process import Part
from deploy.one.valkey import Valkey
from deploy.paths import SERVICES
from shared.sealing.ring import new_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.one.home import Home

# As in deploy.database, which is not imported here since it loads SQLAlchemy and Alembic; a test compares them.
DATABASE = "madoguchi"
WORKERS = 2
APPLICATIONS = ("deploy.gateway", *(f"services.{service}.app" for service in SERVICES), "deploy.console.app")
PYTHON_PARTS = ("prepare", "mailbox", "web", "worker", "beat", "backup")
READY_FILE = "MADOGUCHI_READY_FILE"
UVICORN_LOGS = Path(__file__).parents[2] / "shared" / "telemetry" / "uvicorn.json"
# Of the settings in the environment `up` is started with, those that one machine takes over as they are.
_TAKEN_OVER = (
    "MADOGUCHI_SIGN_IN_PROVIDERS",
    "MADOGUCHI_CLAMD",
    "MADOGUCHI_BACKUP_STORE",
    "MADOGUCHI_BACKUP_RECIPIENTS",
    "MADOGUCHI_BACKUP_IDENTITY",
    "MADOGUCHI_BACKUP_EVERY_SECONDS",
    "MADOGUCHI_BACKUP_BASE_HOURS",
    "MADOGUCHI_BACKUP_KEEP",
    "MADOGUCHI_BACKUP_SPOOL_BYTES",
    "MADOGUCHI_BACKUP_REHEARSAL_DAYS",
    "MADOGUCHI_METRICS_TOKEN",
    "MADOGUCHI_NOTIFY_PRIVATE_NETWORKS",
    "MADOGUCHI_NOTIFY_PLAIN_HTTP",
    "MADOGUCHI_NOTIFY_PORTS_CALLED",
    "MADOGUCHI_NOTIFY_SMS_URL",
    "MADOGUCHI_NOTIFY_SMS_TOKEN",
    "MADOGUCHI_NOTIFY_SMS_SENDER",
    "MADOGUCHI_NOTIFY_SMS_RECEIPTS_TOKEN",
)


@dataclass(frozen=True)
class Site:
    """One machine's servers and addresses, from its home and its ports."""

    home: Home
    ports: dict[str, int]
    port: int

    @property
    def base_url(self) -> str:
        """The address people use."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def mailbox_url(self) -> str:
        """The mailbox's page."""
        return f"http://{LOOPBACK}:{self.ports['mailbox']}"

    @property
    def postgres(self) -> Postgres:
        """The database."""
        home = self.home
        return Postgres(home.postgres, self.ports["postgres"], home.secret("postgres_superuser"), home.logs / "postgres.log")

    @property
    def valkey(self) -> Valkey:
        """The broker."""
        return Valkey(self.home.valkey, self.ports["valkey"], self.home.secret("valkey"), self.home.logs / "valkey.log")

    def settings(self) -> dict[str, str]:
        """What every process of this site finds in its environment."""

        def database(name: str) -> str:
            role = f"madoguchi_{name}"
            return self.postgres.url(role, self.home.secret(role), DATABASE)

        return {
            HOME: str(self.home.path),
            "MADOGUCHI_BASE_URL": self.base_url,
            "MADOGUCHI_BROKER_URL": self.valkey.url,
            "MADOGUCHI_SECRET_KEY": self.home.secret("secret_key"),
            "MADOGUCHI_SEALING_KEYS": self.home.secret("sealing_keys", lambda: new_key("first")),
            "MADOGUCHI_OWNER_DATABASE_URL": database("owner"),
            "MADOGUCHI_OPERATOR_DATABASE_URL": database("operator"),
            "MADOGUCHI_BACKUP_DATABASE_URL": database("backup"),
            "MADOGUCHI_BACKUP_SPOOL": str(self.home.path / "backup"),
            "MADOGUCHI_BACKUP_SECRETS": str(self.home.path / "secrets"),
            **{f"MADOGUCHI_{service.upper()}_DATABASE_URL": database(service) for service in SERVICES},
            "MADOGUCHI_NOTIFY_SMTP_URL": f"smtp://{LOOPBACK}:{self.ports['smtp']}",
            "MADOGUCHI_STORAGE": str(self.home.storage),
            "MADOGUCHI_NOTIFY_SMS_URL": f"folder://{self.home.path}/text-messages",
            "MADOGUCHI_AUDIT_KEY": self.home.secret("audit_key"),
            "MADOGUCHI_AUDIT_HEADS": str(self.home.heads),
            "MADOGUCHI_NOTIFY_SENDER": "窓口 <no-reply@madoguchi.example>",
            **{name: os.environ[name] for name in _TAKEN_OVER if name in os.environ},
        }

    def environment(self, part: str) -> dict[str, str]:
        """The whole environment of a Python part."""
        # Settings of another installation in the caller's shell must not leak in.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MADOGUCHI_", "PG", "CELERY_"))}
        return inherited | self.settings() | {PART: part, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}

    def prepare(self, *, demo: bool) -> Part:
        """Brings the database to what this version needs, then ends."""
        return self._python(
            "prepare", ("deploy.one.prepare", "--port", str(self.port), *(["--demo"] if demo else [])), ready=lambda: True
        )

    def mailbox(self) -> Part:
        """Catches the mails."""
        smtp, http = self.ports["smtp"], self.ports["mailbox"]
        options = ("--smtp-port", str(smtp), "--http-port", str(http), "--folder", str(self.home.mailbox))
        return self._python(
            "mailbox",
            ("deploy.one.mailbox", *options),
            ready=lambda: answers(smtp) and answers(http),
            address=f"{self.mailbox_url} (SMTP {LOOPBACK}:{smtp})",
        )

    def web(self) -> Part:
        """The four applications behind one address."""
        options = ("--factory", "--host", LOOPBACK, "--port", str(self.port), "--loop", "uvloop", "--http", "httptools")
        # No access log: addresses carry sign-in secrets and applicants' search terms.
        quiet = ("--no-access-log", "--log-config", str(UVICORN_LOGS), "--timeout-graceful-shutdown", "4", "--no-server-header")
        return self._python(
            "web",
            self._gated(APPLICATIONS, "uvicorn", "deploy.gateway:create_app", *options, *quiet),
            ready=lambda: is_well(f"{self.base_url}/health/ready"),
            address=self.base_url,
        )

    def worker(self) -> Part:
        """Celery, for all queues."""
        options = ("--pool", "prefork", "--concurrency", str(WORKERS), "--loglevel", "info")
        alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        return self._celery("worker", ("worker", *options, *alone), address=f"{WORKERS} processes, all queues", patience=6.0)

    def beat(self) -> Part:
        """Wakes the sweeper."""
        command = ("beat", "--schedule", str(self.home.run / "beat-schedule"), "--loglevel", "info")
        return self._celery("beat", command, address="wakes the sweepers")

    def backup(self) -> Part | None:
        """Makes backups, where a store and whoever can read them are named."""
        settings = self.settings()
        if not all(settings.get(f"MADOGUCHI_BACKUP_{name}") for name in ("STORE", "RECIPIENTS")):
            return None
        store = settings["MADOGUCHI_BACKUP_STORE"].partition("?")[0]
        return self._python("backup", ("deploy.cli", "backup", "run"), ready=lambda: True, address=f"to {store}", patience=8.0)

    @property
    def prepared(self) -> Path:
        """Exists once the database is prepared; the parts that need it load meanwhile, and wait for this file."""
        return self.home.run / "prepared"

    def _gated(self, modules: tuple[str, ...], *program: str) -> tuple[str, ...]:
        return ("deploy.one.gate", str(self.prepared), ",".join(modules), *program)

    def _celery(self, name: str, command: tuple[str, ...], *, address: str = "", patience: float = 5.0) -> Part:
        ready = self.home.run / f"{name}.ready"
        return self._python(
            name,
            self._gated(("deploy.one.worker",), "celery", "-A", "deploy.one.worker", *command),
            ready=ready.exists,
            before=lambda: ready.unlink(missing_ok=True),
            address=address,
            patience=patience,
            # On SIGTERM the worker finishes what it began (warm); the supervisor sets the limit of time itself.
            more={READY_FILE: str(ready), "REMAP_SIGTERM": ""},
        )

    def _python(
        self,
        name: str,
        module: tuple[str, ...],
        *,
        ready: Callable[[], bool],
        before: Callable[[], None] = lambda: None,
        address: str = "",
        patience: float = 5.0,
        more: dict[str, str] | None = None,
    ) -> Part:
        def prepare() -> None:
            end_left_over(self.home, name)
            before()

        return Part(
            name=name,
            command=(sys.executable, "-m", *module),
            environment=self.environment(name) | (more or {}),
            folder=self.home.path,
            log=self.home.logs / f"{name}.log",
            ready=lambda _: ready(),
            before=prepare,
            address=address,
            patience=patience,
        )


def end_left_over(home: Home, name: str) -> None:
    """End the processes of a Python part that an earlier, killed supervisor left."""
    leftovers.end(lambda: leftovers.parts_of(home.path, name), signal.SIGTERM, signal.SIGKILL, patience=5.0)


def is_well(url: str) -> bool:
    """Whether a health page answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == HTTPStatus.OK)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
