"""Role assignments: what they say, and what is refused without them."""

from __future__ import annotations

import pytest

from dev.emulators.azureml.authorization import DATA_SCIENTIST, Permission, operation_of
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running
from tests.emulators.azureml.test_errors import error

ML = "Microsoft.MachineLearningServices"
HERE = f"/subscriptions/s/resourceGroups/g/providers/{ML}/workspaces/w"


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", HERE, "workspaces/read"),
        ("GET", f"{HERE}/models", "workspaces/models/read"),
        ("GET", f"{HERE}/models/m/versions", "workspaces/models/versions/read"),
        ("PUT", f"{HERE}/models/m/versions/1", "workspaces/models/versions/write"),
        ("PATCH", f"{HERE}/onlineEndpoints/e", "workspaces/onlineEndpoints/write"),
        ("DELETE", f"{HERE}/codes/c/versions/1", "workspaces/codes/versions/delete"),
        (
            "POST",
            f"{HERE}/onlineEndpoints/e/deployments/d/getLogs",
            "workspaces/onlineEndpoints/deployments/getLogs/action",
        ),
        (
            "GET",
            f"/subscriptions/s/providers/{ML.lower()}/locations/westeurope/usages",
            "locations/usages/read",
        ),
    ],
)
def test_operations(method: str, path: str, operation: str) -> None:
    assert operation_of(method, path) == f"{ML}/{operation}"


@pytest.mark.parametrize(
    ("operation", "granted"),
    [
        ("workspaces/read", True),
        ("workspaces/MODELS/Versions/write", True),
        ("workspaces/onlineEndpoints/listKeys/action", True),
        ("workspaces/write", False),
        ("workspaces/computes/write", False),
        ("workspaces/computes/read", True),
        ("locations/usages/read", False),
    ],
)
def test_data_scientist(operation: str, granted: bool) -> None:
    assert DATA_SCIENTIST.grants(f"{ML}/{operation}") is granted


def test_exceptions_are_the_same_roles_alone() -> None:
    one = Permission(("*",), ("*/write",))
    assert not one.grants("A.B/c/write")
    assert one.grants("A.B/c/read")
    assert Permission(("A.B/c/*",)).grants("A.B/c/write")
    assert not Permission(("A.B/c/*",)).grants("A.B/cd/write")


def test_what_is_granted_as_published(qa: Arm) -> None:
    """The members of `Permission` in Microsoft.Authorization 2022-04-01."""
    answer = qa.permissions()
    assert answer.status_code == 200
    role, inherited = answer.json()["value"]
    assert role.keys() == {"actions", "notActions", "dataActions", "notDataActions"}
    assert f"{ML}/workspaces/*/write" in role["actions"]
    assert f"{ML}/workspaces/write" in role["notActions"]
    assert inherited["actions"] == [f"{ML}/locations/*/read"]


def test_a_permission_that_was_taken_away(qa: Arm, prod: Arm, emulator: Running) -> None:
    qa.register_model()
    without = [f"{ML}/workspaces/models/versions/write", f"{ML}/workspaces/onlineEndpoints/write"]
    emulator.control("POST", "permissions", {"workspace": qa.spec.name.upper(), "without": without})
    refused = qa.register_model(version="2")
    assert error(refused) == (403, "AuthorizationFailed")
    message = refused.json()["error"]["message"]
    assert f"perform action '{without[0]}' over scope '{qa.spec.arm_id}/models/" in message
    assert error(qa.put_endpoint("ep-one")) == (403, "AuthorizationFailed")
    assert qa.call("GET", "models/diabetes/versions/1").status_code == 200
    assert prod.register_model().status_code == 201
    assert set(without) <= set(qa.permissions().json()["value"][0]["notActions"])


def test_a_deployment_that_may_not_be_made(qa: Arm, emulator: Running) -> None:
    qa.deployed()
    operation = f"{ML}/workspaces/onlineEndpoints/deployments/write"
    emulator.control("POST", "permissions", {"workspace": qa.spec.name, "without": [operation]})
    assert error(qa.put_deployment("ep-one", "green")) == (403, "AuthorizationFailed")
    assert qa.call("GET", "onlineEndpoints/ep-one/deployments/green").status_code == 404
    emulator.control("POST", "reset")
    assert error(qa.put_deployment("ep-one", "green"))[0] == 404


def test_granted_anew(qa: Arm, emulator: Running) -> None:
    reader = {"actions": ["*/read"]}
    emulator.control("POST", "permissions", {"workspace": qa.spec.name, "permissions": [reader]})
    assert qa.call("GET").status_code == 200
    assert error(qa.put_endpoint("ep-one")) == (403, "AuthorizationFailed")
    emulator.control("POST", "permissions", {"workspace": qa.spec.name, "permissions": []})
    assert error(qa.call("GET")) == (403, "AuthorizationFailed")


def test_what_the_subscription_grants(qa: Arm, emulator: Running) -> None:
    """No role on a workspace lets anybody read what is at its location."""
    assert qa.by_location("usages").status_code == 200
    emulator.control("POST", "permissions", {"permissions": []})
    assert error(qa.by_location("usages")) == (403, "AuthorizationFailed")
    assert error(qa.by_location("vmSizes")) == (403, "AuthorizationFailed")
    assert qa.call("GET").status_code == 200
    assert len(qa.permissions().json()["value"]) == 1
    operation = qa.finish(qa.put_endpoint("ep-one"))
    assert operation["status"] == "Succeeded"
