"""No test reaches beyond this machine; 192.0.2.0/24 is kept for documentation (RFC 5737)."""

import asyncio
import socket
import urllib.request

import pytest

from tests.loopback import RefusedAddressError, is_live, is_loopback

FOREIGN = ("192.0.2.1", 80)

pytestmark = pytest.mark.skipif(is_live(), reason="a MODELGATE_LIVE setting lets tests reach Azure")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", b"127.0.0.1", "localhost", None])
def test_hosts_of_this_machine(host: object) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "::", "", "example.com", b"example.com"])  # noqa: S104 (refused)
def test_hosts_beyond_it(host: object) -> None:
    assert not is_loopback(host)


def test_connecting_is_refused() -> None:
    with socket.socket() as connection, pytest.raises(RefusedAddressError, match=r"192\.0\.2\.1"):
        connection.connect(FOREIGN)


def test_a_datagram_is_refused() -> None:
    kind = socket.SOCK_DGRAM
    with socket.socket(type=kind) as connection, pytest.raises(RefusedAddressError):
        connection.sendto(b"", FOREIGN)


def test_asking_a_name_service_is_refused() -> None:
    with pytest.raises(RefusedAddressError, match="example"):
        urllib.request.urlopen("https://modelgate.example/", timeout=1)


def test_listening_beyond_this_machine_is_refused() -> None:
    with socket.socket() as server, pytest.raises(RefusedAddressError):
        server.bind(("0.0.0.0", 0))  # noqa: S104 (refused)


async def test_asyncio_is_refused_too() -> None:
    with pytest.raises(RefusedAddressError):
        await asyncio.open_connection(*FOREIGN)


def test_loopback_is_reached() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()
