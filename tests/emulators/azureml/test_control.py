"""The control prefix: faults, recorded calls, reset."""

from __future__ import annotations

import time

import pytest
import requests

from dev.emulators.azureml.wordings import WORDINGS
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.reference import recording
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


def test_an_operation_hangs_until_it_is_let_go(qa: Arm, emulator: Running) -> None:
    qa.deployed()
    hang = {"operation_hangs": {"endpoint": "ep-one", "deployment": "", "kinds": ["update"]}}
    emulator.control("POST", "faults", hang)
    hanging = qa.put_endpoint("ep-one", traffic={"blue": 100})
    assert qa.finish(qa.put_endpoint("ep-two"))["status"] == "Succeeded"
    time.sleep(0.3)
    shown = qa.call("GET", "onlineEndpoints/ep-one").json()["properties"]
    assert shown["provisioningState"] == "Updating"
    assert qa.raw("GET", hanging.headers["Azure-AsyncOperation"]).json()["status"] == "Updating"
    emulator.control("DELETE", "faults")
    assert qa.finish(hanging)["status"] == "Succeeded"


def test_reads_after_a_write_show_for_a_while_what_was_before(qa: Arm, emulator: Running) -> None:
    qa.deployed()
    path = "onlineEndpoints/ep-one"
    stale = {"stale_reads": {"path": "/onlineEndpoints/ep-one$", "reads": 2}}
    emulator.control("POST", "faults", stale)
    qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 100}))
    shown = [qa.call("GET", path).json()["properties"] for _ in range(3)]
    assert [s["traffic"] for s in shown] == [{}, {}, {"blue": 100}]
    assert shown[0]["provisioningState"] == "Succeeded"
    qa.finish(qa.put_endpoint("ep-one", traffic={"blue": 0}))  # one write was asked for
    assert qa.call("GET", path).json()["properties"]["traffic"] == {"blue": 0}


def test_what_was_just_made_is_not_there_yet_and_what_was_deleted_still_is(
    qa: Arm, emulator: Running
) -> None:
    path = "models/diabetes/versions/1"
    stale = {"stale_reads": {"path": "/models/diabetes", "writes": 2}}
    emulator.control("POST", "faults", stale)
    qa.register_model()
    assert [qa.call("GET", path).status_code for _ in range(2)] == [404, 200]
    qa.call("DELETE", path)
    assert [qa.call("GET", path).status_code for _ in range(2)] == [200, 404]


def test_a_write_that_is_refused_makes_nothing_stale(qa: Arm, emulator: Running) -> None:
    emulator.control("POST", "faults", {"stale_reads": {"path": "/models/"}})
    assert qa.call("PUT", "models/diabetes/versions/1", {"properties": {}}).status_code == 400
    qa.register_model()
    codes = [qa.call("GET", "models/diabetes/versions/1").status_code for _ in range(2)]
    assert codes == [404, 200]


def test_a_success_with_another_body(qa: Arm, emulator: Running) -> None:
    odd = {"properties": {"provisioningState": "Dancing"}}
    emulator.control("POST", "faults", {"path": "/models/", "status": 200, "body": odd})
    page = {"path": "/models/", "status": 200, "text": "<html>Sign in</html>"}
    emulator.control("POST", "faults", page | {"headers": {"Content-Type": "text/html"}})
    answer = qa.call("GET", "models/absent/versions/1")
    assert (answer.status_code, answer.json()) == (200, odd)
    assert answer.headers["x-ms-response-type"] == "standard"
    answer = qa.call("GET", "models/absent/versions/1")
    assert (answer.status_code, answer.text) == (200, "<html>Sign in</html>")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_write_is_carried_out_and_answered_with_another_body(qa: Arm, emulator: Running) -> None:
    fault = {"method": "PUT", "path": "/models/", "status": 200, "body": {}, "applied": True}
    emulator.control("POST", "faults", fault)
    answer = qa.register_model()
    assert (answer.status_code, answer.json()) == (200, {})
    assert qa.call("GET", "models/diabetes/versions/1").status_code == 200


@pytest.mark.parametrize("name", sorted(WORDINGS))
def test_what_azure_says_is_chosen_by_name(qa: Arm, emulator: Running, name: str) -> None:
    emulator.control("POST", "faults", {"path": "/onlineEndpoints/", "answer": name})
    answer = qa.call("GET", "onlineEndpoints/ep-one")
    error = answer.json()["error"]
    wording = WORDINGS[name]
    assert (answer.status_code, error["code"]) == (wording.status, wording.code)
    assert "{" not in error["message"]
    assert ("additionalInfo" in error) is not wording.from_gateway


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("service-error", "InternalServerError"),
        ("transient-error", "Service invocation timed out."),
        ("immutable-field", "is immutable, try specifying a new version."),
        ("terminal-status", "is in terminal status, it can't be canceled."),
    ],
)
def test_recorded_words_are_as_they_were_recorded(name: str, recorded: str) -> None:
    """Held against the recordings, not against what this emulator says elsewhere."""
    entries = recording("errors_from_recordings.json")
    bodies = [entry["ResponseBody"] for entry in entries if entry["ResponseBody"]]
    (error,) = [b["error"] for b in bodies if recorded in b["error"]["message"]]
    said = WORDINGS[name].error("/x/name").body("eastus2")
    assert said is not None
    assert recorded in said["error"]["message"]
    assert said["error"]["code"] == error["code"]


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


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"path": "("},
        {"path": ".", "answer": "dancing"},
        {"deployment_fails": {}},
        {"stale_reads": {"reads": 1}},
        {"operation_hangs": {"endpoint": "("}},
    ],
)
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
