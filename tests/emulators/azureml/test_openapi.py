"""Every answer of a whole scenario is one that Azure ML's published interface declares."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.emulators.azureml import reference
from tests.emulators.azureml.arm import Arm

RECORDED_IN_LOWER_CASE = "$.properties.systemDatastoresAuthMode: 'accesskey'"
"""The one answer in which the service does not keep to its interface."""

ENVIRONMENT = {"image": "mcr.microsoft.com/azureml/x:1", "condaFile": "dependencies: []"}


def assets(arm: Arm) -> None:
    """Everything about models, codes, environments, datastores and computes."""
    arm.call("GET")
    arm.call("GET", "datastores", isDefault="true", count="30")
    arm.call("GET", "datastores/workspaceblobstore")
    arm.call("GET", "datastores/absent")
    arm.call("POST", "datastores/workspaceblobstore/listSecrets")
    store = {"datastoreType": "AzureBlob", "accountName": "a", "containerName": "c"}
    credentials = {"credentialsType": "Sas", "secrets": {"sasToken": "t"}}
    for _ in range(2):
        body = {"properties": {**store, "credentials": credentials}}
        arm.call("PUT", "datastores/mine", body, skipValidation="true")
    arm.call("POST", "datastores/mine/listSecrets")
    for _ in range(2):
        arm.call("DELETE", "datastores/mine")
    arm.call("GET", "computes")
    arm.call("GET", "computes/cluster")
    for version in ("2023-04-01", "2024-10-01-preview"):
        for kind in ("usages", "vmSizes", "quotas"):
            arm.by_location(kind, version=version)
    arm.register_model(tags={"a": "b"}, description="d")
    arm.register_model(tags={"a": "c"})
    arm.register_model(version="2")
    arm.call("GET", "models/diabetes/versions", **{"$top": "1"})
    for path in ("models", "models/diabetes", "models/diabetes/versions/1", "models/absent"):
        arm.call("GET", path)
    arm.call("PUT", "models/diabetes", {"properties": {"isArchived": False}})
    upload = {"pendingUploadType": "TemporaryBlobReference"}
    arm.call("POST", "codes/c/versions/1/startPendingUpload", upload)
    code = {"codeUri": f"{arm.spec.blob_endpoint}/container/code"}
    for _ in range(2):
        arm.call("PUT", "codes/c/versions/1", {"properties": code})
        arm.call("PUT", "environments/e/versions/1", {"properties": ENVIRONMENT})
    for kind, name in (("codes", "c"), ("environments", "e")):
        for path in (kind, f"{kind}/{name}", f"{kind}/{name}/versions/1", f"{kind}/absent"):
            arm.call("GET", path)
        arm.call("GET", f"{kind}/{name}/versions")
        arm.call("DELETE", f"{kind}/{name}/versions/1")
        arm.call("DELETE", f"{kind}/{name}/versions/1")


def endpoints(arm: Arm, **extra: object) -> None:
    """The whole life of an endpoint with one deployment."""
    compute = extra.get("compute")
    kind = {"endpointComputeType": "Kubernetes"} if compute else {}
    name = "ep-k8s" if compute else "ep-one"
    path, blue = f"onlineEndpoints/{name}", f"onlineEndpoints/{name}/deployments/blue"
    arm.call("GET", path)
    arm.finish(arm.put_endpoint(name, **extra))
    arm.call("GET", blue)
    arm.finish(arm.put_deployment(name, "blue", **kind))
    arm.finish(arm.put_endpoint(name, traffic={"blue": 100}, **extra))
    for shown in ("onlineEndpoints", path, f"{path}/deployments", blue):
        arm.call("GET", shown)
    arm.call("DELETE", blue)
    arm.call("POST", f"{blue}/getLogs", {"tail": 5})
    arm.call("POST", f"{path}/listKeys")
    arm.finish(arm.call("POST", f"{path}/regenerateKeys", {"keyType": "Primary"}))
    arm.finish(arm.call("PATCH", path, {"tags": {"a": "b"}}))
    arm.finish(arm.call("PATCH", blue, {"tags": {"a": "b"}}))
    arm.finish(arm.put_endpoint(name, **extra))
    arm.finish(arm.call("DELETE", blue))
    arm.call("DELETE", blue)
    arm.finish(arm.call("DELETE", path))
    arm.call("DELETE", path)


def check(answer: requests.Response) -> list[str]:
    """What the published interface has against an answer."""
    assert answer.request.url is not None
    address = urlsplit(answer.request.url)
    version = parse_qs(address.query)["api-version"][0]
    method = answer.request.method or ""
    what = f"{method} {address.path.partition('/workspaces/')[2]} {answer.status_code}"
    declared, schema = reference.response_schema(method, address.path, version, answer.status_code)
    if not declared:
        return [f"{what} is not declared"]
    if schema is None:
        return [] if answer.content in {b"", b"null"} else [f"{what} has no body"]
    if not answer.content:
        return []  # recorded so for a missing compute
    return [f"{what} {problem}" for problem in reference.violations(answer.json(), schema)]


def test_answers_are_declared(prod: Arm) -> None:
    reference.folder()
    assets(prod)
    endpoints(prod)
    endpoints(prod, compute=f"{prod.spec.arm_id}/computes/cluster")
    declared = [call for call in prod.calls if "/mfeOperation" not in str(call.request.url)]
    assert len(declared) > 76
    problems = [problem for call in declared for problem in check(call)]
    assert [problem for problem in problems if RECORDED_IN_LOWER_CASE not in problem] == []


@pytest.mark.parametrize(
    ("path", "version", "name"),
    [
        ("datastores/workspaceblobstore", "2024-10-01-preview", "AzureBlobDatastore"),
        (
            "onlineEndpoints/ep-one/deployments/blue",
            "2023-04-01-preview",
            "ManagedOnlineDeployment",
        ),
        ("computes/cluster", "2024-10-01-preview", "Kubernetes"),
    ],
)
def test_particular_types(prod: Arm, path: str, version: str, name: str) -> None:
    """Of types with a discriminator, the particular one holds too."""
    reference.folder()
    prod.deployed()
    properties = prod.call("GET", path).json()["properties"]
    assert reference.violations(properties, reference.definition(version, name)) == []


def test_the_check_can_fail() -> None:
    schema = reference.definition("2023-08-01-preview", "ModelVersionResource")
    wrong = {"properties": {"isArchived": "no", "tags": {"a": 1}}}
    assert len(reference.violations(wrong, schema)) == 2
    path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    path += "/workspaces/w/models/m/versions/1"
    assert reference.response_schema("GET", path, "2023-08-01-preview", 204) == (False, None)
