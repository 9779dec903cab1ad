"""Sizes of machines, and the cores that managed deployments take of a region's quota.

Sources: "Managed online endpoints SKU list" (sizes, families, cores, which are spared the reserve)
and "Virtual machine quota allocation for deployment" (the reserve) on learn.microsoft.com; the
refusal as users have reported it. Whether the reserve counts in `currentValue` is not documented:
here it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dev.emulators.azureml.exceptions import deployment_refused, inferencing_error
from dev.emulators.azureml.state import Deployment, Workspace
from dev.emulators.azureml.wire import Json

TOTAL = "TotalDedicatedCores"
"""The quota of all families together."""

NO_LIMIT = -1


@dataclass(frozen=True)
class Size:
    """A size of machines."""

    name: str
    family: str
    cores: int
    memory_gb: float
    disk_mb: int
    """The temporary disk."""
    gpus: int = 0
    has_reserve: bool = True


@dataclass(frozen=True)
class Family:
    """A family of sizes, which has a quota of its own."""

    name: str
    title: str
    limit: int
    """Cores, unless the control prefix says otherwise."""


FAMILIES = (
    Family("standardDSv2Family", "Standard DSv2 Family", 1000),
    Family("standardDASv4Family", "Standard DASv4 Family", 1000),
    Family("standardESv3Family", "Standard ESv3 Family", 1000),
    Family("standardFSv2Family", "Standard FSv2 Family", 1000),
    Family("standardNCADSA100v4Family", "Standard NCADSA100v4 Family", 0),
)
TOTAL_LIMIT = 1000

SIZES = (
    Size("Standard_DS1_v2", "standardDSv2Family", 1, 3.5, 7168),
    Size("Standard_DS2_v2", "standardDSv2Family", 2, 7.0, 14336),
    Size("Standard_DS3_v2", "standardDSv2Family", 4, 14.0, 28672),
    Size("Standard_DS4_v2", "standardDSv2Family", 8, 28.0, 57344),
    Size("Standard_DS5_v2", "standardDSv2Family", 16, 56.0, 114688),
    Size("Standard_D2as_v4", "standardDASv4Family", 2, 8.0, 16384),
    Size("Standard_D4as_v4", "standardDASv4Family", 4, 16.0, 32768),
    Size("Standard_E2s_v3", "standardESv3Family", 2, 16.0, 32768),
    Size("Standard_E4s_v3", "standardESv3Family", 4, 32.0, 65536),
    Size("Standard_F2s_v2", "standardFSv2Family", 2, 4.0, 16384),
    Size("Standard_F4s_v2", "standardFSv2Family", 4, 8.0, 32768),
    Size("Standard_F8s_v2", "standardFSv2Family", 8, 16.0, 65536),
    Size(
        "Standard_NC24ads_A100_v4",
        "standardNCADSA100v4Family",
        24,
        220.0,
        65536,
        gpus=1,
        has_reserve=False,
    ),
)
_BY_NAME = {size.name.lower(): size for size in SIZES}


def size_of(name: str) -> Size:
    """A size by its name in any case.

    Raises:
        ArmError: 400 for one that managed endpoints do not have.
    """
    size = _BY_NAME.get(name.lower())
    if size is None:
        message = f"The instance type '{name}' is not supported for managed online deployments."
        raise inferencing_error("InstanceType", message)
    return size


def cores(body: Json) -> int:
    """Cores of quota that a deployment takes, with its reserve; none on a cluster."""
    properties = body["properties"]
    if properties["endpointComputeType"] == "Kubernetes":
        return 0
    size = size_of(properties["instanceType"])
    instances: int = body["sku"]["capacity"]
    # a fifth more, for upgrades: ceil(1.2 * instances), in whole numbers
    held = -(-instances * 6 // 5) if size.has_reserve else instances
    return held * size.cores


def used(workspaces: Iterable[Workspace], subscription: str, location: str) -> Counter[str]:
    """Cores in use by family, and of all together, in one region of one subscription."""
    found: Counter[str] = Counter()
    for workspace in workspaces:
        spec = workspace.spec
        if (spec.subscription_id.lower(), spec.location) != (subscription.lower(), location):
            continue
        for deployment in workspace.deployments.values():
            taken = cores(deployment.body)
            if taken:
                found[size_of(deployment.body["properties"]["instanceType"]).family] += taken
                found[TOTAL] += taken
    return found


def limit_of(name: str, changed: Mapping[str, int]) -> int:
    """The quota of a family or of all together."""
    defaults = {family.name: family.limit for family in FAMILIES} | {TOTAL: TOTAL_LIMIT}
    return changed.get(name, defaults[name])


def check_quota(
    workspaces: Iterable[Workspace],
    workspace: Workspace,
    deployment: Deployment,
    changed: Mapping[str, int],
) -> None:
    """Refuse a deployment, new or updated, for which there are not enough cores.

    Raises:
        ArmError: 400, in the words that users know.
    """
    spec = workspace.spec
    existing = workspace.deployments.get(deployment.key)
    more = cores(deployment.body) - (cores(existing.body) if existing else 0)
    if more <= 0:
        return
    size = size_of(deployment.body["properties"]["instanceType"])
    now = used(workspaces, spec.subscription_id, spec.location)
    for name in (size.family, TOTAL):
        limit = limit_of(name, changed)
        if limit == NO_LIMIT or now[name] + more <= limit:
            continue
        message = (
            f"Not enough quota available for {size.name} in SubscriptionId "
            f"{spec.subscription_id}. Current usage/limit: {now[name]}/{limit}. Additional needed: "
            f"{more} Please see troubleshooting guide, available here: "
            "https://aka.ms/oe-tsg#error-outofquota"
        )
        raise deployment_refused("VmSize", message)
