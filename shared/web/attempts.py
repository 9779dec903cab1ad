"""How often one may guess: failed attempts by release and address, and what follows from them."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final

from shared.ports import Attempts, Link

UNKNOWN: Final = "unknown"
"""Where a request does not tell whence it comes."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures a key may have."""

    key: str
    most: int
    window_seconds: float


def limits_for(link: Link | None, address: str) -> tuple[Limit, ...]:
    """What applies: by release and address, and by link; by address alone where there is none."""
    if link is None:
        return (Limit(f"- {address}", 30, 900.0),)
    return (
        Limit(f"{link.release_id} {address}", 10, 900.0),
        # one link's holder locks nobody else out, and its revocation frees its person
        Limit("/".join(map(str, astuple(link))), 100, 3600.0),
    )


def seconds_to_wait(attempts: Attempts, limits: tuple[Limit, ...], now: datetime) -> int:
    """How long whoever asks has to wait; 0 where they need not.

    Raises:
        StepError: It cannot be told; whoever might be guessing has to wait for that, too.
    """
    spent = [
        limit
        for limit in limits
        if attempts.failures(key=limit.key, now=now, window_seconds=limit.window_seconds)
        >= limit.most
    ]
    return max((_rest(limit.window_seconds, now) for limit in spent), default=0)


def count_failure(attempts: Attempts, limits: tuple[Limit, ...], now: datetime) -> None:
    """Remember that an attempt failed."""
    for limit in limits:
        attempts.failed(keys=[limit.key], now=now, window_seconds=limit.window_seconds)


def address_of(headers: Mapping[str, str]) -> str:
    """Whence a request comes; of IPv6 the network, since whoever has one address has all of it.

    App Service's front end appends the peer's address and port to whatever `X-Forwarded-For` the
    client sent, so that only the last entry is to be believed.

    Args:
        headers: By lower-case name.
    """
    last = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    if last.startswith("["):
        host = last[1:].partition("]")[0]
    elif last.count(":") == 1:
        host = last.partition(":")[0]
    else:
        host = last
    try:
        address = ip_address(host)
    except ValueError:
        return UNKNOWN
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:  # whatever zone follows it
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))


def _rest(window_seconds: float, now: datetime) -> int:
    """Whole seconds to the end of the present window, at least 1."""
    return ceil(window_seconds - now.timestamp() % window_seconds)
