"""Addresses of services from the settings."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def require_safe(address: str) -> str:
    """The address, if what is sent there cannot be read on the way.

    Plain HTTP is for the emulators of the local stack, which listen on loopback.

    Raises:
        ValueError: It is neither https nor on loopback.
    """
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return address
    raise ValueError(f"{parts.scheme}://{parts.hostname} is not https")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
