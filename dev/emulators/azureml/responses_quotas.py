"""Answers about sizes of machines and the quota for them, by location.

Shapes are the published examples'; names and types are those that the service was seen to give
(`standardDSv2Family` under `vmFamily/dedicatedCores` and again under `vmFamily/lowPriorityCores`,
-1 for no limit of its own), which differ from the examples'.
"""

from __future__ import annotations

from dev.emulators.azureml import machines
from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.emulator import Emulator
from dev.emulators.azureml.machines import FAMILIES, NO_LIMIT, SIZES, TOTAL, Size
from dev.emulators.azureml.wire import ArmRequest, ArmResponse, Json

MOST_CLUSTERS = 200
LOW_PRIORITY_CORES = 100
_OS_DISK_MB = 1_047_552


async def list_sizes(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """The sizes of machines; those for managed endpoints (MIR) are all there are here."""
    del emulator, request
    return ArmResponse({"value": [_size_body(size) for size in SIZES]})


def _size_body(size: Size) -> Json:
    return {
        "name": size.name,
        "family": size.family,
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "osVhdSizeMB": _OS_DISK_MB,
        "maxResourceVolumeMB": size.disk_mb,
        "memoryGB": size.memory_gb,
        "lowPriorityCapable": True,
        "premiumIO": True,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance", "MIR"],
    }


async def list_usages(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Cores in use and allowed, for all families and each, dedicated and of low priority."""
    spec, changed = request.workspace.spec, emulator.control.limits
    now = machines.used(emulator.store.workspaces.values(), spec.subscription_id, spec.location)

    def usage(kind: str, name: str, title: str, value: int, limit: int) -> Json:
        return {
            "id": f"/subscriptions/{spec.subscription_id}/usages/{title.replace(' ', '_')}",
            "type": f"{PROVIDER}/{kind}/usages",
            "amlWorkspaceLocation": spec.location,
            "unit": "Count",
            "currentValue": value,
            "limit": limit,
            "name": {"value": name, "localizedValue": title},
        }

    def dedicated(kind: str, name: str, title: str) -> Json:
        return usage(kind, name, title, now[name], machines.limit_of(name, changed))

    rows = [
        usage("totalClusters", "TotalClusters", "Clusters", 0, MOST_CLUSTERS),
        dedicated("totalDedicatedCores", TOTAL, "Total Cluster Dedicated Regional vCPUs"),
        usage(
            "totalLowPriorityCores",
            "TotalLowPriorityCores",
            "Total Cluster LowPriority Regional vCPUs",
            0,
            LOW_PRIORITY_CORES,
        ),
    ]
    for family in FAMILIES:
        title = f"{family.title} Cluster"
        rows += [
            dedicated("vmFamily/dedicatedCores", family.name, f"{title} Dedicated vCPUs"),
            usage(
                "vmFamily/lowPriorityCores",
                family.name,
                f"{title} LowPriority vCPUs",
                0,
                NO_LIMIT,
            ),
        ]
    return ArmResponse({"value": rows})


async def list_quotas(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """What is allowed of each family."""
    spec, changed = request.workspace.spec, emulator.control.limits
    base = f"/subscriptions/{spec.subscription_id}/quotas"
    rows = [
        {
            "id": f"{base}/{family.title.replace(' ', '_')}_Cluster_Dedicated_vCPUs",
            "type": f"{PROVIDER}/vmFamily/quotas",
            "amlWorkspaceLocation": spec.location,
            "unit": "Count",
            "limit": machines.limit_of(family.name, changed),
            "name": {
                "value": family.name,
                "localizedValue": f"{family.title} Cluster Dedicated vCPUs",
            },
        }
        for family in FAMILIES
    ]
    return ArmResponse({"value": rows})
