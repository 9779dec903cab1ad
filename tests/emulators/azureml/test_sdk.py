"""The real azure-ai-ml, unpatched, does all its calls against the emulator."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import (
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
)
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from dev.emulators.azureml import WorkspaceSpec
from tests.emulators.azureml.arm import MLMODEL, Arm
from tests.emulators.azureml.running import Running


class Credential:
    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        del scopes, options
        return AccessToken("anything", 4_102_444_800)


class PlainHttp(SansIOHTTPPolicy[Any, Any]):
    """Authentication for an ARM without TLS."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.context.options.pop("enforce_https", None)
        request.http_request.headers["Authorization"] = "Bearer anything"


def ml_client(url: str, spec: WorkspaceSpec) -> MLClient:
    return MLClient(
        Credential(),
        spec.subscription_id,
        spec.resource_group,
        spec.name,
        cloud=f"Emulated at {url}",  # the SDK never forgets a cloud of the same name
        cloud_metadata={
            "azure_portal": url,
            "resource_manager": url,
            "active_directory": url,
            "aml_resource_id": url,
            "storage_endpoint": "127.0.0.1",
            "registry_discovery_endpoint": url,
        },
        authentication_policy=PlainHttp(),
        polling_interval=0.05,
    )


@pytest.fixture
def client(emulator: Running, qa: Arm) -> MLClient:
    logging.getLogger("azure").setLevel(logging.ERROR)
    return ml_client(emulator.url, qa.spec)


def test_workspace_and_datastore(client: MLClient, qa: Arm) -> None:
    workspace = client.workspaces.get(qa.spec.name)
    assert workspace.location == "westeurope"
    assert workspace.storage_account.endswith("/storageAccounts/devqa")
    datastore = client.datastores.get_default(include_secrets=True)
    assert datastore.name == "workspaceblobstore"
    assert datastore.account_name == "devqa"
    assert datastore.container_name == qa.spec.container
    assert datastore.credentials.account_key == qa.spec.storage_key
    assert [d.name for d in client.datastores.list()] == ["workspaceblobstore"]


def test_models(client: MLClient, qa: Arm) -> None:
    qa.upload({"m/model/MLmodel": MLMODEL, "m/model/model.pkl": b"x"})
    path = "azureml://datastores/workspaceblobstore/paths/m/model"
    given = Model(name="diabetes", path=path, type=AssetTypes.MLFLOW_MODEL, tags={"area": "health"})
    first = client.models.create_or_update(given)
    assert (first.version, first.type, first.tags) == ("1", "mlflow_model", {"area": "health"})
    assert set(first.flavors) == {"python_function", "sklearn"}
    assert "/resourceGroups/" in first.path
    second = client.models.create_or_update(
        Model(name="diabetes", path=path, type=AssetTypes.MLFLOW_MODEL)
    )
    assert second.version == "2"
    assert [m.version for m in client.models.list(name="diabetes")] == ["2", "1"]
    assert client.models.get("diabetes", label="latest").version == "2"
    client.models.archive("diabetes", version="1")
    assert [m.version for m in client.models.list(name="diabetes")] == ["2"]
    client.models.restore("diabetes", version="1")
    assert [m.name for m in client.models.list()] == ["diabetes"]
    with pytest.raises(ResourceNotFoundError):
        client.models.get("diabetes", version="9")


def test_changed_path(client: MLClient, qa: Arm) -> None:
    qa.register_model()
    other = Model(
        name="diabetes", version="1", path="azureml://datastores/workspaceblobstore/paths/else"
    )
    with pytest.raises(Exception, match="Asset paths cannot be updated"):
        client.models.create_or_update(other)


def test_mlflow_release(client: MLClient, qa: Arm) -> None:
    """Endpoint, deployment, traffic, keys, logs, deletion."""
    qa.register_model()
    endpoint = ManagedOnlineEndpoint(name="ep-sdk", auth_mode="key", tags={"a": "b"})
    created = client.online_endpoints.begin_create_or_update(endpoint).result()
    assert created.provisioning_state == "Succeeded"
    blue = ManagedOnlineDeployment(
        name="blue",
        endpoint_name="ep-sdk",
        model="azureml:diabetes:1",
        instance_type="Standard_DS3_v2",
        instance_count=1,
        request_settings=OnlineRequestSettings(request_timeout_ms=60_000),
    )
    deployed = client.online_deployments.begin_create_or_update(blue).result()
    assert deployed.provisioning_state == "Succeeded"
    assert deployed.request_settings.request_timeout_ms == 60_000
    assert client.online_deployments.get("blue", "ep-sdk").liveness_probe.period == 10
    assert client.online_endpoints.get("ep-sdk").traffic == {"blue": 0}
    endpoint.traffic = {"blue": 100}
    updated = client.online_endpoints.begin_create_or_update(endpoint).result()
    assert updated.traffic == {"blue": 100}
    assert "line 4" in client.online_deployments.get_logs("blue", "ep-sdk", lines=2)
    keys = client.online_endpoints.get_keys("ep-sdk")
    client.online_endpoints.begin_regenerate_keys("ep-sdk", key_type="secondary").result()
    again = client.online_endpoints.get_keys("ep-sdk")
    assert again.primary_key == keys.primary_key
    assert again.secondary_key != keys.secondary_key
    assert [e.name for e in client.online_endpoints.list()] == ["ep-sdk"]
    assert [d.name for d in client.online_deployments.list("ep-sdk")] == ["blue"]
    client.online_endpoints.begin_delete("ep-sdk").result()
    with pytest.raises(ResourceNotFoundError):
        client.online_endpoints.get("ep-sdk")


@pytest.fixture
def code_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "helpers").mkdir(parents=True)
    (folder / "score.py").write_text("def init():\n    pass\n\n\ndef run(data):\n    return data\n")
    (folder / "helpers" / "tools.py").write_text("x = 1\n")
    return folder


def custom(code: Path, script: str = "score.py") -> ManagedOnlineDeployment:
    return ManagedOnlineDeployment(
        name="green",
        endpoint_name="ep-code",
        model="azureml:diabetes:1",
        code_configuration=CodeConfiguration(code=str(code), scoring_script=script),
        environment=Environment(
            image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
            conda_file={"dependencies": ["python=3.11", {"pip": ["scikit-learn"]}]},
        ),
        environment_variables={"MODE": "test"},
        instance_type="Standard_DS3_v2",
        instance_count=1,
    )


def test_custom_model_with_code(
    client: MLClient, qa: Arm, emulator: Running, code_folder: Path
) -> None:
    """The SDK uploads code to the signed address, and the server is given it with the model."""
    qa.register_model(model_type="custom_model", files={"model.pkl": b"abc"})
    client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name="ep-code", auth_mode="key")
    ).result()
    deployed = client.online_deployments.begin_create_or_update(custom(code_folder)).result()
    assert deployed.provisioning_state == "Succeeded"
    spec = emulator.scorer.servers[-1].spec
    assert spec.code_dir is not None
    assert (spec.code_dir / "score.py").read_text().startswith("def init")
    assert (spec.code_dir / "helpers" / "tools.py").exists()
    assert (spec.model_dir / "model" / "model.pkl").read_bytes() == b"abc"
    assert spec.environment_variables == {"MODE": "test"}
    assert spec.scoring_script == "score.py"
    again = client.online_deployments.begin_create_or_update(custom(code_folder)).result()
    assert again.code_configuration.code == deployed.code_configuration.code


def test_broken_script(client: MLClient, qa: Arm, code_folder: Path) -> None:
    """The SDK raises the operation's error, and the log says why."""
    qa.register_model(model_type="custom_model", files={"model.pkl": b"abc"})
    (code_folder / "score.py").rename(code_folder / "broken.py")
    client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name="ep-code", auth_mode="key")
    ).result()
    with pytest.raises(HttpResponseError, match="User container has crashed"):
        client.online_deployments.begin_create_or_update(custom(code_folder, "broken.py")).result()
    assert client.online_deployments.get("green", "ep-code").provisioning_state == "Failed"
    assert "ValueError" in client.online_deployments.get_logs("green", "ep-code", lines=50)


def test_environments(client: MLClient) -> None:
    given = Environment(name="sklearn", version="1", image="mcr.microsoft.com/azureml/curated:1")
    client.environments.create_or_update(given)
    assert client.environments.get("sklearn", version="1").image == given.image
    assert [e.name for e in client.environments.list()] == ["sklearn"]
    with pytest.raises(ResourceNotFoundError):
        client.environments.get("absent", version="1")


def test_polling_off(client: MLClient, qa: Arm) -> None:
    """What a caller does that does not wait: PUT, keep the address, poll it as it stands."""
    qa.register_model()
    endpoint = ManagedOnlineEndpoint(name="ep-nowait", auth_mode="key")
    operations = client.online_endpoints._online_operation
    poller = operations.begin_create_or_update(
        resource_group_name=qa.spec.resource_group,
        workspace_name=qa.spec.name,
        endpoint_name="ep-nowait",
        body=endpoint._to_rest_online_endpoint(location="westeurope"),
        polling=False,
        cls=lambda response, *_: response.http_response.headers["Azure-AsyncOperation"],
    )
    address = str(poller.result())
    assert len(address) > 2600
    assert qa.raw("GET", address).json()["status"] == "Updating"
