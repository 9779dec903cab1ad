"""Addresses of services: where credentials and links may go, and what connection strings say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

_AMBIGUOUS = frozenset("\\\t\n\r ")
"""What clients read differently: of `http://a\\@127.0.0.1` one takes `a` for the host, one the
other."""


def require_safe(address: str) -> str:
    """The address, if what is sent there cannot be read on the way.

    Plain HTTP is for the emulators of the local stack, which listen on loopback.

    Raises:
        ValueError: It is neither https nor on loopback.
    """
    parts = urlsplit(address)
    host = "" if set(address) & _AMBIGUOUS else parts.hostname or ""
    if host and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        return address
    raise ValueError(
        f"{parts.scheme or 'no scheme'}://{host}: credentials are only sent by https, or by http "
        "to a loopback address"
    )


def is_safe(address: str) -> bool:
    """Whether `require_safe` takes it."""
    try:
        return bool(require_safe(address))
    except ValueError:
        return False


def is_account(blob_service: str, account: str) -> bool:
    """Whether the address of a blob service is an account's, by host or by path."""
    parts = urlsplit(blob_service)
    return account in ((parts.hostname or "").partition(".")[0], parts.path.strip("/"))


def is_address(text: str) -> bool:
    """Whether a setting is an address, and no connection string."""
    return text.lower().startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True)
class BlobAddresses:
    """Blob services that are not at their cloud's usual addresses."""

    template: str = ""
    """For every account, with `{account}` in it; empty for the usual address."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    """For single accounts, by name."""

    def of(self, account: str) -> str | None:
        """The address of an account's blob service; None where it is the usual one."""
        if account in self.accounts:
            return self.accounts[account]
        return self.template.replace("{account}", account) if self.template else None


def blob_addresses(text: str) -> BlobAddresses:
    """What a setting says of blob services, separated by commas.

    Args:
        text: Each an address with `{account}` in it, or `name=https://…` for one account.

    Raises:
        ValueError: One is neither, or unsafe.
    """
    template, accounts = "", {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, address = part.partition("=")
        if is_address(part) and "{account}" in part:
            template = require_safe(part).rstrip("/")
        elif equals and name.isalnum() and is_address(address):
            accounts[name] = require_safe(address).rstrip("/")
        else:
            raise ValueError(f"{part}: write an address with {{account}} in it, or name=https://…")
    return BlobAddresses(template, accounts)


def mail_service(text: str) -> tuple[str, str | None]:
    """Endpoint and key (None for an identity) of the mail service.

    The client's own reading of a connection string makes https of http.

    Args:
        text: The endpoint, or a connection string (with `endpoint` and `accesskey`).

    Raises:
        ValueError: It is incomplete or unsafe.
    """
    if is_address(text) or "=" not in text:
        return require_safe(text), None
    parts = _connection(text)
    if not parts.get("endpoint") or not parts.get("accesskey"):
        raise ValueError("a mail connection string needs the parts endpoint and accesskey")
    return require_safe(parts["endpoint"]), parts["accesskey"]


def table_service(text: str) -> str:
    """The endpoint or the connection string of Table Storage, as it was given.

    Raises:
        ValueError: It is incomplete or unsafe.
    """
    if is_address(text) or "=" not in text:
        return require_safe(text)
    parts = _connection(text)
    if parts.get("usedevelopmentstorage") == "true":
        return text
    if endpoint := parts.get("tableendpoint"):
        require_safe(endpoint)
    elif not parts.get("accountname"):
        raise ValueError("a connection string of Table Storage needs AccountName or TableEndpoint")
    elif parts.get("defaultendpointsprotocol", "https").lower() != "https":
        raise ValueError("DefaultEndpointsProtocol is not https")
    if not parts.get("accountkey") and not parts.get("sharedaccesssignature"):
        raise ValueError(
            "a connection string of Table Storage needs AccountKey or SharedAccessSignature"
        )
    return text


def _connection(text: str) -> dict[str, str]:
    """The parts of a connection string, by lower-case name."""
    parts = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts}


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
