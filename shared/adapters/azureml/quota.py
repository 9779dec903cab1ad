"""Whether there is quota for a managed deployment, as far as ARM tells.

Azure ML has vCPUs of its own for each region of a subscription: for every family of machines, for
all together, and maybe for a workspace ("Manage and increase quotas and limits for resources with
Azure Machine Learning", learn.microsoft.com/azure/machine-learning/how-to-manage-quotas).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.adapters.azureml.arm import Arm, Listing
from shared.domain.errors import Failure
from shared.domain.evidence import QUOTA, Check
from shared.domain.pipeline import ManagedCompute, Workspace

SPARED = frozenset(
    {
        "standard_nc24ads_a100_v4",
        "standard_nc48ads_a100_v4",
        "standard_nc96ads_a100_v4",
        "standard_nc40ads_h100_v5",
        "standard_nc80adis_h100_v5",
        "standard_nd96amsr_a100_v4",
        "standard_nd96asr_v4",
        "standard_nd40rs_v2",
        "standard_nd96is_h100_v5",
        "standard_nd96isr_h100_v5",
    }
)
"""Sizes without a reserve for upgrades ("Managed online endpoints SKU list", October 2025)."""

NO_LIMIT = -1
"""A limit that leaves it to the limit of all families together."""

TOTAL = frozenset({"totaldedicatedcores", "totalclusterdedicatedregionalvcpus"})
"""The row of all families: as Azure names it, and as the published examples do."""

FAMILY_SUFFIX = "clusterdedicatedvcpus"
"""What the published examples write after a family's name."""


@dataclass(frozen=True, slots=True)
class _Room:
    """What is left of one limit."""

    title: str
    limit: int
    current: int

    @property
    def free(self) -> int:
        return max(self.limit - self.current, 0)


def cores_needed(compute: ManagedCompute, cores: int) -> int:
    """The vCPUs of quota that a new deployment needs.

    `ceil(1.2 * instances) * cores`: Azure holds a fifth more for upgrades of most sizes ("Virtual
    machine quota allocation for deployment", same page).
    """
    instances = compute.instance_count
    has_reserve = compute.instance_type.casefold() not in SPARED
    return (-(-instances * 6 // 5) if has_reserve else instances) * cores


def look_at_quota(arm: Arm, workspace: Workspace, compute: ManagedCompute, location: str) -> Check:
    """Whether a new deployment of `compute` fits beside all that runs now.

    Raises:
        StepError: Azure does not answer.
    """
    name = f"{QUOTA} in {location}"
    sizes = _list(arm, workspace, location, "vmSizes")
    usages = _list(arm, workspace, location, "usages") if sizes.refusal is None else sizes
    refusal = sizes.refusal or usages.refusal
    if refusal is not None:
        return Check(name, None, _not_told(location, refusal))
    size = _named(sizes.items, compute.instance_type)
    if size is None or not isinstance(size.get("vCPUs"), int):
        words = f"Azure ML does not list {compute.instance_type} in {location}, so it is not known "
        return Check(
            name, None, f"{words}whether there is quota for it. See that the size is right."
        )
    return _judged(name, compute, size, list(usages.items), workspace)


def _list(arm: Arm, workspace: Workspace, location: str, kind: str) -> Listing:
    path = (
        f"/subscriptions/{workspace.subscription_id}/providers/Microsoft.MachineLearningServices"
        f"/locations/{location}/{kind}"
    )
    return arm.list(path, what=f"Quota ({kind}) in {location}", workspace=workspace)


def _not_told(location: str, refusal: Failure) -> str:
    return (
        f"Azure does not tell this app what quota there is in {location} ({refusal.code}). No role "
        "on a workspace lets it ask: to have it looked at, give its identity the role Reader on "
        "the subscription."
    )


def _named(sizes: Iterable[Mapping[str, Any]], instance_type: str) -> Mapping[str, Any] | None:
    wanted = instance_type.casefold()
    return next((each for each in sizes if str(each.get("name")).casefold() == wanted), None)


def _judged(
    name: str,
    compute: ManagedCompute,
    size: Mapping[str, Any],
    usages: list[Mapping[str, Any]],
    workspace: Workspace,
) -> Check:
    needed, family = cores_needed(compute, int(size["vCPUs"])), _key(str(size.get("family") or ""))
    families = {family, family + FAMILY_SUFFIX}
    rooms = list(_rooms(usages, families, workspace))
    tight = min(rooms, key=lambda room: room.free, default=None)
    asked = (
        f"{compute.instance_count} x {compute.instance_type} need {needed} vCPUs, with those that "
        "Azure holds for upgrades"
    )
    if tight is not None and tight.free < needed:
        words = (
            f"{asked}, and {tight.free} of {tight.limit} are free ({tight.title}). Ask for more "
            "quota, or for fewer or smaller instances in the pipeline."
        )
        return Check(name, False, words)
    if tight is None or not any(_is_of(row, families) for row in usages):
        words = f"{asked}. Azure does not tell how many are free of {size.get('family')}."
        return Check(name, None, words)
    return Check(name, True, f"{asked}; {tight.free} are free ({tight.title}).")


def _rooms(
    usages: Iterable[Mapping[str, Any]], family: set[str], workspace: Workspace
) -> Iterator[_Room]:
    """What is left of every limit that a deployment in the workspace must keep to."""
    here = f"{workspace.arm_id}/".casefold()
    for row in usages:
        id_ = str(row.get("id") or "").casefold()
        of_workspace = id_.startswith(here) and "/computes/" not in id_
        if "/workspaces/" in id_ and not of_workspace:
            continue
        if not _is_of(row, family) and not _is_of(row, TOTAL):
            continue
        limit, current = row.get("limit"), row.get("currentValue")
        # a subscription without an offer for machines has no current value
        if isinstance(limit, int) and isinstance(current, int) and limit != NO_LIMIT:
            yield _Room(_title(row), limit, current)


def _is_of(row: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether a row is the dedicated one of that name; there is one of low priority, too."""
    if "lowpriority" in str(row.get("type")).casefold():
        return False
    name = row.get("name")
    return isinstance(name, dict) and _key(str(name.get("value") or "")) in names


def _title(row: Mapping[str, Any]) -> str:
    name = row["name"]
    return str(name.get("localizedValue") or name["value"])


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
