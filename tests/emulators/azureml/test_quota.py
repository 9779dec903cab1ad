"""Sizes of machines, and deployments that take of the quota for them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import requests

from dev.emulators.azureml.machines import cores
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running
from tests.emulators.azureml.test_errors import error, inferencing_message

DSV2 = "standardDSv2Family"


def usage(arm: Arm, name: str, kind: str = "edCores/") -> tuple[int, int]:
    rows = [
        row
        for row in arm.by_location("usages").json()["value"]
        if row["name"]["value"] == name and "dedicated" in row["type"].lower()
    ]
    (row,) = rows
    assert kind in row["type"]
    return row["currentValue"], row["limit"]


def refusal(answer: requests.Response) -> str:
    assert error(answer) == (400, "BadRequest")
    detail = answer.json()["error"]["details"][0]
    assert detail["code"] == "InferencingClientCreateDeploymentFailed"
    problem: dict[str, Any] = json.loads(detail["message"].partition("error detail: ")[2])
    (message,) = problem["errors"]["VmSize"]
    return str(message)


@pytest.mark.parametrize(
    ("size", "instances", "taken"),
    [
        ("Standard_DS3_v2", 10, 48),  # the documentation's own example
        ("STANDARD_DS2_V2", 1, 4),
        ("Standard_F2s_v2", 5, 12),
        ("Standard_NC24ads_A100_v4", 1, 24),  # spared the reserve
    ],
)
def test_reserve_for_upgrades(size: str, instances: int, taken: int) -> None:
    properties = {"endpointComputeType": "Managed", "instanceType": size}
    assert cores({"properties": properties, "sku": {"capacity": instances}}) == taken


def test_sizes(qa: Arm) -> None:
    sizes = {size["name"]: size for size in qa.by_location("vmSizes").json()["value"]}
    assert sizes["Standard_DS2_v2"]["vCPUs"] == 2
    assert sizes["Standard_DS3_v2"]["family"] == DSV2
    assert sizes["Standard_F2s_v2"]["family"] == "standardFSv2Family"
    assert all("MIR" in size["supportedComputeTypes"] for size in sizes.values())


def test_deployments_take_cores(qa: Arm, prod: Arm) -> None:
    assert usage(qa, DSV2, "vmFamily/dedicatedCores/") == (0, 1000)
    qa.deployed()
    assert usage(qa, DSV2)[0] == 8
    assert usage(qa, "TotalDedicatedCores", "totalDedicatedCores/")[0] == 8
    assert usage(prod, DSV2)[0] == 8  # the same subscription and location
    qa.finish(qa.call("DELETE", "onlineEndpoints/ep-one/deployments/blue"))
    assert usage(qa, DSV2)[0] == 0


def test_a_family_twice(qa: Arm) -> None:
    """Dedicated and of low priority, by the same name; -1 where only all together are limited."""
    rows = qa.by_location("usages").json()["value"]
    limits = {row["type"]: row["limit"] for row in rows if row["name"]["value"] == DSV2}
    assert limits == {
        "Microsoft.MachineLearningServices/vmFamily/dedicatedCores/usages": 1000,
        "Microsoft.MachineLearningServices/vmFamily/lowPriorityCores/usages": -1,
    }


@pytest.mark.parametrize("name", [DSV2, "TotalDedicatedCores"])
def test_beyond_the_limit(qa: Arm, emulator: Running, name: str) -> None:
    emulator.control("POST", "quota", {"name": name, "limit": 12})
    qa.deployed()
    message = refusal(qa.put_deployment("ep-one", "green"))
    assert message.startswith("Not enough quota available for Standard_DS3_v2 in SubscriptionId")
    assert "Current usage/limit: 8/12. Additional needed: 8" in message
    assert "https://aka.ms/oe-tsg#error-outofquota" in message
    assert qa.call("GET", "onlineEndpoints/ep-one/deployments/green").status_code == 404
    smaller = qa.put_deployment("ep-one", "green", instanceType="Standard_DS2_v2")
    assert qa.finish(smaller)["status"] == "Succeeded"
    assert usage(qa, name) == (12, 12)


def test_more_instances(qa: Arm, emulator: Running) -> None:
    qa.deployed()
    emulator.control("POST", "quota", {"name": DSV2, "limit": 16})
    path = "onlineEndpoints/ep-one/deployments/blue"
    assert "Additional needed: 12" in refusal(qa.call("PATCH", path, {"sku": {"capacity": 4}}))
    assert qa.finish(qa.call("PATCH", path, {"sku": {"capacity": 3}}))["status"] == "Succeeded"
    assert usage(qa, DSV2) == (16, 16)


def test_no_limit_of_its_own(qa: Arm, emulator: Running) -> None:
    emulator.control("POST", "quota", {"name": DSV2, "limit": -1})
    qa.deployed()
    emulator.control("POST", "quota", {"name": "TotalDedicatedCores", "limit": 10})
    assert "8/10" in refusal(qa.put_deployment("ep-one", "green"))


def test_clusters_take_none(prod: Arm, emulator: Running) -> None:
    emulator.control("POST", "quota", {"name": "TotalDedicatedCores", "limit": 0})
    prod.register_model()
    prod.finish(prod.put_endpoint("ep-k8s", compute=f"{prod.spec.arm_id}/computes/cluster"))
    kind = {"endpointComputeType": "Kubernetes", "instanceType": "small"}
    assert prod.finish(prod.put_deployment("ep-k8s", "blue", **kind))["status"] == "Succeeded"


def test_size_that_is_none(qa: Arm) -> None:
    qa.deployed()
    answer = qa.put_deployment("ep-one", "green", instanceType="Standard_Z1")
    assert "'Standard_Z1' is not supported" in inferencing_message(answer)


def test_another_subscription(qa: Arm, prod: Arm) -> None:
    qa.deployed()
    elsewhere = replace(qa.spec, subscription_id="99999999-2222-3333-4444-555555555555")
    assert error(Arm(qa.url, elsewhere).by_location("usages")) == (404, "SubscriptionNotFound")
    assert prod.by_location("quotas").json()["value"][0]["limit"] == 1000
