"""What Azure refuses of endpoints and deployments, and what goes on in the background."""

from __future__ import annotations

import time

import pytest
import requests

from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running
from tests.emulators.azureml.test_errors import error, inferencing_message

RUNNING = (409, "UserError")
"""Status and code of a change while another is under way."""


@pytest.mark.parametrize("name", ["ab", "a" * 33, "1abc", "abc-", "a_b_c"])
def test_bad_endpoint_name(qa: Arm, name: str) -> None:
    assert "is invalid" in inferencing_message(qa.put_endpoint(name))


def test_name_is_taken_in_the_region(qa: Arm, prod: Arm) -> None:
    qa.finish(qa.put_endpoint("ep-one"))
    message = inferencing_message(prod.put_endpoint("ep-one"))
    assert "unique within a region" in message
    assert prod.call("GET", "onlineEndpoints/ep-one").status_code == 404


def test_endpoint_without_location(qa: Arm) -> None:
    body = {"properties": {"authMode": "Key"}}
    answer = qa.call("PUT", "onlineEndpoints/ep-one", body)
    assert error(answer) == (400, "LocationRequired")


def test_auth_mode(qa: Arm) -> None:
    assert "not supported" in inferencing_message(qa.put_endpoint("ep-one", authMode="None"))
    qa.finish(qa.put_endpoint("ep-one"))
    message = inferencing_message(qa.put_endpoint("ep-one", authMode="AMLToken"))
    assert "cannot be changed" in message


def test_keys_are_given_on_creation_only(qa: Arm) -> None:
    keys = {"primaryKey": "mine", "secondaryKey": "mine too"}
    qa.finish(qa.put_endpoint("ep-one", keys=keys))
    qa.finish(qa.put_endpoint("ep-one", keys={"primaryKey": "another"}))
    assert qa.call("POST", "onlineEndpoints/ep-one/listKeys").json() == keys
    assert "keys" not in qa.call("GET", "onlineEndpoints/ep-one").json()["properties"]


def test_token_endpoint(qa: Arm) -> None:
    qa.finish(qa.put_endpoint("ep-one", authMode="AMLToken"))
    token = qa.call("POST", "onlineEndpoints/ep-one/token").json()
    assert token["expiryTimeUtc"] > token["refreshAfterTimeUtc"] > time.time()
    assert qa.call("POST", "onlineEndpoints/ep-one/listKeys").status_code == 400


@pytest.mark.parametrize(
    ("traffic", "mirror", "words"),
    [
        ({"blue": 50}, {}, "sum to 0 or 100"),
        ({"blue": 101, "green": -1}, {}, "from 0 to 100"),
        ({"gray": 100}, {}, "does not exist"),
        ({"blue": 100}, {"blue": 10}, "at once"),
        ({"blue": 100}, {"green": 60}, "at most 50%"),
    ],
)
def test_traffic_refused(
    qa: Arm, traffic: dict[str, int], mirror: dict[str, int], words: str
) -> None:
    qa.deployed("ep-one", "blue")
    qa.finish(qa.put_deployment("ep-one", "green"))
    answer = qa.put_endpoint("ep-one", traffic=traffic, mirrorTraffic=mirror)
    assert words in inferencing_message(answer)


def test_traffic_taken_and_lost(qa: Arm) -> None:
    """A PUT without the map sets all traffic to zero."""
    qa.deployed("ep-one", "blue")
    qa.finish(qa.put_deployment("ep-one", "green"))
    body = {"traffic": {"blue": 100}, "mirrorTraffic": {"green": 10}}
    started = qa.put_endpoint("ep-one", **body)
    assert started.status_code == 200
    assert started.json()["properties"]["provisioningState"] == "Updating"
    qa.finish(started)
    shown = qa.call("GET", "onlineEndpoints/ep-one").json()["properties"]
    assert (shown["traffic"], shown["mirrorTraffic"]) == ({"blue": 100}, {"green": 10})
    qa.finish(qa.put_endpoint("ep-one"))
    shown = qa.call("GET", "onlineEndpoints/ep-one").json()["properties"]
    assert (shown["traffic"], shown["mirrorTraffic"]) == ({}, {})


def test_traffic_needs_success(qa: Arm) -> None:
    qa.register_model(files={"model.pkl": b"no MLmodel file"})
    qa.finish(qa.put_endpoint("ep-one"))
    status = qa.finish(qa.put_deployment("ep-one", "blue"))
    assert status["status"] == "Failed"
    message = inferencing_message(qa.put_endpoint("ep-one", traffic={"blue": 100}))
    assert "needs one that is Succeeded" in message


def test_live_deployment_is_kept(qa: Arm) -> None:
    qa.deployed()
    qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 100}))
    refused = qa.call("DELETE", "onlineEndpoints/ep-one/deployments/blue")
    assert "has traffic" in inferencing_message(refused)
    qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 0}))
    started = qa.call("DELETE", "onlineEndpoints/ep-one/deployments/blue")
    assert (started.status_code, started.content) == (202, b"null")
    assert qa.finish(started)["status"] == "Succeeded"
    shown = qa.call("GET", "onlineEndpoints/ep-one").json()["properties"]
    assert shown["traffic"] == {}
    again = qa.call("DELETE", "onlineEndpoints/ep-one/deployments/blue")
    assert (again.status_code, again.content) == (204, b"")


def test_conflict_while_changing(qa: Arm, emulator: Running) -> None:
    emulator.control("POST", "provisioning", {"seconds": 20})
    creating = qa.put_endpoint("ep-one")
    assert error(qa.put_endpoint("ep-one")) == RUNNING
    assert error(qa.call("DELETE", "onlineEndpoints/ep-one")) == RUNNING
    qa.register_model()
    refused = qa.put_deployment("ep-one", "blue")
    assert error(refused) == (400, "UserError")
    assert refused.json()["error"]["message"] == (
        "Cannot create a deployment in endpoint ep-one because it is in Creating provisioning "
        "state."
    )
    emulator.control("POST", "provisioning", {"seconds": 0.2})
    qa.finish(creating)
    emulator.control("POST", "provisioning", {"seconds": 20, "deployment": "blue"})
    started = qa.put_deployment("ep-one", "blue")
    assert started.status_code == 201
    assert error(qa.put_deployment("ep-one", "blue")) == RUNNING
    blue = "onlineEndpoints/ep-one/deployments/blue"
    assert error(qa.call("DELETE", blue)) == RUNNING
    patched = qa.call("PATCH", blue, {"tags": {}})
    assert error(patched) == RUNNING
    assert patched.json()["error"]["message"] == "Already running method"


def test_an_endpoint_answers_to_its_name_in_any_case(qa: Arm, prod: Arm) -> None:
    qa.deployed("ep-One")
    shown = qa.call("GET", "onlineEndpoints/EP-ONE")
    assert (shown.status_code, shown.json()["name"]) == (200, "ep-One")
    assert qa.call("GET", "onlineEndpoints/ep-one/deployments/blue").status_code == 200
    assert qa.put_endpoint("ep-ONE", traffic={"blue": 100}).status_code == 200
    assert qa.call("DELETE", "onlineEndpoints/ep-two").status_code == 204
    assert "unique within a region" in inferencing_message(prod.put_endpoint("eP-oNE"))
    keys = qa.call("POST", "onlineEndpoints/ep-one/listKeys").json()
    scored = requests.post(
        f"{qa.url}/endpoints/westeurope/EP-one/score",
        json={},
        headers={
            "Authorization": f"Bearer {keys['primaryKey']}",
            "azureml-model-deployment": "blue",
        },
        timeout=10,
    )
    assert scored.status_code != 404


def test_the_private_network_is_shown_only_in_the_version_that_has_it(qa: Arm) -> None:
    qa.deployed()
    path = "onlineEndpoints/ep-one/deployments/blue"
    old = qa.call("GET", path, version="2022-02-01-preview").json()["properties"]
    assert old["privateNetworkConnection"] is False
    new = qa.call("GET", path, version="2023-04-01-preview").json()["properties"]
    assert "privateNetworkConnection" not in new


def test_a_curated_environment_that_a_deployment_takes_is_found(qa: Arm) -> None:
    curated = qa.call("GET", "environments/AzureML-sklearn-1.5/versions/24")
    assert (curated.status_code, curated.json()["name"]) == (200, "24")
    assert curated.json()["properties"]["environmentType"] == "Curated"
    assert qa.call("GET", "environments/AzureML-sklearn-1.5").status_code == 200
    assert qa.call("GET", "environments/sklearn-1.5/versions/24").status_code == 404
    assert qa.call("GET", "models/AzureML-sklearn-1.5/versions/24").status_code == 404


def test_model_of_another_workspace(qa: Arm, prod: Arm) -> None:
    qa.deployed()
    prod.finish(prod.put_endpoint("ep-two"))
    theirs = f"{qa.spec.arm_id}/models/diabetes/versions/1"
    answer = prod.put_deployment("ep-two", "blue", model=theirs)
    assert error(answer) == (400, "UserError")
    assert "is not registered in workspace" in answer.json()["error"]["message"]
    assert error(prod.put_deployment("ep-two", "blue")) == (404, "UserError")


def test_custom_model_needs_code_and_environment(qa: Arm) -> None:
    qa.register_model(model_type="custom_model")
    qa.finish(qa.put_endpoint("ep-one"))
    assert "environmentId" in inferencing_message(qa.put_deployment("ep-one", "blue"))
    curated = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
    answer = qa.put_deployment("ep-one", "blue", environmentId=curated)
    assert "codeConfiguration" in inferencing_message(answer)


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"instanceType": None}, "needs an instanceType"),
        ({"endpointComputeType": "Kubernetes"}, "must be 'Managed'"),
        ({"requestSettings": {"requestTimeout": "PT181S"}}, "at most 180"),
        ({"requestSettings": {"requestTimeout": "soon"}}, "not an ISO 8601 duration"),
    ],
)
def test_deployment_refused(qa: Arm, properties: dict[str, object], words: str) -> None:
    qa.register_model()
    qa.finish(qa.put_endpoint("ep-one"))
    assert words in inferencing_message(qa.put_deployment("ep-one", "blue", **properties))


def test_instance_type_is_fixed(qa: Arm) -> None:
    qa.deployed()
    answer = qa.put_deployment("ep-one", "blue", instanceType="Standard_F4s_v2")
    assert "cannot be changed" in inferencing_message(answer)


def test_kubernetes(prod: Arm) -> None:
    prod.register_model()
    compute = f"{prod.spec.arm_id}/computes/cluster"
    started = prod.put_endpoint("ep-k8s", compute=compute)
    assert started.json()["kind"] == "Kubernetes"
    prod.finish(started)
    longer = {"requestTimeout": "PT5M"}
    started = prod.put_deployment(
        "ep-k8s", "blue", endpointComputeType="Kubernetes", requestSettings=longer
    )
    assert prod.finish(started)["status"] == "Succeeded"
    shown = prod.call("GET", "onlineEndpoints/ep-k8s/deployments/blue").json()
    assert shown["properties"]["requestSettings"]["requestTimeout"] == "PT5M"
    answer = prod.put_endpoint("ep-k8s", compute=compute, mirrorTraffic={"blue": 10})
    assert "not supported by Kubernetes" in inferencing_message(answer)


def test_patch(qa: Arm) -> None:
    """PATCH takes tags, identity and the number of instances; traffic stays as it is."""
    qa.deployed()
    qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 100}))
    started = qa.call("PATCH", "onlineEndpoints/ep-one", {"tags": {"a": "b"}})
    assert started.status_code == 202
    qa.finish(started)
    shown = qa.call("GET", "onlineEndpoints/ep-one").json()
    assert shown["tags"] == {"a": "b"}
    assert shown["properties"]["traffic"] == {"blue": 100}
    blue = "onlineEndpoints/ep-one/deployments/blue"
    qa.finish(qa.call("PATCH", blue, {"sku": {"capacity": 3}}))
    assert qa.call("GET", blue).json()["sku"]["capacity"] == 3


def test_deleting_an_endpoint_deletes_its_deployments(qa: Arm, emulator: Running) -> None:
    qa.deployed()
    started = qa.call("DELETE", "onlineEndpoints/ep-one")
    assert (started.status_code, started.content) == (202, b"null")
    assert "/mfeOperationResults/" in started.headers["Location"]
    qa.finish(started)
    assert qa.raw("GET", started.headers["Location"]).status_code == 200
    assert qa.call("GET", "onlineEndpoints/ep-one").status_code == 404
    assert all(server.stopped for server in emulator.scorer.servers)
    assert qa.call("DELETE", "onlineEndpoints/ep-one").status_code == 204
    assert qa.finish(qa.put_endpoint("ep-one"))["status"] == "Succeeded"
    assert qa.call("GET", "onlineEndpoints/ep-one/deployments").json() == {"value": []}
