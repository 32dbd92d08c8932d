"""An SMTP server that does as the recipient's address says, to see what the sender makes of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

from deploy.one.ports import LOOPBACK, free_ports


@dataclass
class Moody:
    """aiosmtpd's handler. The part of the address before @ says what it answers, and when."""

    taken: list[tuple[str, bytes]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    before_accepting: Callable[[str], None] = lambda _: None
    before_refusing: Callable[[str], None] = lambda _: None
    before_answering: Callable[[str], None] = lambda _: None
    released: threading.Event = field(default_factory=threading.Event)  # until then the tarpits wait
    open: list[Any] = field(default_factory=list)
    connections: int = 0
    greeted: list[tuple[str, bool]] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """A new connection greets."""
        session.host_name = hostname
        self.greeted.append((hostname, session.ssl is not None))
        self.connections += 1
        self.open.append((server.loop, server.transport))
        return responses

    def hang_up(self) -> None:
        """Close all connections."""
        for loop, transport in self.open:
            loop.call_soon_threadsafe(transport.abort)
        self.open.clear()

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        """The recipient is named."""
        do = address.partition("@")[0]
        self.seen.append(address)
        if do == "hang-up-early":
            server.transport.abort()
        if do in {"later", "never", "going-away"}:
            self.before_refusing(address)
            return {"later": "451 4.7.1 later", "never": "550 5.1.1 never", "going-away": "421 4.3.2 going away"}[do]
        if do.startswith("tarpit"):
            await asyncio.to_thread(self.released.wait, 20)
        self.before_accepting(address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """The text was handed over."""
        do = envelope.rcpt_tos[0].partition("@")[0]
        if do in {"later-with-text", "never-with-text"}:
            return "452 4.3.1 full" if do.startswith("later") else "554 5.7.1 no"
        self.before_answering(envelope.rcpt_tos[0])
        self.senders.append(envelope.mail_from)
        self.taken.append((envelope.rcpt_tos[0], envelope.content))
        if do == "hang-up":
            server.transport.abort()
        return "250 2.0.0 OK"

    def count(self, address: str) -> int:
        """How often a mail to this address was taken."""
        return sum(1 for to, _ in self.taken if to == address)


@contextmanager
def moody_server(moody: Moody | None = None, /, **options: Any) -> Iterator[tuple[str, Moody]]:
    """Its smtp:// address, and the handler. `options` are aiosmtpd's."""
    moody = moody or Moody()
    controller = Controller(moody, hostname=LOOPBACK, port=free_ports(1)[0], **options)
    controller.start()
    try:
        yield f"smtp://{LOOPBACK}:{controller.port}", moody
    finally:
        moody.hang_up()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), controller.loop).result()  # let them close
        controller.stop()
