"""A plain HTTP client of ARM, which shows what the SDK hides."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from azure.storage.blob import ContainerClient

from dev.emulators.azureml import WorkspaceSpec

API_VERSIONS = {
    "onlineEndpoints": "2022-02-01-preview",
    "deployments": "2023-04-01-preview",
    "models": "2023-08-01-preview",
    "codes": "2023-04-01",
    "environments": "2023-04-01-preview",
    "datastores": "2024-10-01-preview",
    "computes": "2024-10-01-preview",
    "": "2024-10-01-preview",
}


@dataclass
class Arm:
    """Calls below one workspace."""

    url: str
    spec: WorkspaceSpec
    token: str = "anything"
    calls: list[requests.Response] = field(default_factory=list)

    def call(
        self, method: str, path: str = "", body: object = None, *, version: str = "", **query: str
    ) -> requests.Response:
        """Call below the workspace; the api-version is the one the SDK uses."""
        parts = path.split("/")
        kind = "deployments" if "deployments" in parts else parts[0]
        params = {"api-version": version or API_VERSIONS[kind], **query}
        base = self.url + self.spec.arm_id + (f"/{path}" if path else "")
        return self.raw(method, base, body, params)

    def by_location(self, kind: str, *, version: str = "2023-04-01") -> requests.Response:
        """GET what a location has: ``usages``, ``vmSizes`` or ``quotas``."""
        address = (
            f"{self.url}/subscriptions/{self.spec.subscription_id}/providers/"
            f"Microsoft.MachineLearningServices/locations/{self.spec.location}/{kind}"
        )
        return self.raw("GET", address, params={"api-version": version})

    def permissions(self) -> requests.Response:
        """GET what the caller may do in the workspace."""
        address = f"{self.url}{self.spec.arm_id}/providers/Microsoft.Authorization/permissions"
        return self.raw("GET", address, params={"api-version": "2022-04-01"})

    def raw(
        self,
        method: str,
        address: str,
        body: object = None,
        params: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Call an absolute address."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None if body is None else json.dumps(body)
        answer = requests.request(
            method, address, data=content, params=params, headers=headers, timeout=30
        )
        self.calls.append(answer)
        return answer

    def finish(self, started: requests.Response) -> dict[str, Any]:
        """Poll the operation that an answer started until it ends; its last answer."""
        assert started.status_code in {200, 201, 202}, started.text
        address = started.headers["Azure-AsyncOperation"]
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = self.raw("GET", address)
            assert answer.status_code == 200, answer.text
            status: dict[str, Any] = answer.json()
            if status["status"] in {"Succeeded", "Failed", "Canceled"}:
                return status
            time.sleep(0.03)
        message = f"did not end: {status}"
        raise AssertionError(message)

    @property
    def container(self) -> ContainerClient:
        """The container behind workspaceblobstore."""
        return ContainerClient(
            self.spec.blob_endpoint,
            self.spec.container,
            credential={
                "account_name": self.spec.storage_account,
                "account_key": self.spec.storage_key,
            },
        )

    def upload(self, files: Mapping[str, str | bytes]) -> None:
        """Put blobs into the workspace's container."""
        with self.container as container:
            for name, content in files.items():
                container.upload_blob(name, content, overwrite=True)

    def register_model(
        self,
        name: str = "diabetes",
        version: str = "1",
        *,
        model_type: str = "mlflow_model",
        files: Mapping[str, str | bytes] | None = None,
        **properties: object,
    ) -> requests.Response:
        """Upload a model's files and register it."""
        folder = f"LocalUpload/{name}-{version}/model"
        self.upload({f"{folder}/{n}": c for n, c in (files or {"MLmodel": MLMODEL}).items()})
        asked = {
            "modelUri": f"azureml://datastores/workspaceblobstore/paths/{folder}",
            "modelType": model_type,
            **properties,
        }
        return self.call("PUT", f"models/{name}/versions/{version}", {"properties": asked})

    def put_endpoint(self, name: str, **properties: object) -> requests.Response:
        """PUT an endpoint; properties stand beside authMode Key."""
        body = {"location": "westeurope", "properties": {"authMode": "Key", **properties}}
        return self.call("PUT", f"onlineEndpoints/{name}", body)

    def put_deployment(self, endpoint: str, name: str, **properties: object) -> requests.Response:
        """PUT a managed deployment of model diabetes:1 unless another is given."""
        asked = {
            "endpointComputeType": "Managed",
            "instanceType": "Standard_DS3_v2",
            "model": f"{self.spec.arm_id}/models/diabetes/versions/1",
            **properties,
        }
        body = {
            "location": "westeurope",
            "properties": asked,
            "sku": {"name": "Default", "capacity": 1},
        }
        return self.call("PUT", f"onlineEndpoints/{endpoint}/deployments/{name}", body)

    def deployed(self, endpoint: str = "ep-one", name: str = "blue") -> None:
        """Bring a deployment of diabetes:1 to Succeeded on a new endpoint."""
        self.register_model()
        assert self.finish(self.put_endpoint(endpoint))["status"] == "Succeeded"
        assert self.finish(self.put_deployment(endpoint, name))["status"] == "Succeeded"


MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    env: conda.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.13.1
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 1.7.0
"""
