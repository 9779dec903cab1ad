"""Keeps the test process from reaching anything but this machine.

An audit hook sees every connection that Python code makes, whatever library makes it (gRPC's C core
is the exception). The refusal is no `OSError`, so that no client takes it for a network failure and
tries again.
"""

import ipaddress
import os
import socket
import sys

_CONNECTING = frozenset({"socket.bind", "socket.connect", "socket.sendmsg", "socket.sendto"})
_RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


class RefusedAddressError(RuntimeError):
    """A test reached for an address beyond loopback."""

    def __init__(self, host: str) -> None:
        super().__init__(f"tests reach no address but loopback, this one is {host!r}")
        self.host = host


def is_loopback(host: object) -> bool:
    """Say whether a host of a socket address, as Python takes it, stays on this machine.

    Names count only where they need no name service: `localhost`, and what stands for "any of
    mine" (`None`) when a server resolves the address that it listens on.
    """
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if host is None or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def is_live() -> bool:
    """Say whether a setting lets contract tests reach real Azure: any `MODELGATE_LIVE_…`."""
    return any(name.startswith("MODELGATE_LIVE") and os.environ[name] for name in os.environ)


def refuse_foreign_addresses() -> None:
    """Install the audit hook in this process; it stays until the process ends."""
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if event in _RESOLVING:
        host = args[0]
    elif event in _CONNECTING:
        connection, address = args
        if not _is_internet(connection) or not isinstance(address, tuple):
            return
        host = address[0]
    else:
        return
    if not is_loopback(host):
        raise RefusedAddressError(str(host))


def _is_internet(connection: object) -> bool:
    family = getattr(connection, "family", None)
    return family in (socket.AF_INET, socket.AF_INET6)
