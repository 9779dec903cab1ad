"""What this app must be allowed to do in a workspace, and whether it is.

Operations are named in "Azure permissions for AI + machine learning"
(learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning), one for each
call that the adapters make: ARM derives it from the call's resource type and method, so a model
version's PUT is `models/versions/write`. How roles grant them is in "Understand Azure role
definitions" (`actions` without `notActions` of the same role; `*`; case does not count).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.adapters.azureml.arm import Arm
from shared.adapters.azureml.failures import ROLE
from shared.domain.evidence import Check
from shared.domain.pipeline import KubernetesCompute, Stage

VERSION = "2022-04-01"
"""Of Microsoft.Authorization, "Permissions - List For Resource"."""

SCOPE = "Microsoft.MachineLearningServices/workspaces"

ALWAYS = (
    "read",
    "models/versions/read",
    "datastores/read",
    "onlineEndpoints/read",
    "onlineEndpoints/write",
    "onlineEndpoints/listKeys/action",
    "onlineEndpoints/deployments/read",
    "onlineEndpoints/deployments/write",
    "onlineEndpoints/deployments/delete",
    "onlineEndpoints/deployments/getLogs/action",
)
"""Below `SCOPE`, like all that follow."""

COPY = ("models/versions/write",)
KEYS = ("datastores/listSecrets/action",)
CODE = (
    "codes/versions/read",
    "codes/versions/write",
    "codes/versions/startPendingUpload/action",
)
"""The last one is not on the page; it is named as ARM names every POST."""

ENVIRONMENT = ("environments/versions/read", "environments/versions/write")
CLUSTER = ("computes/read",)

SHOWN = 6


def needed(stage: Stage, *, copies: bool, opens_with_keys: bool) -> list[str]:
    """The operations that a release needs in the stage's workspace, below `SCOPE`.

    Args:
        stage: The stage.
        copies: Whether the model is registered there.
        opens_with_keys: Whether storage is opened with the datastore's key.
    """
    has_own_environment = stage.environment is not None and stage.environment.reference is None
    groups = (
        (ALWAYS, True),
        (COPY, copies),
        (KEYS, opens_with_keys),
        (CODE, stage.code is not None),
        (ENVIRONMENT, has_own_environment),
        (CLUSTER, isinstance(stage.compute, KubernetesCompute)),
    )
    return [operation for group, is_needed in groups if is_needed for operation in group]


def is_granted(roles: Iterable[Mapping[str, Any]], operation: str) -> bool:
    """Whether any of the roles, as ARM lists them, grants an operation."""
    return any(
        _any_matches(role.get("actions"), operation)
        and not _any_matches(role.get("notActions"), operation)
        for role in roles
    )


def look_at_permissions(arm: Arm, stage: Stage, operations: Iterable[str]) -> Check:
    """Whether this app's identity may do all of `operations` in the stage's workspace.

    Azure lists what roles grant; deny assignments do not show.

    Raises:
        StepError: Azure does not answer.
    """
    workspace = stage.workspace
    name = f"Permissions in {workspace.name}"
    roles = arm.list(
        f"{workspace.arm_id}/providers/Microsoft.Authorization/permissions",
        what=f"Permissions in workspace {workspace.name}",
        workspace=workspace,
        version=VERSION,
    )
    if roles.refusal is not None:
        words = (
            f"Azure does not tell this app what it may do in workspace {workspace.name} "
            f"({roles.refusal.code}). It needs the role {ROLE} there; to have that looked at, it "
            "needs Microsoft.Authorization/permissions/read, too."
        )
        return Check(name, None, words)
    asked = list(operations)
    missing = [each for each in asked if not is_granted(roles.items, f"{SCOPE}/{each}")]
    if not missing:
        words = f"This app may do all that it needs in workspace {workspace.name}: "
        return Check(name, True, f"{words}{len(asked)} operations.")
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    words = (
        f"This app may not do in workspace {workspace.name} what the release needs: "
        f"{', '.join(missing[:SHOWN])}{more} (of {SCOPE}). Give its identity the role {ROLE} on "
        "this workspace."
    )
    return Check(name, False, words)


def _any_matches(patterns: object, operation: str) -> bool:
    """Whether any of a role's patterns matches; what is no list of texts has none."""
    texts = (
        [each for each in patterns if isinstance(each, str)] if isinstance(patterns, list) else []
    )
    return any(_pattern(each).fullmatch(operation.casefold()) for each in texts)


def _pattern(text: str) -> re.Pattern[str]:
    """A wildcard stands for anything; between two slashes for no segment, too.

    So the built-in roles are meant: `workspaces/*/read` lets open the workspace itself, and
    `computes/*/write` among the `notActions` keeps from creating computes.
    """
    pieces = [
        ".*".join(re.escape(piece) for piece in between.split("*"))
        for between in text.casefold().split("/*/")
    ]
    return re.compile("/(?:.*/)?".join(pieces))
