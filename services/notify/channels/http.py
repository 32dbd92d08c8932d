"""Requests to addresses that others chose: only to the public internet, within bounds of time and size.

A name is resolved once, every address it has is checked, and the connection goes to one of those very addresses, so that a name
that changes its mind in between leads nowhere (SSRF). Redirects are not followed. Whoever needs a receiver in the office's own
network names that network in the settings.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import h11

from shared.i18n import message

if TYPE_CHECKING:
    from services.notify.settings import Settings

TIMEOUT = 15.0
URL_LIMIT = 2000
ANSWER_LIMIT = 64 * 1024
_HEADERS_LIMIT = 64 * 1024
_ADDRESSES_TRIED = 4
_USER_AGENT = "Madoguchi"

_PUBLIC_V6 = ip_network("2000::/3")
# Addresses that carry an IPv4 address to somebody who unpacks it: NAT64 (RFC 6052), where the address inside has to be public.
_NAT64 = ip_network("64:ff9b::/96")
# What Python's `is_global` lets through, or did for a while: Teredo, 6to4 and its relays; protocol assignments; documentation.
_SPECIAL = [ip_network(one) for one in ("2001::/23", "2002::/16", "192.88.99.0/24", "192.0.0.0/24", "3fff::/20")]
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")
# getaddrinfo knows no timeout: it is left behind in its thread.
_resolvers = ThreadPoolExecutor(16, "resolve")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Refused(Exception):
    """Nothing is sent to this address, and nothing was. `reason` is a text to translate, `values` fill it."""

    def __init__(self, reason: str, **values: Any) -> None:
        super().__init__(reason.format(**values))
        self.reason = reason
        self.values = values


class NoAnswer(Exception):
    """The other side could not be reached, or did not answer in time. `handed_over`: it may have what was sent all the same."""

    def __init__(self, cause: str, *, handed_over: bool) -> None:
        super().__init__(cause)
        self.cause = cause
        self.handed_over = handed_over


@dataclass(frozen=True)
class Answer:
    """What the other side said. The body is cut at ANSWER_LIMIT; the names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it took what was sent."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3


@dataclass(frozen=True)
class Reach:
    """Where requests may go. `ports`: none means all."""

    networks: tuple[Network, ...] = ()
    plain: bool = False
    ports: frozenset[int] = frozenset({443, 8443})
    tls: ssl.SSLContext | None = field(default=None, compare=False)  # none: as the machine trusts

    @classmethod
    def of(cls, settings: Settings) -> Reach:
        """As the settings allow."""
        return cls(tuple(settings.private_networks), settings.plain_http, frozenset(settings.ports_called))

    def allows(self, address: Address) -> bool:
        """Whether this address is public, or in a network that the settings name."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return is_public(address) or any(address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, and none that something unpacks to another one."""
    if any(address in special for special in _SPECIAL):
        return False
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        return address in _PUBLIC_V6 and address.is_global
    return address.is_global and not address.is_multicast and not address.is_reserved


def checked(url: str, reach: Reach) -> SplitResult:
    """A URL that may be called, as far as one can tell without resolving its name. Raises Refused."""
    if len(url) > URL_LIMIT:
        raise Refused(message("A URL has {limit} characters at most"), limit=URL_LIMIT)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Refused(message("This is no URL")) from None
    if not host or not url.isascii() or _CONTROL.search(url) or parts.username is not None or parts.password is not None:
        raise Refused(message("Write the URL as https://host/path, in ASCII and without a password"))
    if "#" in url:
        raise Refused(message("Leave out what follows the #"))
    if parts.scheme != "https" and not (reach.plain and parts.scheme == "http"):
        raise Refused(message("The URL has to begin with https://"))
    if reach.ports and (port or _default_port(parts)) not in reach.ports:
        raise Refused(message("Only these ports are called: {ports}"), ports=", ".join(str(one) for one in sorted(reach.ports)))
    try:
        literal = ip_address(host)
    except ValueError:
        return parts
    if not reach.allows(literal):
        raise Refused(message("This address is not one of the public internet"))
    return parts


def post_safely(
    url: str, body: bytes, headers: Mapping[str, str], *, reach: Reach, timeout: float = TIMEOUT, limit: int = ANSWER_LIMIT
) -> Answer:
    """POST to an address that somebody else chose; `timeout` bounds all of it, from the name to the last byte of the answer.

    Redirects are answers like any other. Raises Refused, NoAnswer.
    """
    deadline = time.monotonic() + timeout
    parts = checked(url, reach)
    addresses = _resolved(parts, reach, deadline)
    with _connected(parts, addresses, reach, deadline) as connection:
        return _exchange(connection, parts, body, headers, deadline=deadline, limit=limit)


def _resolved(parts: SplitResult, reach: Reach, deadline: float) -> list[Address]:
    """The addresses of a name, all of them allowed. Raises Refused, NoAnswer."""
    port = parts.port or _default_port(parts)
    asked = _resolvers.submit(socket.getaddrinfo, parts.hostname, port, type=socket.SOCK_STREAM)
    try:
        found = asked.result(_left(deadline))
    except TimeoutError:
        raise NoAnswer("the name was not resolved in time", handed_over=False) from None
    except (OSError, UnicodeError):  # an impossible name is no name
        raise NoAnswer("the name is unknown", handed_over=False) from None
    # fe80::1%eth0 is an address too: its zone is not, and it is not public anyway
    addresses = list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    if not all(reach.allows(address) for address in addresses):
        raise Refused(message("This name leads to an address that is not one of the public internet"))
    return addresses[:_ADDRESSES_TRIED]


def _connected(parts: SplitResult, addresses: list[Address], reach: Reach, deadline: float) -> socket.socket:
    """A connection to one of these addresses. Raises NoAnswer."""
    port = parts.port or _default_port(parts)
    cause: OSError = ConnectionError()
    for number, address in enumerate(addresses):
        connection = None
        try:
            connection = socket.create_connection((str(address), port), timeout=_left(deadline) / (len(addresses) - number))
            if parts.scheme == "http":
                return connection
            connection.settimeout(_left(deadline))
            return (reach.tls or _trusted()).wrap_socket(connection, server_hostname=parts.hostname)
        except OSError as error:  # ssl's errors are among them
            cause = error
            if connection is not None:
                connection.close()
    raise NoAnswer(f"no connection: {_named(cause)}", handed_over=False) from cause


@cache
def _trusted() -> ssl.SSLContext:
    """Reading all the authorities that this machine trusts takes some milliseconds."""
    return ssl.create_default_context()


def _exchange(
    connection: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str], *, deadline: float, limit: int
) -> Answer:
    """Send the request and read the answer. Raises NoAnswer."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADERS_LIMIT)
    own = {"host": parts.netloc, "user-agent": _USER_AGENT, "content-length": str(len(body)), "connection": "close"}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {name.lower(): value for name, value in headers.items()} | own
    try:
        request = h11.Request(method="POST", target=target, headers=list(lines.items()))
    except h11.LocalProtocolError:
        raise Refused(message("A header has signs that cannot be sent")) from None
    out = [http.send(request), http.send(h11.Data(data=body)), http.send(h11.EndOfMessage())]
    try:
        connection.settimeout(_left(deadline))
        connection.sendall(b"".join(part for part in out if part))
        status, answered, read = 0, {}, b""
        for event in _events(http, connection, deadline):
            if isinstance(event, h11.Response):
                status = event.status_code
                answered = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in event.headers}
            elif isinstance(event, h11.Data):
                read += bytes(event.data)
                if len(read) >= limit:
                    break
    except (OSError, h11.RemoteProtocolError) as error:
        raise NoAnswer(f"no answer: {_named(error)}", handed_over=True) from error
    return Answer(status, answered, read[:limit])


def _events(http: h11.Connection, connection: socket.socket, deadline: float) -> Iterator[object]:
    """What the other side says, until it has said all. Raises OSError, RemoteProtocolError."""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            connection.settimeout(_left(deadline))
            http.receive_data(connection.recv(16 * 1024))
        elif isinstance(event, h11.EndOfMessage):
            return
        else:
            yield event


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises TimeoutError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _default_port(parts: SplitResult) -> int:
    return 80 if parts.scheme == "http" else 443


def _named(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message})"
    return type(error).__name__
