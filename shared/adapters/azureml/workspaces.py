"""Clients of workspaces, made once each and shared by all threads."""

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.adapters.azureml.reading import read
from shared.adapters.azureml.troubles import azure_ml_stops_here
from shared.adapters.clouds import PUBLIC, Cloud
from shared.domain.addresses import is_safe, require_safe
from shared.domain.pipeline import Workspace

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

CONNECT_SECONDS = 10
READ_SECONDS = 60
"""Azure's own gateway gives up after a minute; azure-core would wait five."""


class Workspaces:
    """Clients of workspaces behind one ARM.

    Thread-safe. azure-ai-ml keeps the cloud it talks to for the whole process, so one process
    should have one of these.
    """

    def __init__(
        self, *, arm_url: str, credential: "TokenCredential", cloud: Cloud = PUBLIC
    ) -> None:
        """Remember where ARM is.

        Args:
            arm_url: The cloud's ARM, another way to it, or one on this machine.
            credential: Whose rights are used.
            cloud: Says what tokens are for.

        Raises:
            ValueError: The address is neither HTTPS nor loopback.
        """
        self.arm_url = require_safe(arm_url).rstrip("/")
        self.cloud = cloud
        self._credential = credential
        self._lock = Lock()
        self._clients: dict[str, MLClient] = {}
        self._locations: dict[str, str] = {}

    def client(self, workspace: Workspace) -> "MLClient":
        """The workspace's client."""
        key = workspace.arm_id.casefold()
        with self._lock:  # making one sets the process's cloud, which two threads must not mix
            if key not in self._clients:
                self._clients[key] = self._new_client(workspace)
            return self._clients[key]

    def location(self, workspace: Workspace) -> str:
        """The Azure region that the workspace, and all in it, is in."""
        key = workspace.arm_id.casefold()
        if key not in self._locations:
            with azure_ml_stops_here(f"Workspace {workspace.name}", workspace):
                found: Any = self.client(workspace).workspaces.get(workspace.name)
                if not found.location:
                    raise ValueError("it has no location")
                self._locations[key] = str(found.location)
        return self._locations[key]

    def read(self, url: str) -> tuple[int, str]:
        """GET an address that ARM gave, to the letter; status and text.

        Raises:
            ValueError: The address is not this ARM's, so it must not have a token.
            AzureError: There is no token, or no answer.
        """
        if not self.is_own(url):
            raise ValueError(f"{urlsplit(url).hostname} is not {self.arm_url}")
        return read(url, self._credential, self.cloud.arm_scope)

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
        return self._credential.get_token(self.cloud.ml_scope).token

    def _new_client(self, workspace: Workspace) -> "MLClient":
        from azure.ai.ml import MLClient

        from shared.adapters.azureml import pipelines

        # it logs what it raises, too, and writes to stderr by itself
        logging.getLogger("azure.ai.ml").setLevel(logging.CRITICAL)
        options: dict[str, Any] = {"cloud": self.cloud.name}
        if self.arm_url != self.cloud.arm_url:
            # the SDK never forgets a cloud of the same name, so each address has its own
            name = f"ModelGate {self.cloud.name} {self.arm_url}"
            options = {"cloud": name, "cloud_metadata": self._metadata()}
        return MLClient(
            self._credential,
            workspace.subscription_id,
            workspace.resource_group,
            workspace.name,
            enable_telemetry=False,
            show_progress=False,
            authentication_policy=pipelines.ArmAuthenticationPolicy(
                self._credential, self.cloud.arm_scope, self.is_own
            ),
            retry_policy=pipelines.ShortRetryPolicy(),
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            **options,
        )

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
