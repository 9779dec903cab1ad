"""Azure as these tests see it: the emulators, or a real subscription where settings are given."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from shared.adapters.artifacts import Artifacts
from shared.adapters.azureml import AzureMlEndpoints, AzureMlModels, Workspaces
from shared.adapters.clouds import PUBLIC
from shared.adapters.egress.credentials import azure_credential
from shared.adapters.egress.scoring import ScoringAddresses
from shared.adapters.egress.storage import Storage
from shared.domain.addresses import BlobAddresses
from shared.domain.errors import Failure, StepError
from shared.domain.pipeline import Health, ManagedCompute, Stage, Workspace
from shared.domain.release import ModelVersion
from shared.ports import Container, OperationState, OperationStatus, RegisteredModel
from tests.emulators.azureml.arm import MLMODEL, Arm
from tests.emulators.azureml.running import Running

LIVE = "MODELGATE_LIVE_"
"""Settings: SUBSCRIPTION, RESOURCE_GROUP, WORKSPACE_QA, WORKSPACE_PROD, MODEL (the folder of an
MLflow model that can be served), and if they differ from the defaults RESOURCE_GROUP_PROD and
INSTANCE_TYPE. Endpoints are deleted afterwards, models and their files stay."""

HEALTH = Health(
    timeout_seconds=3600,
    interval_seconds=30,
    sample_request={"data": [[1, 2]]},
    expected_status=200,
    expected_shape=None,
    max_latency_seconds=None,
)


@dataclass(frozen=True)
class World:
    """The adapters, and two workspaces that they reach."""

    workspaces: Workspaces
    models: AzureMlModels
    endpoints: AzureMlEndpoints
    artifacts: Artifacts
    qa: Workspace
    prod: Workspace
    unique: str
    """What this test's names end in."""

    patience_seconds: float
    model_files: Mapping[str, bytes]
    instance_type: str = "Standard_DS3_v2"

    @classmethod
    def emulated(cls, running: Running, blob_url: str, unique: str) -> Self:
        workspaces = Workspaces(
            arm_url=running.url,
            credential=azure_credential(static_token="secret-token"),
            storage=Storage(PUBLIC.storage_suffix, addresses=BlobAddresses(blob_url)),
        )
        models = AzureMlModels(workspaces=workspaces)
        qa, prod = (
            Workspace(spec.subscription_id, spec.resource_group, spec.name)
            for spec in running.settings.workspaces[:2]
        )
        return cls(
            workspaces=workspaces,
            models=models,
            endpoints=AzureMlEndpoints(
                workspaces=workspaces,
                scoring=ScoringAddresses(PUBLIC.scoring_suffix, f"{running.url}/endpoints/"),
            ),
            artifacts=Artifacts(
                credential=azure_credential(static_token="secret-token"),
                access="datastore-key",
                datastore_key=models.storage_key,
            ),
            qa=qa,
            prod=prod,
            unique=unique,
            patience_seconds=60,
            model_files={"MLmodel": MLMODEL.encode(), "model.pkl": b"abc"},
        )

    @classmethod
    def live(cls, unique: str) -> Self:
        def setting(name: str, default: str | None = None) -> str:
            value = os.environ.get(LIVE + name, default)
            assert value is not None, f"{LIVE}{name} is not set"
            return value

        credential, folder = azure_credential(), Path(setting("MODEL"))
        workspaces = Workspaces(arm_url="https://management.azure.com", credential=credential)
        models = AzureMlModels(workspaces=workspaces)
        subscription, group = setting("SUBSCRIPTION"), setting("RESOURCE_GROUP")
        return cls(
            workspaces=workspaces,
            models=models,
            endpoints=AzureMlEndpoints(workspaces=workspaces),
            artifacts=Artifacts(
                credential=credential, access="identity", datastore_key=models.storage_key
            ),
            qa=Workspace(subscription, group, setting("WORKSPACE_QA")),
            prod=Workspace(
                subscription, setting("RESOURCE_GROUP_PROD", group), setting("WORKSPACE_PROD")
            ),
            unique=unique,
            patience_seconds=5400,
            model_files={
                str(file.relative_to(folder)): file.read_bytes()
                for file in folder.rglob("*")
                if file.is_file()
            },
            instance_type=setting("INSTANCE_TYPE", "Standard_DS3_v2"),
        )

    def stage(self, workspace: Workspace | None = None, **changes: object) -> Stage:
        stage = Stage(
            name="qa",
            workspace=workspace or self.qa,
            model_name=None,
            endpoint=f"ep-{self.unique}",
            compute=ManagedCompute(self.instance_type, 1),
            health=HEALTH,
        )
        return replace(stage, **changes)  # type: ignore[arg-type] # fields of Stage

    def container(self, workspace: Workspace) -> Container:
        return self.models.default_container(workspace=workspace)

    def upload(self, workspace: Workspace, files: Mapping[str, bytes]) -> None:
        client = self.artifacts._blobs.client(self.container(workspace))
        for name, content in files.items():
            client.upload_blob(name, content, overwrite=True)

    def source(self, path: str, type_: str = "mlflow_model") -> RegisteredModel:
        return RegisteredModel(
            model=ModelVersion("anything", "1"),
            type=type_,
            container=self.container(self.qa),
            path=path,
            description="Diabetes, by scikit-learn",
            tags={"ignored": "yes"},
            properties={"accuracy": "0.93"},
            created_by=None,
            created_at=None,
        )

    def registered(self, workspace: Workspace | None = None, version: str = "3") -> ModelVersion:
        """An MLflow model, uploaded and registered."""
        at, model = workspace or self.qa, ModelVersion(f"diabetes-{self.unique}", version)
        path = f"contract/{self.unique}/{version}/model"
        self.upload(at, {f"{path}/{name}": file for name, file in self.model_files.items()})
        self.models.register(
            workspace=at, model=model, source=self.source(path), path=path, tags={"area": "health"}
        )
        return model

    def finished(self, stage: Stage, url: str | None) -> OperationStatus:
        """How an operation ended."""
        assert url is not None
        deadline = time.monotonic() + self.patience_seconds
        while time.monotonic() < deadline:
            status = self.endpoints.operation(stage=stage, url=url)
            if status.state is not OperationState.RUNNING:
                return status
            time.sleep(0.05 if self.patience_seconds < 100 else 10)
        raise AssertionError("the operation did not end")

    def created(self, stage: Stage) -> None:
        url = self.endpoints.begin_create(stage=stage, tags={"team": "risk"})
        assert self.finished(stage, url).state is OperationState.SUCCEEDED

    def deployed(self, stage: Stage, deployment: str, model: ModelVersion) -> None:
        url = self.endpoints.begin_deploy(
            stage=stage, deployment=deployment, model=model, tags={"modelgate-release": "r"}
        )
        status = self.finished(stage, url)
        assert status.state is OperationState.SUCCEEDED, status

    def trafficked(self, stage: Stage, traffic: Mapping[str, int]) -> None:
        url = self.endpoints.begin_traffic(stage=stage, traffic=traffic)
        assert self.finished(stage, url).state is OperationState.SUCCEEDED

    def delete_endpoint(self) -> None:
        """Take away what costs money."""
        operations = self.workspaces.client(self.qa).online_endpoints
        if any(endpoint.name == self.stage().endpoint for endpoint in operations.list()):
            operations.begin_delete(self.stage().endpoint).wait()


@dataclass(frozen=True)
class Emulated:
    """The emulators with their controls, for what real Azure cannot be made to do."""

    world: World
    running: Running
    qa: Arm

    def fault(self, method: str, path: str, status: int, **more: object) -> None:
        """Let the next matching call meet an answer of the test's."""
        body = {"method": method, "path": path, "status": status, **more}
        self.running.control("POST", "faults", body)

    def fail_deployment(self, code: str, message: str) -> None:
        """Let the next deployment fail in the course of its operation."""
        failure = {"code": code, "message": message}
        self.running.control("POST", "faults", {"deployment_fails": failure})

    def requests(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.running.control("GET", "requests")
        return found


def failure_of(error: StepError) -> Failure:
    """The failure, after a look that it gives nothing away."""
    for secret in ("secret-token", "sig=", "Bearer", "AccountKey="):
        assert secret not in str(error)
        assert secret not in repr(error.failure)
    return error.failure
