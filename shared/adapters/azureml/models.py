"""Model versions of workspaces."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.adapters.azureml import internals
from shared.adapters.azureml.paths import BlobPath, DatastorePath, parse_model_uri
from shared.adapters.azureml.troubles import azure_ml_stops_here, found
from shared.adapters.azureml.workspaces import Workspaces
from shared.domain.addresses import is_safe, require_safe
from shared.domain.errors import technical
from shared.domain.pipeline import Workspace
from shared.domain.release import ModelVersion
from shared.ports import Container, RegisteredModel, RegisteredVersion

if TYPE_CHECKING:
    from azure.ai.ml.entities import Model

KEY_SECONDS = 600.0
"""How long a datastore's key is kept before it is asked for again."""


class AzureMlModels:
    """Implements `ports.Models`. Thread-safe."""

    def __init__(self, *, workspaces: Workspaces, blob_url: str | None = None) -> None:
        """Take the clients.

        Args:
            workspaces: The clients.
            blob_url: Address of a storage account's blob service, with `{account}` in it;
                None takes what each datastore says.

        Raises:
            ValueError: The address is neither HTTPS nor loopback.
        """
        self._workspaces = workspaces
        self._blob_url = require_safe(blob_url).rstrip("/") if blob_url else None
        self._containers: dict[tuple[str, str], Container] = {}
        self._keys: dict[Container, tuple[str, float]] = {}

    def get(self, *, workspace: Workspace, model: ModelVersion) -> RegisteredModel | None:
        """The model version, or None where the workspace has none."""
        there = self._find(workspace, model)
        if there is None:
            return None
        place = parse_model_uri(str(there.path), workspace)
        created = there.creation_context
        return RegisteredModel(
            model=model,
            type=str(there.type),
            container=self._container_of(place, workspace),
            path=place.path,
            description=there.description or "",
            tags=_texts(there.tags),
            properties=_texts(there.properties),
            created_by=created.created_by if created else None,
            created_at=_utc(created.created_at) if created else None,
        )

    def versions(self, *, workspace: Workspace, name: str, limit: int) -> list[RegisteredVersion]:
        """The newest versions of a model, archived ones too, latest first: one call."""
        with azure_ml_stops_here(f"Versions of model {name}", workspace):
            client = self._workspaces.client(workspace)
            there = found(lambda: internals.model_versions(client, name, limit))
            return [_registered_version(version) for version in there or []]

    def default_container(self, *, workspace: Workspace) -> Container:
        """The container of the workspace's default datastore."""
        key = (workspace.arm_id.casefold(), "")
        if key not in self._containers:
            with azure_ml_stops_here("The default datastore", workspace):
                datastore = self._workspaces.client(workspace).datastores.get_default()
                self._containers[key] = self._container(workspace, datastore)
        return self._containers[key]

    def register(
        self,
        *,
        workspace: Workspace,
        model: ModelVersion,
        source: RegisteredModel,
        path: str,
        tags: Mapping[str, str],
    ) -> None:
        """Register what lies at blob `path` of the default container as `model`; idempotent."""
        there = self.get(workspace=workspace, model=model)
        target = self.default_container(workspace=workspace)
        if there is not None:
            _check_same(there, target, path, workspace)
            return
        from azure.ai.ml.entities import Model

        given = Model(
            name=model.name,
            version=model.version,
            type=source.type,
            path=f"azureml://datastores/{target.datastore}/paths/{path}",
            description=source.description,
            tags=dict(tags),
            properties=dict(source.properties),
        )
        with azure_ml_stops_here(f"Model {model.name} version {model.version}", workspace):
            self._workspaces.client(workspace).models.create_or_update(given)

    def storage_key(self, container: Container) -> str:
        """The account key that a datastore holds (`listSecrets`).

        Raises:
            StepError: The datastore holds none: it is identity-based.
        """
        key, until = self._keys.get(container, ("", 0.0))
        if time.monotonic() >= until:
            key = self._read_key(container)
            self._keys[container] = (key, time.monotonic() + KEY_SECONDS)
        return key

    def _read_key(self, container: Container) -> str:
        workspace = container.workspace
        with azure_ml_stops_here(f"The key of datastore {container.datastore}", workspace):
            datastore: Any = self._workspaces.client(workspace).datastores.get(
                container.datastore, include_secrets=True
            )
            key = getattr(datastore.credentials, "account_key", None)
        if not key:
            raise technical(
                "DatastoreHasNoKey",
                f"Datastore {container.datastore} of workspace {workspace.name} gives no account "
                "key. Set the access to model files to identity.",
            )
        return str(key)

    def _find(self, workspace: Workspace, model: ModelVersion) -> "Model | None":
        with azure_ml_stops_here(f"Model {model.name} version {model.version}", workspace):
            models = self._workspaces.client(workspace).models
            return found(lambda: models.get(model.name, model.version))

    def _container_of(self, place: DatastorePath | BlobPath, workspace: Workspace) -> Container:
        if isinstance(place, BlobPath):
            return self._container_at(place, workspace)
        key = (place.workspace.arm_id.casefold(), place.datastore)
        if key not in self._containers:
            with azure_ml_stops_here(f"Datastore {place.datastore}", place.workspace):
                client = self._workspaces.client(place.workspace)
                datastore = client.datastores.get(place.datastore)
                self._containers[key] = self._container(place.workspace, datastore)
        return self._containers[key]

    def _container_at(self, place: BlobPath, workspace: Workspace) -> Container:
        """The workspace's datastore that a blob URL lies in, so that its key can be found."""
        with azure_ml_stops_here("The datastores", workspace):
            datastores = list(self._workspaces.client(workspace).datastores.list())
        account = place.account_url.removeprefix("https://").partition(".")[0]
        for datastore in datastores:
            if _account_and_container(datastore) == (account, place.container):
                return self._container(workspace, datastore)
        return Container(workspace, "", place.account_url, place.container)

    def _container(self, workspace: Workspace, datastore: Any) -> Container:  # noqa: ANN401 (a union of the SDK's)
        account, name = _account_and_container(datastore)
        if not account or not name:
            raise technical(
                "DatastoreNotSupported",
                f"Datastore {datastore.name} of workspace {workspace.name} is no blob container.",
            )
        if self._blob_url:
            url = self._blob_url.replace("{account}", account)
        else:
            suffix = datastore.endpoint or self._workspaces.cloud.storage_suffix
            url = f"{datastore.protocol or 'https'}://{account}.blob.{suffix}"
        if not is_safe(url):
            raise technical(
                "InsecureStorageAddress",
                f"Datastore {datastore.name} of workspace {workspace.name} is reached by plain "
                "HTTP, which no key or token is sent over. Set its protocol to https.",
            )
        return Container(workspace, str(datastore.name), url, name)


def _account_and_container(datastore: Any) -> tuple[str, str]:  # noqa: ANN401 (a union of the SDK's)
    """Account and container; a Data Lake's file system is a container to the blob service."""
    name = getattr(datastore, "container_name", None) or getattr(datastore, "filesystem", None)
    return str(getattr(datastore, "account_name", None) or ""), str(name or "")


def _check_same(there: RegisteredModel, target: Container, path: str, workspace: Workspace) -> None:
    """A version's path is for ever (azure-facts: `AssetPathException`)."""
    if (there.container.account_url, there.container.name, there.path) != (
        target.account_url,
        target.name,
        path,
    ):
        raise technical(
            "AssetPathException",
            f"Workspace {workspace.name} has {there.model.name} version {there.model.version} "
            f"already, with other files ({there.path}). Archive or delete it there, or release "
            "under another model name.",
        )


def _registered_version(version: Any) -> RegisteredVersion:  # noqa: ANN401 (a model of the SDK's)
    created = version.system_data
    return RegisteredVersion(
        version=str(version.name),
        created_by=created.created_by if created else None,
        created_at=_utc(created.created_at) if created else None,
    )


def _texts(values: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in (values or {}).items()}


def _utc(time_: datetime | str | None) -> datetime | None:
    if isinstance(time_, str):
        time_ = datetime.fromisoformat(time_)
    if time_ is None:
        return None
    return time_.replace(tzinfo=UTC) if time_.tzinfo is None else time_.astimezone(UTC)
