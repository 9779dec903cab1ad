"""What the Azure ML emulator is told when it starts."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROVIDER = "Microsoft.MachineLearningServices"


@dataclass(frozen=True)
class WorkspaceSpec:
    """One workspace, with the storage account that is its alone."""

    subscription_id: str
    resource_group: str
    name: str
    location: str
    storage_account: str
    storage_key: str
    blob_endpoint: str
    """Path-style address of the account, such as ``http://127.0.0.1:10000/devqa``."""
    system_datastores_auth_mode: str = "accesskey"
    """``accesskey``, or ``identity`` where the datastore gives no key (both were recorded)."""
    computes: tuple[str, ...] = ()
    """Names of the Kubernetes clusters that are attached."""

    @property
    def arm_id(self) -> str:
        """The workspace's ARM id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/{PROVIDER}/workspaces/{self.name}"
        )

    @property
    def workspace_id(self) -> str:
        """The workspace's GUID, the same at every start."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.arm_id.lower()))

    @property
    def container(self) -> str:
        """The blob container behind ``workspaceblobstore``."""
        return f"azureml-blobstore-{self.workspace_id}"


@dataclass(frozen=True)
class Settings:
    """Everything the emulator needs to know."""

    workspaces: tuple[WorkspaceSpec, ...]
    state_dir: Path
    provision_seconds: float
    """How long a deployment takes; an endpoint and a deletion take a quarter of it."""
    scoring: Literal["process", "inline"]
    event_sink: str | None
    """Where Event Grid takes events, or None to send none."""


def load_settings(path: Path) -> Settings:
    """Read settings from a JSON file whose keys are the fields of `Settings`."""
    raw = json.loads(path.read_text())
    workspaces = tuple(
        WorkspaceSpec(**{**spec, "computes": tuple(spec.get("computes", ()))})
        for spec in raw["workspaces"]
    )
    return Settings(
        workspaces=workspaces,
        state_dir=Path(raw["state_dir"]),
        provision_seconds=float(raw.get("provision_seconds", 10.0)),
        scoring=raw.get("scoring", "process"),
        event_sink=raw.get("event_sink"),
    )
