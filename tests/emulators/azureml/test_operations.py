"""Long-running operations: addresses, time, failures, restarts."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from dev.emulators.azureml import Settings
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running
from tests.emulators.azureml.test_errors import error


def test_signed_address(qa: Arm) -> None:
    """It is long, comes back as it was given, and nothing else is taken."""
    started = qa.put_endpoint("ep-one")
    address = started.headers["Azure-AsyncOperation"]
    assert len(address) > 2600
    assert "Retry-After" not in started.headers
    assert started.headers["x-ms-async-operation-timeout"] == "PT30M"
    assert started.headers["Location"].startswith(f"{qa.url}{qa.spec.arm_id}/onlineEndpoints/")
    unsigned = started.json()["properties"]["properties"]["AzureAsyncOperationUri"]
    assert address.startswith(unsigned + "&t=")
    assert error(qa.raw("GET", unsigned)) == (401, "AuthenticationFailed")
    assert error(qa.raw("GET", address[:-1])) == (403, "AuthorizationFailed")
    swapped = unsigned.replace("?", f"?{address.partition('&')[2]}&")
    assert error(qa.raw("GET", swapped)) == (403, "AuthorizationFailed")
    assert qa.raw("GET", address).status_code == 200
    absent = address.replace("oeidp:", "oeidp:0")
    assert qa.raw("GET", absent).status_code == 404


def test_takes_its_time_and_put_returns_at_once(qa: Arm, emulator: Running) -> None:
    emulator.control("POST", "provisioning", {"seconds": 1.0, "deployment": "blue"})
    qa.register_model()
    qa.finish(qa.put_endpoint("ep-one"))
    began = time.monotonic()
    started = qa.put_deployment("ep-one", "blue")
    assert time.monotonic() - began < 0.5
    first = qa.raw("GET", started.headers["Azure-AsyncOperation"]).json()
    assert first["status"] == "Updating"
    assert first["endTime"] == "0001-01-01T00:00:00+00:00"
    assert first["percentComplete"] == 0.0
    last = qa.finish(started)
    assert 0.9 < time.monotonic() - began < 3
    assert last["percentComplete"] == 100.0
    assert last["endTime"] > last["startTime"]


def test_what_the_service_fills_in(qa: Arm) -> None:
    qa.register_model()
    qa.finish(qa.put_endpoint("ep-one"))
    started = qa.put_deployment("ep-one", "blue", requestSettings={"requestTimeout": "PT1M30S"})
    first = started.json()["properties"]
    assert first["provisioningState"] == "Updating"
    assert first["requestSettings"]["requestTimeout"] == "PT0S"
    assert first["livenessProbe"] is None
    qa.finish(started)
    later = qa.call("GET", "onlineEndpoints/ep-one/deployments/blue").json()
    assert later["properties"]["requestSettings"]["requestTimeout"] == "PT1M30S"
    assert later["properties"]["livenessProbe"]["period"] == "PT10S"
    assert later["sku"] == {"name": "Default", "tier": "Standard", "capacity": 1}


def test_missing_artefacts_fail_the_deployment(qa: Arm) -> None:
    qa.register_model()
    with qa.container as container:
        container.delete_blob("LocalUpload/diabetes-1/model/MLmodel")
    qa.finish(qa.put_endpoint("ep-one"))
    failed = qa.finish(qa.put_deployment("ep-one", "blue"))
    assert failed["status"] == "Failed"
    assert failed["error"]["code"] == "UserError"
    assert failed["error"]["details"][0]["code"] == "ResourceNotFound"
    blue = "onlineEndpoints/ep-one/deployments/blue"
    assert qa.call("GET", blue).json()["properties"]["provisioningState"] == "Failed"
    assert qa.call("POST", f"{blue}/getLogs", {"tail": 10}).json() == {"content": ""}
    storage = {"tail": 10, "containerType": "StorageInitializer"}
    assert "0 blobs" in qa.call("POST", f"{blue}/getLogs", storage).json()["content"]


def test_a_failed_update_leaves_the_old_server(qa: Arm, emulator: Running) -> None:
    qa.deployed()
    qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 100}))
    emulator.control(
        "POST", "faults", {"deployment_fails": {"code": "OutOfQuota", "message": "no cores"}}
    )
    failed = qa.finish(qa.put_deployment("ep-one", "blue", environmentVariables={"A": "1"}))
    assert (failed["error"]["code"], failed["error"]["message"]) == ("OutOfQuota", "no cores")
    assert [server.stopped for server in emulator.scorer.servers] == [False]
    assert qa.finish(qa.put_deployment("ep-one", "blue"))["status"] == "Succeeded"
    assert [server.stopped for server in emulator.scorer.servers] == [True, False]
    copies = emulator.settings.state_dir / "deployments"
    assert [folder.name.rpartition("-")[2] for folder in copies.iterdir()] == ["3"]


def test_score_follows_traffic_and_keys(qa: Arm) -> None:
    qa.deployed()
    address = qa.call("GET", "onlineEndpoints/ep-one").json()["properties"]["scoringUri"]
    assert address == f"{qa.url}/endpoints/westeurope/ep-one/score"
    qa.token = qa.call("POST", "onlineEndpoints/ep-one/listKeys").json()["primaryKey"]
    assert qa.raw("POST", address, {"data": 1}).status_code != 200
    qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 100}))
    answer = qa.raw("POST", address, {"data": 1})
    assert answer.json()["sent"] == {"data": 1}
    assert answer.json()["files"] == ["model/MLmodel"]
    qa.token = "wrong"
    assert qa.raw("POST", address, {"data": 1}).status_code == 401


def test_single_file_keeps_its_name(qa: Arm, emulator: Running) -> None:
    qa.upload({"LocalUpload/f/model.pkl": b"x", "LocalUpload/f/model.pkl.bak": b"y"})
    uri = "azureml://datastores/workspaceblobstore/paths/LocalUpload/f/model.pkl"
    asked = {"modelUri": uri, "modelType": "triton_model"}
    qa.call("PUT", "models/diabetes/versions/1", {"properties": asked})
    qa.finish(qa.put_endpoint("ep-one"))
    qa.finish(qa.put_deployment("ep-one", "blue"))
    folder = emulator.scorer.servers[0].spec.model_dir
    assert [path.name for path in folder.iterdir()] == ["model.pkl"]


def test_restart_continues(settings: Settings) -> None:
    """What ran goes on by the wall clock, what answered answers again."""
    slow = replace(settings, provision_seconds=1.5)
    with Running(slow) as first:
        qa = Arm(first.url, slow.workspaces[0])
        qa.register_model()
        first.control("POST", "provisioning", {"seconds": 0, "endpoint": "ep-one"})
        qa.finish(qa.put_endpoint("ep-one"))
        qa.finish(qa.put_deployment("ep-one", "blue"))
        qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 100}))
        first.control("POST", "provisioning", {"seconds": 1.5, "endpoint": "ep-one"})
        started = qa.put_deployment("ep-one", "green")
        began = time.monotonic()
    with Running(slow) as second:
        again = Arm(second.url, slow.workspaces[0])
        keys = again.call("POST", "onlineEndpoints/ep-one/listKeys").json()
        again.token = keys["primaryKey"]
        scored = again.raw("POST", f"{second.url}/endpoints/westeurope/ep-one/score", {})
        assert scored.json()["key"].endswith("ep-one-blue-1")
        address = started.headers["Azure-AsyncOperation"].replace(first.url, second.url)
        assert again.raw("GET", address).json()["status"] == "Updating"
        while again.raw("GET", address).json()["status"] == "Updating":
            time.sleep(0.05)
        assert 1.2 < time.monotonic() - began < 5
        assert again.raw("GET", address).json()["status"] == "Succeeded"
        assert again.call("GET", "models/diabetes/versions/1").status_code == 200


def test_restart_without_the_model(settings: Settings) -> None:
    """A deployment whose model is gone does not come back; all else does."""
    with Running(settings) as first:
        qa = Arm(first.url, settings.workspaces[0])
        qa.deployed()
        assert qa.call("DELETE", "models/diabetes").status_code == 200
    with Running(settings) as second:
        again = Arm(second.url, settings.workspaces[0])
        assert second.scorer.servers == []
        assert again.call("GET", "onlineEndpoints/ep-one/deployments/blue").status_code == 200


def test_a_deployment_that_hangs_can_be_ended_with_its_endpoint(qa: Arm, emulator: Running) -> None:
    qa.register_model()
    qa.finish(qa.put_endpoint("ep-one"))
    emulator.control("POST", "provisioning", {"seconds": 60, "deployment": "blue"})
    started = qa.put_deployment("ep-one", "blue")
    assert qa.finish(qa.call("DELETE", "onlineEndpoints/ep-one"))["status"] == "Succeeded"
    assert qa.finish(started)["error"]["code"] == "OperationCanceled"
    assert all(server.stopped for server in emulator.scorer.servers)


def test_a_fault_of_the_emulator_ends_the_operation_too(qa: Arm) -> None:
    qa.register_model()
    qa.finish(qa.put_endpoint("ep-one"))
    started = qa.put_deployment("ep-one", "blue", environmentVariables={"BREAK": "emulator"})
    failed = qa.finish(started)
    assert failed["error"]["code"] == "InternalServerError"
    assert "no serving environment" in failed["error"]["message"]
    shown = qa.call("GET", "onlineEndpoints/ep-one/deployments/blue").json()["properties"]
    assert shown["provisioningState"] == "Failed"


@pytest.mark.parametrize("field", ["primaryKey", "secondaryKey"])
def test_regenerate(qa: Arm, field: str) -> None:
    qa.finish(qa.put_endpoint("ep-one"))
    before = qa.call("POST", "onlineEndpoints/ep-one/listKeys").json()
    kind = field.removesuffix("Key").capitalize()
    body = {"keyType": kind, "keyValue": before[field]}
    qa.finish(qa.call("POST", "onlineEndpoints/ep-one/regenerateKeys", body))
    after = qa.call("POST", "onlineEndpoints/ep-one/listKeys").json()
    assert {name for name in before if before[name] != after[name]} == {field}
