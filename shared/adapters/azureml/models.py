"""Model versions of workspaces."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.adapters.azureml import internals
from shared.adapters.azureml.containers import Containers
from shared.adapters.azureml.failures import azure_ml_stops_here, found
from shared.adapters.azureml.paths import parse_model_uri
from shared.adapters.azureml.workspaces import Workspaces
from shared.domain.errors import technical
from shared.domain.pipeline import Workspace
from shared.domain.release import ModelVersion
from shared.ports import Container, RegisteredModel, RegisteredVersion

if TYPE_CHECKING:
    from azure.ai.ml.entities import Model


class AzureMlModels:
    """Implements `ports.Models`. Thread-safe."""

    def __init__(self, *, workspaces: Workspaces) -> None:
        self._workspaces = workspaces
        self._containers = Containers(workspaces)

    def get(self, *, workspace: Workspace, model: ModelVersion) -> RegisteredModel | None:
        """The model version, or None where the workspace has none."""
        there = self._find(workspace, model)
        if there is None:
            return None
        named = f"{model.name} version {model.version}"
        with azure_ml_stops_here(f"Model {named}", workspace):
            place = parse_model_uri(str(there.path), workspace, self._workspaces.storage, named)
            created = there.creation_context
            return RegisteredModel(
                model=model,
                type=str(there.type),
                container=self._containers.of(place, workspace, named),
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
        return self._containers.default(workspace)

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
        """The account key behind a container.

        Raises:
            StepError: Its datastore holds none: it is identity-based.
        """
        return self._containers.key(container)

    def _find(self, workspace: Workspace, model: ModelVersion) -> "Model | None":
        with azure_ml_stops_here(f"Model {model.name} version {model.version}", workspace):
            models = self._workspaces.client(workspace).models
            return found(lambda: models.get(model.name, model.version))


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
