"""The control prefix: faults, recorded calls, reset."""

from __future__ import annotations

import time

import pytest
import requests

from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running


def test_recorded_without_secrets(qa: Arm, emulator: Running) -> None:
    qa.token = "very-secret"
    qa.call("GET")
    recorded = emulator.control("GET", "requests")
    assert [(r["method"], r["path"], r["status"]) for r in recorded] == [
        ("GET", qa.spec.arm_id, 200)
    ]
    assert recorded[0]["api_version"] == "2024-10-01-preview"
    assert "very-secret" not in str(recorded)
    emulator.control("DELETE", "requests")
    assert emulator.control("GET", "requests") == []


def test_fault_as_recorded(qa: Arm, emulator: Running) -> None:
    """504 on listSecrets and 500 on the datastore, then all is well."""
    transient = {"error": {"code": "TransientError", "message": "timed out"}}
    emulator.control(
        "POST",
        "faults",
        [
            {"method": "POST", "path": "/listSecrets$", "status": 504, "body": transient},
            {"path": "/datastores/workspaceblobstore$", "status": 500, "times": 2},
        ],
    )
    store = "datastores/workspaceblobstore"
    first = qa.call("POST", f"{store}/listSecrets")
    assert (first.status_code, first.json()) == (504, transient)
    assert qa.call("POST", f"{store}/listSecrets").status_code == 200
    codes = [qa.call("GET", store) for _ in range(3)]
    assert [answer.status_code for answer in codes] == [500, 500, 200]
    assert codes[0].json()["error"]["code"] == "ServiceError"


def test_throttling_says_when(qa: Arm, emulator: Running) -> None:
    fault = {"path": "workspaces", "status": 429, "headers": {"Retry-After": "7"}}
    emulator.control("POST", "faults", fault)
    answer = qa.call("GET")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_lost_answer(qa: Arm, emulator: Running) -> None:
    """The call was carried out, its answer never came."""
    emulator.control(
        "POST", "faults", {"method": "PUT", "path": "/models/", "drop": True, "applied": True}
    )
    with pytest.raises(requests.ConnectionError):
        qa.register_model()
    assert qa.call("GET", "models/diabetes/versions/1").status_code == 200


def test_dropped_before_anything(qa: Arm, emulator: Running) -> None:
    emulator.control("POST", "faults", {"method": "PUT", "path": "/models/", "drop": True})
    with pytest.raises(requests.ConnectionError):
        qa.register_model()
    assert qa.call("GET", "models/diabetes/versions/1").status_code == 404


def test_delay(qa: Arm, emulator: Running) -> None:
    emulator.control("POST", "faults", {"path": ".", "status": 200, "delay_seconds": 0.4})
    began = time.monotonic()
    assert qa.call("GET").status_code == 200
    assert time.monotonic() - began >= 0.4


def test_faults_can_be_taken_back(qa: Arm, emulator: Running) -> None:
    emulator.control("POST", "faults", {"path": ".", "status": 500, "times": 99})
    emulator.control("DELETE", "faults")
    assert qa.call("GET").status_code == 200


def test_deployment_fails_where_it_matches(qa: Arm, emulator: Running) -> None:
    fault = {"endpoint": "ep-.*", "deployment": "green", "code": "ImageBuildFailure"}
    emulator.control("POST", "faults", {"deployment_fails": fault})
    qa.deployed("ep-one", "blue")
    failed = qa.finish(qa.put_deployment("ep-one", "green"))
    assert failed["error"]["code"] == "ImageBuildFailure"
    assert qa.finish(qa.put_deployment("ep-one", "green"))["status"] == "Succeeded"


def test_endpoint_fails(qa: Arm, emulator: Running) -> None:
    fault = {"endpoint": "ep-one", "code": "InternalServerError", "message": "no luck"}
    emulator.control("POST", "faults", {"endpoint_fails": fault})
    failed = qa.finish(qa.put_endpoint("ep-one"))
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "InternalServerError")
    shown = qa.call("GET", "onlineEndpoints/ep-one").json()
    assert shown["properties"]["provisioningState"] == "Failed"
    assert qa.finish(qa.put_endpoint("ep-one"))["status"] == "Succeeded"
    assert qa.finish(qa.put_endpoint("ep-two"))["status"] == "Succeeded"


def test_who_registers(qa: Arm, emulator: Running) -> None:
    def shown(version: str) -> tuple[str, str]:
        data = qa.call("GET", f"models/diabetes/versions/{version}").json()["systemData"]
        return data["createdBy"], data["lastModifiedBy"]

    qa.register_model()
    assert shown("1") == ("Azure ML emulator", "Azure ML emulator")
    emulator.control("POST", "user", {"name": "Grace Hopper"})
    qa.register_model(tags={"a": "b"})
    qa.register_model(version="2")
    assert shown("1") == ("Azure ML emulator", "Grace Hopper")
    assert shown("2") == ("Grace Hopper", "Grace Hopper")
    qa.token = "user:ada@example.com"
    qa.register_model(version="3")
    assert shown("3") == ("ada@example.com", "ada@example.com")
    emulator.control("POST", "reset")
    qa.token = "user:"
    qa.register_model()
    assert shown("1") == ("Azure ML emulator", "Azure ML emulator")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("permissions", {"workspace": "wk"}),
        ("permissions", {"permissions": [{"notActions": []}]}),
        ("permissions", []),
        ("quota", {"name": "standardXFamily", "limit": 1}),
        ("quota", {"name": "TotalDedicatedCores"}),
        ("computes", {"name": "cluster"}),
        ("user", ["Grace"]),
    ],
)
def test_not_understood(emulator: Running, path: str, body: object) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        emulator.control("POST", path, body)


@pytest.mark.parametrize("fault", [{"status": 500}, {"path": "("}, {"deployment_fails": {}}])
def test_not_a_fault(emulator: Running, fault: dict[str, object]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        emulator.control("POST", "faults", fault)


def test_reset(qa: Arm, emulator: Running) -> None:
    qa.deployed()
    emulator.control("POST", "provisioning", {"seconds": 60, "deployment": "green"})
    qa.put_deployment("ep-one", "green")
    emulator.control("POST", "faults", {"path": ".", "status": 500, "times": 99})
    emulator.control("POST", "reset")
    assert qa.call("GET", "onlineEndpoints").json() == {"value": []}
    assert qa.call("GET", "models").json() == {"value": []}
    assert emulator.control("GET", "state")["operations"] == []
    assert all(server.stopped for server in emulator.scorer.servers)
