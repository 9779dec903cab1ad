"""Datastores that users create, and models that lie in them or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from azure.storage.blob import ContainerClient

from tests.emulators.azureml.arm import MLMODEL, Arm

ELSEWHERE = (
    "azureml://subscriptions/x/resourcegroups/y/workspaces/z/datastores/workspaceblobstore/paths/m"
)
BLOB = {
    "datastoreType": "AzureBlob",
    "accountName": "anybodys",
    "containerName": "models",
    "endpoint": "blob.example",
    "protocol": "http",
    "credentials": {"credentialsType": "None"},
}
LAKE = {
    "datastoreType": "AzureDataLakeGen2",
    "accountName": "anybodys",
    "filesystem": "models",
    "credentials": {"credentialsType": "AccountKey", "secrets": {"key": "a2V5"}},
}


def put(arm: Arm, name: str, properties: Mapping[str, object]) -> int:
    return arm.call("PUT", f"datastores/{name}", {"properties": properties}).status_code


def with_account(arm: Arm, **credentials: object) -> dict[str, object]:
    """A datastore in a container of its own of this workspace's account."""
    return {
        **BLOB,
        "accountName": arm.spec.storage_account,
        "containerName": "elsewhere",
        "credentials": credentials or {"credentialsType": "None"},
    }


def test_any_account_endpoint_and_protocol_is_kept_as_given(qa: Arm) -> None:
    assert put(qa, "Mine", BLOB) == 201
    assert put(qa, "Mine", {**BLOB, "endpoint": "other.example"}) == 200
    shown = qa.call("GET", "datastores/mine").json()
    assert shown["name"] == "Mine"
    expected = {**BLOB, "endpoint": "other.example"}
    assert {name: shown["properties"][name] for name in expected} == expected
    assert shown["properties"]["isDefault"] is False
    names = [each["name"] for each in qa.call("GET", "datastores").json()["value"]]
    assert names == ["workspaceblobstore", "Mine"]
    only = qa.call("GET", "datastores", isDefault="true").json()["value"]
    assert [each["name"] for each in only] == ["workspaceblobstore"]


def test_secrets_are_told_by_list_secrets_alone(qa: Arm) -> None:
    assert put(qa, "lake", LAKE) == 201
    shown = qa.call("GET", "datastores/lake")
    assert "a2V5" not in shown.text
    assert shown.json()["properties"]["credentials"] == {"credentialsType": "AccountKey"}
    told = qa.call("POST", "datastores/lake/listSecrets").json()
    assert told == {"secretsType": "AccountKey", "key": "a2V5"}


def test_a_datastore_is_deleted_and_the_workspaces_own_stays_its_own(qa: Arm) -> None:
    put(qa, "mine", BLOB)
    assert qa.call("DELETE", "datastores/mine").status_code == 200
    assert qa.call("DELETE", "datastores/mine").status_code == 204
    assert qa.call("GET", "datastores/mine").status_code == 404
    assert put(qa, "workspaceblobstore", BLOB) == 400
    assert qa.call("DELETE", "datastores/workspaceblobstore").status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"datastoreType": "Hdfs"},
        {"credentials": None},
        {"credentials": {"credentialsType": "Word"}},
        {"datastoreType": "AzureDataLakeGen2"},
    ],
)
def test_what_the_interface_does_not_know_is_refused(qa: Arm, changes: dict[str, object]) -> None:
    assert put(qa, "mine", {**BLOB, **changes}) == 400


@pytest.mark.parametrize(
    "uri",
    [
        ELSEWHERE,
        "https://anybodys.blob.core.windows.net/container/model",
        "azureml://datastores/workspaceblobstore/paths/../m",
    ],
)
def test_a_model_may_lie_anywhere_and_no_deployment_reads_there(qa: Arm, uri: str) -> None:
    given = {"modelUri": uri, "modelType": "mlflow_model"}
    answer = qa.call("PUT", "models/diabetes/versions/1", {"properties": given})
    assert answer.status_code == 201
    assert answer.json()["properties"]["modelUri"].endswith(uri.removeprefix("azureml://"))
    qa.finish(qa.put_endpoint("ep-one"))
    assert qa.finish(qa.put_deployment("ep-one", "blue"))["status"] == "Failed"


def test_a_model_in_another_container_of_the_account_is_served(qa: Arm) -> None:
    put(qa, "mine", with_account(qa))
    key = {"account_name": qa.spec.storage_account, "account_key": qa.spec.storage_key}
    with ContainerClient(qa.spec.blob_endpoint, "elsewhere", credential=key) as container:
        if not container.exists():
            container.create_container()
        container.upload_blob("m/MLmodel", MLMODEL, overwrite=True)
    given = {"modelUri": "azureml://datastores/mine/paths/m", "modelType": "mlflow_model"}
    shown = qa.call("PUT", "models/diabetes/versions/1", {"properties": given}).json()
    assert "/datastores/mine/paths/m" in shown["properties"]["modelUri"]
    assert "sklearn" in shown["properties"]["flavors"]
    qa.finish(qa.put_endpoint("ep-one"))
    assert qa.finish(qa.put_deployment("ep-one", "blue"))["status"] == "Succeeded"


def test_another_account_is_read_with_its_key_only(qa: Arm, prod: Arm) -> None:
    prod.upload({"m/MLmodel": MLMODEL})
    store = {**with_account(prod), "containerName": prod.spec.container}
    key = {"credentialsType": "AccountKey", "secrets": {"key": prod.spec.storage_key}}
    qa.finish(qa.put_endpoint("ep-one"))
    for number, (credentials, status) in enumerate(
        (({"credentialsType": "None"}, "Failed"), (key, "Succeeded")), start=1
    ):
        put(qa, "theirs", {**store, "credentials": credentials})
        given = {"modelUri": "azureml://datastores/theirs/paths/m", "modelType": "mlflow_model"}
        qa.call("PUT", f"models/m/versions/{number}", {"properties": given})
        model = f"{qa.spec.arm_id}/models/m/versions/{number}"
        asked = qa.put_deployment("ep-one", f"blue-{number}", model=model)
        assert qa.finish(asked)["status"] == status


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {b: c}\nflavors: {d: *a}",
        "flavors: {x: {day: 2026-02-30}}",
        "flavors: {x: {number: " + "9" * 5000 + "}}",
        "flavors: [1]",
        "flavors: " + "[" * 20_000,
        "flavors: {x: {y: " + "z" * 200_000 + "}}",
    ],
    ids=["aliases", "no day", "long number", "list", "deep", "large"],
)
def test_an_mlmodel_that_cannot_be_read_gives_no_flavors(qa: Arm, text: str) -> None:
    answer = qa.register_model(files={"MLmodel": text})
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["flavors"] == {}
