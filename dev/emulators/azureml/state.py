"""What the emulator remembers, kept in one JSON file.

A restart on the same file continues: operations have their due time on the wall clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dev.emulators.azureml.config import WorkspaceSpec
from dev.emulators.azureml.wire import Json

TRANSIENT = frozenset({"Creating", "Updating", "Deleting", "Scaling"})
"""Provisioning states in which a resource takes no change."""

DEFAULT_USER = "Azure ML emulator"
"""Whose name is on what nobody in particular creates."""

MOST_OPERATIONS = 1000
"""Operations that are remembered after they have ended; ARM forgets them in time too."""


@dataclass(frozen=True)
class Asset:
    """A version of a model, code or environment; or, without version, its container."""

    kind: str
    """``models``, ``codes`` or ``environments``."""
    name: str
    version: str
    properties: Json
    created: float
    modified: float
    hidden: Json = field(default_factory=dict)
    """What the service knows and does not show."""
    created_by: str = DEFAULT_USER
    """A person's name as the directory shows it, not an address: so it was recorded of models."""
    modified_by: str = DEFAULT_USER


@dataclass(frozen=True)
class Datastore:
    """A datastore that somebody has created."""

    name: str
    properties: Json
    """Type, account, container, endpoint and protocol as they were given."""
    secrets: Json | None
    """As `listSecrets` answers them; None for credentials of type None."""
    created: float
    created_by: str


@dataclass(frozen=True)
class Endpoint:
    """An online endpoint."""

    name: str
    body: Json
    """`tags`, `identity`, `properties` as ARM shows them, without state."""
    state: str
    created: float
    modified: float
    primary_key: str
    secondary_key: str
    live_traffic: dict[str, int] = field(default_factory=dict)
    """Where requests go now; what the body says comes into force when its operation ends."""
    live_mirror: dict[str, int] = field(default_factory=dict)
    operation: str = ""


@dataclass(frozen=True)
class Deployment:
    """An online deployment."""

    endpoint: str
    name: str
    body: Json
    state: str
    created: float
    modified: float
    revision: int = 1
    settled: bool = False
    """Whether the service has filled in what was not given, after the first provisioning."""
    live_revision: int = 0
    """The revision that answers, 0 for none; an update that failed leaves the one before."""
    live_body: Json = field(default_factory=dict)
    operation: str = ""
    server_log: str = ""
    """The container's log where it did not come up."""
    storage_log: str = ""
    """What the storage initialiser wrote while it fetched model and code."""

    @property
    def key(self) -> tuple[str, str]:
        """Endpoint and deployment name."""
        return self.endpoint, self.name


@dataclass(frozen=True)
class Operation:
    """A long-running operation; `ended` is 0 while it runs."""

    name: str
    workspace: str
    kind: str
    """``create``, ``update``, ``patch``, ``delete`` or ``keys``."""
    endpoint: str
    deployment: str
    started: float
    due: float
    ended: float = 0.0
    error: Json | None = None
    planned_failure: dict[str, str] | None = None
    """Code and message that a control call has put in its way."""
    payload: Json = field(default_factory=dict)


@dataclass
class Workspace:
    """One workspace's resources."""

    spec: WorkspaceSpec
    created: float
    assets: dict[tuple[str, str, str], Asset] = field(default_factory=dict)
    datastores: dict[str, Datastore] = field(default_factory=dict)
    """By name in lower case, without the one that the workspace comes with."""
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    deployments: dict[tuple[str, str], Deployment] = field(default_factory=dict)

    def versions(self, kind: str, name: str | None) -> list[Asset]:
        """All versions of an asset, or of all assets of its kind, oldest first."""
        found = [a for a in self.assets.values() if a.kind == kind and name in (None, a.name)]
        return sorted((a for a in found if a.version), key=lambda asset: asset.created)

    def shown_operations(self) -> list[str]:
        """The last operation of every endpoint and deployment."""
        endpoints = [endpoint.operation for endpoint in self.endpoints.values()]
        return endpoints + [deployment.operation for deployment in self.deployments.values()]

    def deployments_of(self, endpoint: str) -> list[Deployment]:
        """An endpoint's deployments, by name."""
        found = [d for d in self.deployments.values() if d.endpoint == endpoint]
        return sorted(found, key=lambda deployment: deployment.name)


class Store:
    """All workspaces and operations, written to disk by `save` after every change."""

    def __init__(self, path: Path, specs: Sequence[WorkspaceSpec], now: float) -> None:
        self._path = path
        self.workspaces = {s.arm_id.lower(): Workspace(s, now) for s in specs}
        self.operations: dict[str, Operation] = {}
        self.events: list[Json] = []
        """Events that Event Grid has not taken yet, oldest first."""
        if path.exists():
            self._load(json.loads(path.read_text()))

    def clear(self, now: float) -> None:
        """Forget everything but the workspaces themselves."""
        self.workspaces = {key: Workspace(ws.spec, now) for key, ws in self.workspaces.items()}
        self.operations = {}
        self.events = []
        self.save()

    def forget_operations(self) -> None:
        """Drop the oldest operations that have ended, except those that resources still show."""
        shown = {
            name for workspace in self.workspaces.values() for name in workspace.shown_operations()
        }
        ended = [op for op in self.operations.values() if op.ended and op.name not in shown]
        for operation in sorted(ended, key=lambda op: op.ended)[:-MOST_OPERATIONS]:
            del self.operations[operation.name]

    def save(self) -> None:
        """Write the state; a crash leaves the state before or after, never a part."""
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(self.to_json()))
        temporary.replace(self._path)

    def to_json(self) -> Json:
        """The whole state."""
        workspaces = {
            key: {
                "created": ws.created,
                "assets": _plain(ws.assets.values()),
                "datastores": _plain(ws.datastores.values()),
                "endpoints": _plain(ws.endpoints.values()),
                "deployments": _plain(ws.deployments.values()),
            }
            for key, ws in self.workspaces.items()
        }
        operations = _plain(self.operations.values())
        return {"workspaces": workspaces, "operations": operations, "events": self.events}

    def _load(self, raw: Json) -> None:
        for key, saved in raw["workspaces"].items():
            workspace = self.workspaces.get(key)
            if workspace is None:
                continue
            workspace.created = saved["created"]
            assets = [Asset(**item) for item in saved["assets"]]
            workspace.assets = {(a.kind, a.name, a.version): a for a in assets}
            datastores = [Datastore(**item) for item in saved.get("datastores", [])]
            workspace.datastores = {d.name.lower(): d for d in datastores}
            endpoints = [Endpoint(**item) for item in saved["endpoints"]]
            workspace.endpoints = {e.name: e for e in endpoints}
            deployments = [Deployment(**item) for item in saved["deployments"]]
            workspace.deployments = {d.key: d for d in deployments}
        operations = [Operation(**item) for item in raw["operations"]]
        self.operations = {op.name: op for op in operations if op.workspace in self.workspaces}
        self.events = raw["events"]


def _plain(items: Iterable[Any]) -> list[Json]:
    """Fields as they are: `asdict` would copy all that is in them, at every save."""
    return [vars(item) for item in items]
