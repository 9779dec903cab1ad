"""Workspaces: their clients, made once each and shared by all threads, and what never changes."""

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.adapters.azureml.failures import azure_ml_stops_here
from shared.adapters.clouds import PUBLIC, Cloud
from shared.adapters.egress.credentials import FixedScope
from shared.adapters.egress.storage import Storage
from shared.domain.addresses import is_safe, require_safe
from shared.domain.limits import ARM_ANSWER_BYTES
from shared.domain.pipeline import Workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """What a workspace was made with."""

    location: str
    """The Azure region that it, and all in it, is in."""

    storage_account: str
    """Name of its own storage account."""


class Workspaces:
    """Clients of workspaces behind one ARM.

    Thread-safe. azure-ai-ml keeps the cloud it talks to for the whole process, so one process
    should have one of these.
    """

    def __init__(
        self,
        *,
        arm_url: str,
        credential: "TokenCredential",
        cloud: Cloud = PUBLIC,
        storage: Storage | None = None,
    ) -> None:
        """Remember where ARM is.

        Args:
            arm_url: The cloud's ARM, another way to it, or one on this machine.
            credential: Whose rights are used.
            cloud: Says what tokens are for.
            storage: Where storage accounts are; None for the cloud's usual addresses.

        Raises:
            ValueError: The address is neither HTTPS nor loopback.
        """
        self.arm_url = require_safe(arm_url).rstrip("/")
        self.cloud = cloud
        self.storage = storage or Storage(cloud.storage_suffix)
        self._arm_credential = FixedScope(credential, cloud.arm_scope)
        self._ml_credential = FixedScope(credential, cloud.ml_scope)
        self._lock = Lock()
        self._clients: dict[str, MLClient] = {}
        self._facts: dict[str, WorkspaceFacts] = {}

    def client(self, workspace: Workspace) -> "MLClient":
        """The workspace's client."""
        key = workspace.arm_id.casefold()
        with self._lock:  # making one sets the process's cloud, which two threads must not mix
            if key not in self._clients:
                self._clients[key] = self._new_client(workspace)
            return self._clients[key]

    def facts(self, workspace: Workspace) -> WorkspaceFacts:
        """Where the workspace is, and which storage account is its own."""
        key = workspace.arm_id.casefold()
        if key not in self._facts:
            with azure_ml_stops_here(f"Workspace {workspace.name}", workspace):
                found: Any = self.client(workspace).workspaces.get(workspace.name)
                if not found.location:
                    raise ValueError("it has no location")
                account = str(found.storage_account or "").rpartition("/")[2]
                self._facts[key] = WorkspaceFacts(str(found.location), account)
        return self._facts[key]

    def read(self, url: str) -> tuple[int, str]:
        """GET an address that ARM gave, to the letter; status and text.

        Raises:
            ValueError: The address is not this ARM's, so it must not have a token.
            AzureError: There is no token, or no answer.
        """
        from shared.adapters.egress.http import exchange

        if not self.is_own(url):
            raise ValueError(f"{urlsplit(url).hostname} is not {self.arm_url}")
        token = self._arm_credential.get_token(self.cloud.arm_scope).token
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = exchange("GET", url, headers=headers, seconds=READ_SECONDS, limit=ARM_ANSWER_BYTES)
        return answer.status, answer.body.decode(errors="replace")

    def is_own(self, url: str) -> bool:
        """Whether an address is ARM's or one of its regions', so that it may have a token."""
        other = urlsplit(url)
        if not is_safe(url) or "@" in other.netloc:
            return False
        known = (urlsplit(self.arm_url), urlsplit(self.cloud.arm_url))
        return any(
            other.scheme == own.scheme
            and (other.netloc == own.netloc or other.netloc.endswith(f".{own.netloc}"))
            for own in known
        )

    def endpoint_token(self) -> str:
        """A token for endpoints that authenticate by Entra ID.

        The SDK's `get_keys` asks for the public cloud's in every cloud.

        Raises:
            AzureError: There is none.
        """
        return self._ml_credential.get_token(self.cloud.ml_scope).token

    def _new_client(self, workspace: Workspace) -> "MLClient":
        from shared.adapters.egress.arm import workspace_client

        options: dict[str, Any] = {"cloud": self.cloud.name}
        if self.arm_url != self.cloud.arm_url:
            # the SDK never forgets a cloud of the same name, so each address has its own
            name = f"ModelGate {self.cloud.name} {self.arm_url}"
            options = {"cloud": name, "cloud_metadata": self._metadata()}
        return workspace_client(
            workspace,
            credential=self._arm_credential,
            is_own=self.is_own,
            is_upload_safe=lambda url: self._is_upload_safe(workspace, url),
            **options,
        )

    def _is_upload_safe(self, workspace: Workspace, url: str) -> bool:
        """Whether a signed address lies in the workspace's own storage account."""
        own = self.facts(workspace).storage_account
        address = self.storage.url_of(
            own, own=own, workspace=workspace, what=f"The storage of workspace {workspace.name}"
        )
        return is_safe(url) and url.startswith(f"{address}/")

    def _metadata(self) -> dict[str, str]:
        """What `cloud_metadata` needs; portal and registries are not used."""
        unused = ("azure_portal", "registry_discovery_endpoint")
        return {
            **dict.fromkeys(unused, self.arm_url),
            "resource_manager": self.arm_url,
            "active_directory": self.cloud.authority,
            "aml_resource_id": self.cloud.ml_audience,
            "storage_endpoint": self.cloud.storage_suffix,
        }
