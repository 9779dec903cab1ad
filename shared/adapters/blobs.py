"""Access to blob containers: clients for ourselves, signed addresses for the storage service."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.adapters.egress.clients import blob_service_client, container_client
from shared.domain.addresses import is_safe
from shared.domain.errors import technical
from shared.domain.limits import CLIENTS
from shared.ports import Container

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import ContainerClient, UserDelegationKey

SIGNED_FOR = timedelta(hours=24)
"""How long a source stays readable: longer than a server-side copy may take."""

SKEW = timedelta(minutes=15)
"""Clocks of storage clusters may be that far behind (Microsoft's advice for SAS)."""

CLIENT_SECONDS = 3600.0
"""How long a client is kept; an account key that was changed is noticed by then."""

CLIENT_OPTIONS: dict[str, Any] = {
    # seconds, instead of the client's minute: an activity does not wait, its orchestration does
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 2,
    "random_jitter_range": 1,
}


@dataclass(frozen=True, slots=True)
class _Access:
    client: "ContainerClient"
    account: str
    key: str | None
    """The account's key; None where the identity is used."""

    until: float
    """On the monotonic clock."""


class Blobs:
    """Clients of containers. Thread-safe."""

    def __init__(
        self,
        *,
        credential: "TokenCredential",
        access: str,
        datastore_key: Callable[[Container], str],
    ) -> None:
        self._credential = credential
        self.opens_with_keys = access == "datastore-key"
        self._datastore_key = datastore_key
        self._lock = Lock()
        self._opening = Lock()
        self._containers: OrderedDict[Container, _Access] = OrderedDict()
        self._delegations: dict[str, tuple[UserDelegationKey, datetime]] = {}

    def client(self, container: Container) -> "ContainerClient":
        """The client of a container.

        Raises:
            StepError: The datastore gives no key.
        """
        return self._access(container).client

    def signed_url(self, container: Container, name: str) -> str:
        """A blob's address that lets its holder read this blob for a day. Never log it."""
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        access = self._access(container)
        now = datetime.now(UTC)
        if access.key is not None:
            signer: dict[str, Any] = {"account_key": access.key}
            expiry = now + SIGNED_FOR
        else:
            delegation, expiry = self._delegation(container)
            signer = {"user_delegation_key": delegation}
        signature = generate_blob_sas(
            account_name=access.account,
            container_name=container.name,
            blob_name=name,
            permission=BlobSasPermissions(read=True),
            start=now - SKEW,
            expiry=expiry,
            protocol="https" if container.account_url.startswith("https:") else "https,http",
            **signer,
        )
        return f"{access.client.get_blob_client(name).url}?{signature}"

    def _access(self, container: Container) -> _Access:
        with self._opening:
            access = self._containers.get(container)
            if access is None or time.monotonic() >= access.until:
                access = self._open(container)
                self._containers[container] = access
            self._containers.move_to_end(container)
            if len(self._containers) > CLIENTS:
                self._containers.popitem(last=False)
            return access

    def _open(self, container: Container) -> _Access:
        url = _safe(container)
        account = account_of(url)
        key = self._datastore_key(container) if self.opens_with_keys else None
        client = container_client(
            url,
            container.name,
            credential=self._credential,
            key=None if key is None else (account, key),
            **CLIENT_OPTIONS,
        )
        return _Access(client, account, key, time.monotonic() + CLIENT_SECONDS)

    def _delegation(self, container: Container) -> "tuple[UserDelegationKey, datetime]":
        """A key of the identity's own, and until when it signs; renewed at half of its life."""
        now = datetime.now(UTC)
        url = _safe(container)
        with self._lock:
            known = self._delegations.get(url)
            if known is None or known[1] - now < SIGNED_FOR:
                until = now + 2 * SIGNED_FOR
                with blob_service_client(
                    url, credential=self._credential, **CLIENT_OPTIONS
                ) as service:
                    key = service.get_user_delegation_key(now - SKEW, until)
                known = (key, until)
                self._delegations[url] = known
            return known


def _safe(container: Container) -> str:
    if not is_safe(container.account_url):
        raise technical(
            "InsecureStorageAddress",
            f"Container {container.name} of workspace {container.workspace.name} is reached by "
            "plain HTTP, which no key or token is sent over. Correct the storage address.",
        )
    return container.account_url


def account_of(account_url: str) -> str:
    """The account's name: of the host, or of the path where the address is path-style."""
    parts = urlsplit(account_url)
    path = parts.path.strip("/")
    return path or (parts.hostname or "").partition(".")[0]
