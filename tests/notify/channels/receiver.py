"""A receiver of webhooks: an HTTP server that answers as its path says, and keeps what it was sent."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from deploy.one.ports import LOOPBACK


@dataclass
class Taken:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers by path: /204, /500 …; /answer with what `answer` says; /drip and /silent come to no end."""

    port: int = 0
    scheme: str = "http"
    taken: list[Taken] = field(default_factory=list)
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")
    patience: float = 3.0

    def url(self, path: str = "/204", host: str = LOOPBACK) -> str:
        """An address here."""
        return f"{self.scheme}://{host}:{self.port}{path}"


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            receiver.taken.append(Taken(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if self.path in {"/drip", "/silent"}:
                return self._slowly()
            status, headers, out = receiver.answer if self.path == "/answer" else (int(self.path[1:4]), {}, b"")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)
            return None

        def _slowly(self) -> None:
            until = time.monotonic() + receiver.patience
            try:
                while time.monotonic() < until:
                    if self.path == "/drip":
                        self.wfile.write(b"H")
                    time.sleep(0.05)
            except OSError:
                pass

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Somebody hung up: that is what these tests do."""


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on 127.0.0.1."""
    receiver = Receiver(scheme="https" if tls else "http")
    server = _Server((LOOPBACK, 0), _handler(receiver))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
