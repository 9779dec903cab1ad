"""Model versions of workspaces, in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from shared.domain.errors import technical
from shared.domain.pipeline import Workspace
from shared.domain.release import ModelVersion
from shared.ports import Container, RegisteredModel, RegisteredVersion
from tests.fakes.failures import Faults

REGISTERED_AT = datetime(2026, 11, 2, 8, 59, tzinfo=UTC)


def container_of(workspace: Workspace) -> Container:
    """The container of a workspace's default datastore."""
    return Container(
        workspace=workspace,
        datastore="workspaceblobstore",
        account_url=f"https://{workspace.name.replace('-', '')}.blob.core.windows.net",
        name=f"azureml-blobstore-{workspace.name}",
    )


class FakeModels:
    """Workspaces, told apart by their ARM id whatever its case."""

    def __init__(self) -> None:
        self.registered: dict[tuple[str, ModelVersion], RegisteredModel] = {}
        self.faults = Faults()

    def add(
        self,
        workspace: Workspace,
        model: ModelVersion,
        *,
        type_: str = "custom_model",
        path: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        created_by: str | None = "grace@example.com",
        at: datetime = REGISTERED_AT,
    ) -> RegisteredModel:
        """Register as a data scientist does."""
        added = RegisteredModel(
            model=model,
            type=type_,
            container=container_of(workspace),
            path=path or f"models/{model.name}/{model.version}/model.pkl",
            description=f"{model.name}, trained on diabetes data",
            tags=dict(tags or {}),
            properties=dict(properties or {"framework": "scikit-learn"}),
            created_by=created_by,
            created_at=at,
        )
        self.registered[workspace.arm_id.casefold(), model] = added
        return added

    def remove(self, workspace: Workspace, model: ModelVersion) -> None:
        """Archive or delete a version."""
        del self.registered[workspace.arm_id.casefold(), model]

    def get(self, *, workspace: Workspace, model: ModelVersion) -> RegisteredModel | None:
        self.faults.meet("get")
        return self.registered.get((workspace.arm_id.casefold(), model))

    def versions(self, *, workspace: Workspace, name: str, limit: int) -> list[RegisteredVersion]:
        self.faults.meet("versions")
        found = [
            RegisteredVersion(model.version, there.created_by, there.created_at)
            for (arm_id, model), there in self.registered.items()
            if arm_id == workspace.arm_id.casefold() and model.name == name
        ]
        found.sort(key=lambda version: version.created_at or REGISTERED_AT, reverse=True)
        return found[:limit]

    def default_container(self, *, workspace: Workspace) -> Container:
        self.faults.meet("default_container")
        return container_of(workspace)

    def register(
        self,
        *,
        workspace: Workspace,
        model: ModelVersion,
        source: RegisteredModel,
        path: str,
        tags: Mapping[str, str],
    ) -> None:
        self.faults.meet("register")
        wanted = replace(
            source, model=model, container=container_of(workspace), path=path, tags=dict(tags)
        )
        there = self.registered.setdefault((workspace.arm_id.casefold(), model), wanted)
        if there.path != path:
            raise technical(
                "ModelVersionExists",
                f"{model.name} version {model.version} is registered with other files.",
            )
