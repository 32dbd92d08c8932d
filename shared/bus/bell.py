"""The bell: tells a service's workers that there is work. It may be lost or rung twice; nothing depends on it but time."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

from celery import Celery
from celery.exceptions import OperationalError
from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

IDS_A_RING = 256
# While one ring is sent, more gathers; after it, this little rest in seconds keeps a busy publisher from ringing all the time.
REST = 0.05
# After a failed ring the broker is left alone for this many seconds; the sweeper rings for what was dropped meanwhile.
SULK = 1.0
# More ids than this are not worth remembering: the sweeper finds them.
REMEMBERED = 50_000

# Never wait long for the broker, and give up early: a ring that is late is worth nothing.
TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}


def ringer(broker_url: SecretStr) -> Celery:
    """A Celery application that only sends."""
    app = Celery("madoguchi-bell", broker=broker_url.get_secret_value(), set_as_current=False)
    app.conf.update(
        broker_transport_options=TRANSPORT_OPTIONS,
        task_ignore_result=True,
        task_publish_retry=False,
        broker_connection_timeout=3,
    )
    return app


@cache
def bell_of(broker_url: str) -> Bell:
    """This process's bell for a broker."""
    return Bell(SecretStr(broker_url))


class Bell:
    """Rings from a thread of its own: ringing never delays or fails the caller, and what gathers meanwhile goes together."""

    def __init__(self, broker_url: SecretStr) -> None:
        self._app = ringer(broker_url)
        self._waiting: dict[str, list[str]] = {}
        self._more = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._silent_until = 0.0

    def ring(self, service: str, ids: Iterable[str] = ()) -> None:
        """Tell `service` that the events `ids` wait for it. `service` may be any queue with a task `<service>.deliver`."""
        with self._more:
            waiting = self._waiting.setdefault(service, [])
            if len(waiting) < REMEMBERED:
                waiting.extend(ids)
            if self._thread is None or not self._thread.is_alive():  # not alive: we are in a forked child
                self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._more.notify()

    def close(self, patience: float = 2.0) -> None:
        """Ring what is left, for at most `patience` seconds."""
        with self._more:
            self._closing = True
            self._more.notify()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(patience)

    def answers(self) -> bool:
        """Whether the broker can be reached now."""
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=2)
                return bool(connection.default_channel.client.ping())
        except Exception:  # noqa: BLE001 - whatever the transport raises, the answer is no
            return False

    def _run(self) -> None:
        while True:
            with self._more:
                while not self._waiting and not self._closing:
                    self._more.wait()
                if not self._waiting:
                    return
                service, waiting = next(iter(self._waiting.items()))
                del self._waiting[service]
                ids, rest = waiting[:IDS_A_RING], waiting[IDS_A_RING:]
                if rest:  # to the end of the line: the other services come first
                    self._waiting[service] = rest
                others = bool(self._waiting)
            self._send(service, ids)
            if not others:
                time.sleep(REST)

    def _send(self, service: str, ids: list[str]) -> None:
        if time.monotonic() < self._silent_until:
            return
        try:
            self._app.send_task(f"{service}.deliver", args=(ids,), queue=service)
        except (OperationalError, OSError) as error:
            self._silent_until = time.monotonic() + SULK
            log.warning(
                "the broker does not answer; the sweeper will ring again", extra={"context": {"cause": type(error).__name__}}
            )
