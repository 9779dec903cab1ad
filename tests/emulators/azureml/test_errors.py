"""The error answers, whose bodies differ as the recorded ones do."""

from __future__ import annotations

import pytest
import requests

from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running


def error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def inferencing_message(answer: requests.Response) -> str:
    """The words of a rule, which come as JSON inside the error's details."""
    assert error(answer) == (400, "BadRequest"), answer.text
    detail = answer.json()["error"]["details"][0]
    assert detail["code"] == "InferencingClientCallFailed"
    return str(detail["message"])


def test_no_bearer_token(qa: Arm) -> None:
    qa.token = ""
    answer = qa.call("GET")
    assert error(answer) == (401, "AuthenticationFailed")
    assert "authorization_uri" in answer.headers["WWW-Authenticate"]
    assert "additionalInfo" not in answer.json()["error"]


def test_no_api_version(qa: Arm) -> None:
    answer = qa.raw("GET", qa.url + qa.spec.arm_id)
    assert error(answer) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("11111111", "99999999", "SubscriptionNotFound"),
        ("rg-qa", "rg-other", "ResourceGroupNotFound"),
        ("wk-qa", "wk-other", "ResourceNotFound"),
    ],
)
def test_unknown_scope(qa: Arm, old: str, new: str, code: str) -> None:
    address = qa.url + qa.spec.arm_id.replace(old, new)
    answer = qa.raw("GET", address, params={"api-version": "2024-10-01-preview"})
    assert error(answer) == (404, code)


def test_scope_in_any_case(qa: Arm) -> None:
    address = qa.url + qa.spec.arm_id.lower()
    answer = qa.raw("GET", address, params={"api-version": "2024-10-01-preview"})
    assert answer.json()["id"] == qa.spec.arm_id


def test_the_many_not_founds(qa: Arm) -> None:
    model = qa.call("GET", "models/absent")
    assert error(model) == (404, "UserError")
    assert model.json()["error"]["details"][0] == {
        "code": "ModelNotFound",
        "message": "Model container with name: absent not found.",
        "details": [],
        "additionalInfo": [],
    }
    endpoint = qa.call("GET", "onlineEndpoints/absent")
    assert error(endpoint) == (404, "NotFound")
    assert endpoint.json()["error"]["details"][0]["code"] == "NoSuchEndpoint"
    datastore = qa.call("GET", "datastores/absent")
    assert datastore.json()["error"]["message"] == "Could not find datastore: absent."
    environment = qa.call("GET", "environments/absent")
    assert environment.json()["error"]["message"] == (
        "No environment exists for name: absent, version: , label: "
    )
    compute = qa.call("GET", "computes/absent")
    assert (compute.status_code, compute.content) == (404, b"")


def test_malformed_body(qa: Arm) -> None:
    address = f"{qa.url}{qa.spec.arm_id}/models/m/versions/1?api-version=2023-08-01-preview"
    answer = requests.put(
        address, data="{not json", headers={"Authorization": "Bearer x"}, timeout=10
    )
    assert error(answer) == (400, "InvalidRequestContent")
    for body in ([1], {"properties": "text"}):
        answer = qa.call("PUT", "models/m/versions/1", body)
        assert error(answer) == (400, "InvalidRequestContent")
    assert "must name deployments" in inferencing_message(qa.put_endpoint("ep-one", traffic=[1]))


def test_additional_information(qa: Arm) -> None:
    answer = qa.call("GET", "datastores/absent").json()["error"]
    kinds = [item["type"] for item in answer["additionalInfo"]]
    assert kinds == [
        "ComponentName",
        "Correlation",
        "Environment",
        "Location",
        "Time",
        "InnerError",
    ]


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("azureml://datastores/elsewhere/paths/m", 404),
        ("azureml://datastores/workspaceblobstore/paths/", 400),
        ("azureml://datastores/workspaceblobstore/paths//", 400),
        ("https://example.com/model", 400),
        ("ftp://account.blob.core.windows.net/container/model", 400),
    ],
)
def test_model_path_refused(qa: Arm, uri: str, status: int) -> None:
    answer = qa.call("PUT", "models/m/versions/1", {"properties": {"modelUri": uri}})
    assert error(answer) == (status, "UserError")
    assert qa.call("GET", "models/m/versions/1").status_code == 404


@pytest.mark.parametrize("name", ["..%2Fx", "-x", "x" * 256, "a%20b"])
def test_name_refused(qa: Arm, name: str) -> None:
    given = {"modelUri": "azureml://datastores/workspaceblobstore/paths/m"}
    answer = qa.call("PUT", f"models/{name}/versions/1", {"properties": given})
    assert error(answer) == (400, "UserError")
    odd = qa.call("PUT", "models/m/versions/..%2Fx", {"properties": given})
    assert (odd.status_code, odd.json()["name"]) == (201, "../x")


def test_model_put_again(qa: Arm) -> None:
    first = qa.register_model(tags={"a": "1"})
    again = qa.register_model(tags={"a": "2"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["properties"]["tags"] == {"a": "2"}
    moved = {
        "modelUri": "azureml://datastores/workspaceblobstore/paths/elsewhere",
        "modelType": "mlflow_model",
    }
    answer = qa.call("PUT", "models/diabetes/versions/1", {"properties": moved})
    assert error(answer) == (400, "UserError")
    assert answer.json()["error"]["message"] == "Asset paths cannot be updated."


def test_model_uri_comes_back_changed(qa: Arm) -> None:
    asked = (
        f"azureml://subscriptions/{qa.spec.subscription_id}/resourcegroups/{qa.spec.resource_group}"
        f"/workspaces/{qa.spec.name}/datastores/workspaceblobstore/paths/a/b"
    )
    answer = qa.call("PUT", "models/m/versions/1", {"properties": {"modelUri": asked}})
    shown = answer.json()["properties"]["modelUri"]
    assert shown == asked.replace("resourcegroups", "resourceGroups")
    short = {"modelUri": "azureml://datastores/workspaceblobstore/paths/a/b/"}
    again = qa.call("PUT", "models/m/versions/1", {"properties": short})
    assert (again.status_code, again.json()["properties"]["modelUri"]) == (200, shown)


def test_paging(qa: Arm) -> None:
    for version in ("1", "2", "3"):
        qa.register_model(version=version)
    latest = qa.call(
        "GET", "models/diabetes/versions", **{"$orderBy": "createdtime desc", "$top": "1"}
    ).json()
    assert [item["name"] for item in latest["value"]] == ["3"]
    following = qa.raw("GET", latest["nextLink"]).json()
    assert [item["name"] for item in following["value"]] == ["2"]
    last = qa.raw("GET", following["nextLink"]).json()
    assert [item["name"] for item in last["value"]] == ["1"]
    assert "nextLink" not in last
    oldest = qa.call("GET", "models/diabetes/versions", **{"$orderBy": "createdtime asc"}).json()
    assert [item["name"] for item in oldest["value"]] == ["1", "2", "3"]
    assert error(qa.call("GET", "models", **{"$top": "many"})) == (400, "UserError")
    container = qa.call("GET", "models/diabetes").json()["properties"]
    assert (container["latestVersion"], container["nextVersion"]) == ("3", "4")


def test_identity_datastore_gives_no_key(identity: Arm) -> None:
    assert identity.call("GET").json()["properties"]["systemDatastoresAuthMode"] == "identity"
    shown = identity.call("GET", "datastores/workspaceblobstore").json()
    assert shown["properties"]["credentials"] == {"credentialsType": "None"}
    answer = identity.call("POST", "datastores/workspaceblobstore/listSecrets")
    assert error(answer) == (400, "UserError")


def test_kubernetes_compute(prod: Arm, emulator: Running) -> None:
    compute = prod.call("GET", "computes/cluster").json()["properties"]
    assert (compute["computeType"], compute["provisioningState"]) == ("Kubernetes", "Succeeded")
    change = {"workspace": prod.spec.name, "name": "cluster", "provisioning_state": "Failed"}
    emulator.control("POST", "computes", change)
    compute = prod.call("GET", "computes/cluster").json()["properties"]
    assert compute["provisioningState"] == "Failed"
