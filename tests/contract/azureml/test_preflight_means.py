"""What is looked at before people are asked: permissions, quota, clusters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.azureml.permissions import is_granted
from shared.adapters.azureml.quota import cores_needed
from shared.domain.pipeline import Environment, ManagedCompute, ScoringCode
from tests.contract.azureml.looking import (
    ML,
    failed,
    granted,
    looked,
    on_cluster,
    prod_stage,
)
from tests.contract.azureml.world import Emulated


@pytest.mark.parametrize(
    ("stage", "operation"),
    [
        ({}, "models/versions/write"),
        ({}, "models/versions/read"),
        ({}, "onlineEndpoints/write"),
        ({}, "onlineEndpoints/listKeys/action"),
        ({}, "onlineEndpoints/deployments/write"),
        ({}, "onlineEndpoints/deployments/delete"),
        ({}, "onlineEndpoints/deployments/getLogs/action"),
        ({"code": ScoringCode(Path("code"), "score.py")}, "codes/versions/write"),
        (
            {"code": ScoringCode(Path("code"), "score.py")},
            "codes/versions/startPendingUpload/action",
        ),
        ({"environment": Environment(image="mcr/base:1")}, "environments/versions/write"),
    ],
)
def test_missing_permission(emulated: Emulated, stage: dict[str, object], operation: str) -> None:
    granted(emulated, without=[f"{ML}/workspaces/{operation}"])
    checks = looked(emulated.world, prod_stage(emulated, **stage))
    assert failed(checks) == ["Permissions"]
    assert checks["Permissions"].passed is False
    name = emulated.world.prod.name
    assert checks["Permissions"].words == (
        f"This app may not do in workspace {name} what the release needs: {operation} (of "
        f"{ML}/workspaces). Give its identity the role that docs/azure.md names "
        "for it (or AzureML Data Scientist) on this workspace."
    )


def test_permissions_that_are_not_needed(emulated: Emulated) -> None:
    operations = ("codes/versions/write", "environments/versions/write", "computes/read")
    granted(emulated, without=[f"{ML}/workspaces/{each}" for each in operations])
    registered = Environment(reference="azureml:base:1")
    assert failed(looked(emulated.world, prod_stage(emulated, environment=registered))) == []


def test_many_missing_permissions(emulated: Emulated) -> None:
    granted(emulated, permissions=[{"actions": ["*/read"]}])
    checks = looked(emulated.world, prod_stage(emulated), copies=False)
    assert failed(checks) == ["Permissions"]
    granted(emulated, permissions=[{"actions": [f"{ML}/workspaces/read"]}])
    stage = prod_stage(emulated, code=ScoringCode(Path("code"), "score.py"))
    checks = looked(emulated.world, stage, copies=False)
    assert " and 7 more (of " in checks["Permissions"].words


def test_permissions_that_azure_keeps_to_itself(emulated: Emulated) -> None:
    body = {"error": {"code": "AuthorizationFailed", "message": "No."}}
    emulated.fault("GET", "/permissions$", 403, body=body)
    checks = looked(emulated.world, prod_stage(emulated))
    assert failed(checks) == ["Permissions"]
    assert checks["Permissions"].passed is None
    assert "needs Microsoft.Authorization/permissions/read, too." in checks["Permissions"].words


def test_too_little_quota(emulated: Emulated) -> None:
    limit = {"name": "standardDSv2Family", "limit": 10}
    emulated.running.control("POST", "quota", limit)
    stage = prod_stage(emulated, compute=ManagedCompute("Standard_DS2_v2", 5))
    checks = looked(emulated.world, stage)
    assert failed(checks) == ["Quota"]
    assert checks["Quota"].passed is False
    assert checks["Quota"].words == (
        "5 x Standard_DS2_v2 need 12 vCPUs, with those that Azure holds for upgrades, and 10 of 10 "
        "are free (Standard DSv2 Family Cluster Dedicated vCPUs). Ask for more quota, or for fewer "
        "or smaller instances in the pipeline."
    )


def test_quota_that_others_have_taken(emulated: Emulated) -> None:
    """What serves now stays until the new version has its traffic, so both must fit."""
    world, stage = emulated.world, prod_stage(emulated)
    model = world.registered(world.prod)
    world.created(stage)
    world.deployed(stage, "blue", model)
    emulated.running.control("POST", "quota", {"name": "TotalDedicatedCores", "limit": 15})
    checks = looked(world, stage)
    assert failed(checks) == ["Quota"]
    assert "and 7 of 15 are free (Total Cluster Dedicated" in checks["Quota"].words
    emulated.running.control("POST", "quota", {"name": "TotalDedicatedCores", "limit": 16})
    assert failed(looked(world, stage)) == []


def test_quota_that_azure_keeps_to_itself(emulated: Emulated) -> None:
    """No role on a workspace lets anybody read what a subscription has at a location."""
    emulated.running.control("POST", "permissions", {"permissions": []})
    checks = looked(emulated.world, prod_stage(emulated))
    assert failed(checks) == ["Quota"]
    assert checks["Quota"].passed is None
    assert "(AuthorizationFailed)" in checks["Quota"].words
    assert "the role Reader on the subscription" in checks["Quota"].words


def test_size_that_is_not_listed(emulated: Emulated) -> None:
    stage = prod_stage(emulated, compute=ManagedCompute("Standard_Z1", 1))
    checks = looked(emulated.world, stage)
    assert failed(checks) == ["Quota"]
    assert checks["Quota"].passed is None
    assert "does not list Standard_Z1 in westeurope" in checks["Quota"].words


def test_cluster(emulated: Emulated) -> None:
    checks = looked(emulated.world, on_cluster(emulated))
    assert failed(checks) == []
    assert "Quota" not in checks
    assert "is attached." in checks["Compute"].words
    checks = looked(emulated.world, on_cluster(emulated, "other"))
    assert failed(checks) == ["Compute"]
    assert "There is no compute other in workspace" in checks["Compute"].words


@pytest.mark.parametrize(("state", "passed"), [("Failed", False), ("Deleting", None)])
def test_cluster_that_is_not_well(emulated: Emulated, state: str, passed: bool | None) -> None:
    body = {"workspace": emulated.world.prod.name, "name": "cluster", "provisioning_state": state}
    emulated.running.control("POST", "computes", body)
    checks = looked(emulated.world, on_cluster(emulated))
    assert failed(checks) == ["Compute"]
    assert checks["Compute"].passed is passed
    assert state in checks["Compute"].words


def test_cluster_that_may_not_be_read(emulated: Emulated) -> None:
    granted(emulated, without=[f"{ML}/workspaces/computes/read"])
    checks = looked(emulated.world, on_cluster(emulated))
    assert failed(checks) == ["Permissions", "Compute"]
    assert "(or AzureML Data Scientist)" in checks["Compute"].words


ROLE: dict[str, Any] = {
    "actions": [f"{ML}/workspaces/*/read", f"{ML}/workspaces/*/write", f"{ML}/workspaces/*/action"],
    "notActions": [f"{ML}/workspaces/write", f"{ML}/workspaces/computes/*/write"],
}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("workspaces/read", True),
        ("workspaces/models/versions/READ", True),
        ("workspaces/models/versions/write", True),
        ("workspaces/onlineEndpoints/deployments/getLogs/action", True),
        ("workspaces/write", False),
        ("workspaces/computes/write", False),
        ("workspaces/models/versions/delete", False),
        ("workspaces/models/versions/readable", False),
        ("locations/usages/read", False),
    ],
)
def test_wildcards(operation: str, expected: bool) -> None:
    assert is_granted([ROLE], f"{ML}/{operation}") is expected


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([], False),
        ([{"actions": ["*"]}], True),
        ([{"actions": ["*"], "notActions": ["*/Write"]}], False),
        # what one role takes away, another may grant
        ([{"actions": ["*"], "notActions": ["*/write"]}, {"actions": ["*/models/*"]}], True),
        ([{"actions": None, "notActions": None}], False),
        ([{"actions": ["a.b/*"]}], False),
        ([{"actions": [f"{ML.upper()}/WORKSPACES/MODELS/VERSIONS/WRITE"]}], True),
        ([{"dataActions": ["*"]}], False),
    ],
)
def test_roles_together(roles: list[Mapping[str, Any]], expected: bool) -> None:
    assert is_granted(roles, f"{ML}/workspaces/models/versions/write") is expected


@pytest.mark.parametrize(
    ("size", "instances", "cores", "needed"),
    [
        ("Standard_DS3_v2", 10, 4, 48),  # the documentation's own example
        ("Standard_DS3_v2", 1, 4, 8),
        ("Standard_DS2_v2", 5, 2, 12),
        ("STANDARD_NC24ADS_A100_V4", 2, 24, 48),
    ],
)
def test_reserve_for_upgrades(size: str, instances: int, cores: int, needed: int) -> None:
    assert cores_needed(ManagedCompute(size, instances), cores) == needed
