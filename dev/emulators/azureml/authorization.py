"""Who may do what: role assignments, as Azure's role-based access control weighs them.

Sources: "Understand Azure role definitions" (wildcards, `notActions` of the same role only, case)
and "Azure built-in roles for AI + machine learning" on learn.microsoft.com; the words of a refusal
are recorded. Every caller has the same roles here, whatever its token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.exceptions import gateway_error
from dev.emulators.azureml.wire import ArmRequest, Json

CLIENT = "66666666-7777-8888-9999-000000000000"
"""The object id of the identity that calls."""

_UNCHECKED = ("/mfeoperationsstatus/", "/mfeoperationresults/", "/microsoft.authorization/")
"""Operations carry a signature of their own; and everybody may ask for the own permissions."""

_VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


@dataclass(frozen=True)
class Permission:
    """What one role grants: `actions` without its own `not_actions`."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def grants(self, operation: str) -> bool:
        """Whether the role allows an operation."""
        return _any_matches(self.actions, operation) and not _any_matches(
            self.not_actions, operation
        )

    def to_json(self) -> Json:
        """As `Permissions - List For Resource` answers (2022-04-01)."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": [],
            "notDataActions": [],
        }

    @classmethod
    def from_json(cls, raw: Json) -> Permission:
        """The inverse of `to_json`; lists that are left out are empty."""
        return cls(tuple(map(str, raw["actions"])), tuple(map(str, raw.get("notActions", ()))))


DATA_SCIENTIST = Permission(
    actions=tuple(
        f"{PROVIDER}/workspaces/*/{verb}" for verb in ("read", "action", "delete", "write")
    ),
    not_actions=tuple(
        f"{PROVIDER}/workspaces/{rest}"
        for rest in (
            "delete",
            "write",
            "computes/*/write",
            "computes/*/delete",
            "computes/listKeys/action",
            "listKeys/action",
            "hubs/write",
            "hubs/delete",
            "featurestores/write",
            "featurestores/delete",
        )
    ),
)
"""The built-in role AzureML Data Scientist (f6c7c914-8db3-469d-8ca1-694a8f32e121)."""

LOCATIONS_READER = Permission(actions=(f"{PROVIDER}/locations/*/read",))
"""A custom role on the subscription, where sizes and usages are: no workspace's role has them."""


class RoleAssignments:
    """What is granted, by scope: a workspace's name, or the empty name for its subscription."""

    def __init__(self) -> None:
        self._granted: dict[str, tuple[Permission, ...]] = {}

    def clear(self) -> None:
        """Go back to AzureML Data Scientist on every workspace, and reading of locations."""
        self._granted.clear()

    def at(self, scope: str) -> tuple[Permission, ...]:
        """What is granted at a scope, with what its subscription hands down."""
        return (*self._own(scope), *self._own("")) if scope else self._own("")

    def grant(self, scope: str, permissions: Iterable[Permission]) -> None:
        """Let this be all that is granted at a scope itself."""
        self._granted[scope.lower()] = tuple(permissions)

    def take(self, scope: str, operations: Iterable[str]) -> None:
        """Take operations away from every role that is granted at a scope itself."""
        less = tuple(operations)
        roles = self._own(scope)
        self.grant(scope, [replace(r, not_actions=(*r.not_actions, *less)) for r in roles])

    def _own(self, scope: str) -> tuple[Permission, ...]:
        default = DATA_SCIENTIST if scope else LOCATIONS_READER
        return self._granted.get(scope.lower(), (default,))


def operation_of(method: str, path: str) -> str:
    """The operation that a call needs: its resource type, with what is done to it.

    The path is below ``/providers/Microsoft.MachineLearningServices/``, with a name after every
    type but the last of a list or of an action.
    """
    below = re.split(f"/providers/{re.escape(PROVIDER)}/", path, flags=re.IGNORECASE)[-1]
    types = "/".join(below.strip("/").split("/")[::2])
    return f"{PROVIDER}/{types}/{_VERBS.get(method, 'action')}"


def check(assignments: RoleAssignments, request: ArmRequest) -> None:
    """Refuse a call that no role grants.

    Raises:
        ArmError: 403, ARM's own.
    """
    path = request.path
    if any(part in path.lower() for part in _UNCHECKED):
        return
    scope = "" if "location" in request.params else request.workspace.spec.name
    operation = operation_of(request.method, path)
    if any(permission.grants(operation) for permission in assignments.at(scope)):
        return
    message = (
        f"The client '{request.user}' with object id '{CLIENT}' does not have authorization to "
        f"perform action '{operation}' over scope '{path}' or the scope is invalid. If access was "
        "recently granted, please refresh your credentials."
    )
    raise gateway_error(403, "AuthorizationFailed", message, **{"x-ms-failure-cause": "gateway"})


def _any_matches(patterns: Iterable[str], operation: str) -> bool:
    return any(re.fullmatch(_expression(pattern), operation, re.IGNORECASE) for pattern in patterns)


def _expression(pattern: str) -> str:
    """A role's pattern: a wildcard between slashes stands for no segment, too.

    Otherwise ``workspaces/*/read`` would not let anybody open a workspace, nor
    ``computes/*/write`` keep anybody from creating a compute, which is what it is there for
    ("Manage access to Azure Machine Learning workspaces", example custom roles).
    """
    escaped = re.escape(pattern).replace(r"/\*/", "/(?:.*/)?")
    return escaped.replace(r"\*", ".*")
