"""Requests to addresses that others chose reach the public internet only, and are bounded in time and size."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import trustme

from deploy.one.ports import LOOPBACK, free_ports
from services.notify.channels.http import ANSWER_LIMIT, NoAnswer, Reach, Refused, checked, is_public, post_safely
from tests.notify.channels.receiver import Receiver, receiving

HERE = Reach(networks=(ip_network("127.0.0.0/8"),), plain=True, ports=frozenset())
ANYWHERE = Reach(plain=True, ports=frozenset())

PRIVATE = """
127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 192.0.0.8 198.18.0.1 240.0.0.1
255.255.255.255 192.0.2.1 192.88.99.1 ::1 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::1 2002:7f00:1:: 2001:0:1::1 fe80::1 fec0::1 fc00::1 fd00:ec2::254 ff02::1 2001:db8::1 5f00::1 3fff::1
"""
URLS = """
ftp://example.com/ http://example.com/ https://user@example.com/ https://user:secret@example.com/ https:///path https://example.com:22/
https://example.com:80/ https://example.com/# https://example.com:99999/ https://例え.jp/ https://[::1 https://127.0.0.1/
https://[::ffff:127.0.0.1]/ https://[64:ff9b::a9fe:a9fe]/ https://169.254.169.254/latest/meta-data https://example.com\\@10.0.0.1/
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def resolves_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Each look-up of a name has the next answer. Returns the names that were looked up."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *more: Any, **named: Any) -> Any:
        if host[0].isdigit():  # what is connected to is an address already
            return real(host, port, *more, **named)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", PRIVATE.split())
def test_no_address_of_a_private_or_special_network_is_public(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not ANYWHERE.allows(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url", [*URLS.split(), "https://example.com/a b", "https://example.com/\n", "https://e.jp/" + "a" * 2000]
)
def test_a_url_that_must_not_be_called_is_refused_as_it_is_read(url: str) -> None:
    with pytest.raises(Refused):
        checked(url, Reach())


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_to_a_private_address_is_never_connected_to(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, address: str
) -> None:
    for answers in ([address], ["8.8.8.8", address]):  # one bad address among good ones is enough
        resolves_to(monkeypatch, answers)
        with pytest.raises(Refused):
            post_safely(receiver.url(host="hooks.example"), b"{}", {}, reach=ANYWHERE)
    assert receiver.taken == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "017700000001", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_seen_through(receiver: Receiver, host: str) -> None:
    with pytest.raises(Refused):
        post_safely(receiver.url(host=host), b"{}", {}, reach=ANYWHERE)
    assert receiver.taken == []


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    asked = resolves_to(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])  # the second answer would be another machine's
    assert post_safely(receiver.url(host="hooks.example"), b"{}", {"x-a": "b"}, reach=HERE).status == 204
    assert asked == ["hooks.example"]
    assert receiver.taken[0].headers["host"] == f"hooks.example:{receiver.port}"
    assert receiver.taken[0].headers["x-a"] == "b"


def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    receiver.answer = (302, {"location": receiver.url("/204")}, b"")
    answer = post_safely(receiver.url("/answer"), b"{}", {}, reach=HERE)
    assert (answer.status, answer.ok, len(receiver.taken)) == (302, False, 1)


@pytest.mark.parametrize("path", ["/drip", "/silent"])
def test_a_server_that_drips_or_is_silent_is_left_in_time(receiver: Receiver, path: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NoAnswer, match="too long") as caught:
        post_safely(receiver.url(path), b"{}", {}, reach=HERE, timeout=0.4)
    assert time.monotonic() - begun < 2.5  # the server goes on for three seconds
    assert caught.value.handed_over


def test_a_long_answer_is_cut_and_its_headers_are_known(receiver: Receiver) -> None:
    receiver.answer = (503, {"Retry-After": "7"}, b"x" * (ANSWER_LIMIT * 4))
    answer = post_safely(receiver.url("/answer"), b"{}", {}, reach=HERE)
    assert (answer.status, answer.headers["retry-after"], len(answer.body)) == (503, "7", ANSWER_LIMIT)


@pytest.mark.parametrize("value", ["a\r\nx-b: c", "a\n", "\0", " "])
def test_a_header_of_somebody_adds_no_other(receiver: Receiver, value: str) -> None:
    with pytest.raises(Refused):
        post_safely(receiver.url(), b"{}", {"authorization": value}, reach=HERE)
    assert receiver.taken == []


def test_where_nobody_listens_nothing_was_handed_over() -> None:
    (port,) = free_ports(1)
    with pytest.raises(NoAnswer, match="ConnectionRefused") as caught:
        post_safely(f"http://{LOOPBACK}:{port}/", b"", {}, reach=HERE)
    assert not caught.value.handed_over


def test_the_certificate_has_to_be_that_of_the_name_though_an_address_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("hooks.example").configure_cert(served)
    authority.configure_trust(trusted)
    resolves_to(monkeypatch, ["127.0.0.1"])
    reach = Reach(networks=HERE.networks, ports=frozenset(), tls=trusted)
    with receiving(served) as receiver:
        assert post_safely(receiver.url(host="hooks.example"), b"{}", {}, reach=reach).ok
        with pytest.raises(NoAnswer, match="certificate is not trusted"):
            post_safely(receiver.url(host="other.example"), b"{}", {}, reach=reach)
        with pytest.raises(NoAnswer, match="certificate is not trusted"):
            post_safely(receiver.url(host="hooks.example"), b"{}", {}, reach=Reach(networks=HERE.networks, ports=frozenset()))
    assert len(receiver.taken) == 1
