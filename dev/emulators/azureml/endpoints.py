"""Rules and bodies of online endpoints.

Sources: the endpoint concept and traffic pages of Azure ML's documentation, and recordings.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.exceptions import ArmError, conflict, inferencing_error, not_found
from dev.emulators.azureml.names import spelled
from dev.emulators.azureml.state import TRANSIENT, Deployment, Endpoint, Workspace
from dev.emulators.azureml.wire import Json, arm_time

NAME = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
NAME_LENGTH = range(3, 33)
AUTH_MODES = frozenset({"Key", "AMLToken", "AADToken"})
MOST_MIRRORED = 50
"""Percent of the live traffic that can be mirrored."""

_KEY_ALPHABET = string.ascii_letters + string.digits
_KEY_LENGTH = 32


def check_name(name: str, what: str) -> None:
    """Refuse a name that Azure does not take.

    Raises:
        ArmError: 400.
    """
    if NAME.fullmatch(name) and len(name) in NAME_LENGTH:
        return
    message = (
        f"{what} name '{name}' is invalid. It must be 3 to 32 characters of letters, digits and "
        "'-', start with a letter and end with a letter or digit."
    )
    raise inferencing_error(f"{what}Name", message)


def get_endpoint(workspace: Workspace, name: str) -> Endpoint:
    """An endpoint by name.

    Raises:
        ArmError: 404 with the recorded body.
    """
    endpoint = workspace.endpoints.get(name)
    if endpoint is None:
        message = f"There is no endpoint with name: {name} in {workspace.spec.name}"
        raise not_found("NoSuchEndpoint", message)
    return endpoint


def is_kubernetes(endpoint: Endpoint) -> bool:
    """Whether an endpoint is on an attached cluster."""
    return bool(endpoint.body["kind"] == "Kubernetes")


def put_endpoint(
    workspace: Workspace, others: Iterable[Workspace], name: str, given: Json, now: float
) -> tuple[Endpoint, bool]:
    """Check what is given and make of it the endpoint as it is to be.

    Without a traffic map the traffic becomes zero, on updates as well.

    Returns:
        The endpoint, and whether it is new.

    Raises:
        ArmError: 400 for what the rules refuse, 409 while it is being changed.
    """
    check_name(name, "Endpoint")
    existing = workspace.endpoints.get(name)
    if existing and existing.state in TRANSIENT:
        raise conflict()
    if existing is None:
        _check_free(workspace, others, name)
    body = _endpoint_body(workspace, given)
    if existing:
        _check_unchanged(existing.body, body)
    keys = (given.get("properties") or {}).get("keys") or {}  # create-only
    endpoint = Endpoint(
        name=name,
        body=body,
        state="Updating" if existing else "Creating",
        created=existing.created if existing else now,
        modified=now,
        primary_key=existing.primary_key if existing else keys.get("primaryKey") or new_key(),
        secondary_key=existing.secondary_key if existing else keys.get("secondaryKey") or new_key(),
        live_traffic=existing.live_traffic if existing else {},
        live_mirror=existing.live_mirror if existing else {},
    )
    _check_traffic(endpoint, workspace.deployments_of(name))
    return endpoint, existing is None


def _check_free(workspace: Workspace, others: Iterable[Workspace], name: str) -> None:
    region = workspace.spec.location
    for other in others:
        if other.spec.location == region and spelled(name, other.endpoints) in other.endpoints:
            message = (
                "There is already an endpoint with this name, Endpoint name needs to be unique "
                "within a region. Try some other name."
            )
            raise inferencing_error("", message)


def _endpoint_body(workspace: Workspace, given: Json) -> Json:
    properties = given.get("properties") or {}
    mode = properties.get("authMode")
    if mode not in AUTH_MODES:
        raise inferencing_error("AuthMode", f"The authMode '{mode}' is not supported.")
    compute = properties.get("compute")
    if compute and compute.rpartition("/")[2] not in workspace.spec.computes:
        raise ArmError(404, "UserError", f"Could not find the compute '{compute}'.")
    return {
        "location": given["location"],
        "kind": "Kubernetes" if compute else "Managed",
        "tags": given.get("tags") or {},
        "identity": given.get("identity") or {"type": "SystemAssigned"},
        "properties": {
            "description": properties.get("description"),
            "properties": properties.get("properties") or {},
            "authMode": mode,
            "compute": compute,
            "traffic": properties.get("traffic") or {},
            "mirrorTraffic": properties.get("mirrorTraffic") or {},
            "publicNetworkAccess": properties.get("publicNetworkAccess") or "Enabled",
        },
    }


def _check_unchanged(before: Json, after: Json) -> None:
    for name in ("authMode", "compute"):
        if before["properties"][name] != after["properties"][name]:
            raise inferencing_error(name, f"'{name}' cannot be changed after creation.")


def _check_traffic(endpoint: Endpoint, deployments: list[Deployment]) -> None:
    traffic: Mapping[str, int] = endpoint.body["properties"]["traffic"]
    mirror: Mapping[str, int] = endpoint.body["properties"]["mirrorTraffic"]
    if not isinstance(traffic, dict) or not isinstance(mirror, dict):
        raise inferencing_error("Traffic", "A traffic map must name deployments with their share.")
    states = {deployment.name: deployment.state for deployment in deployments}
    for name, percent in [*traffic.items(), *mirror.items()]:
        _check_share(endpoint.name, name, percent, states)
    if sum(traffic.values()) not in {0, 100}:
        raise inferencing_error("Traffic", "The traffic of all deployments must sum to 0 or 100.")
    mirrored = {name for name, percent in mirror.items() if percent}
    if not mirrored:
        return
    if is_kubernetes(endpoint):
        message = "Mirrored traffic is not supported by Kubernetes endpoints."
        raise inferencing_error("MirrorTraffic", message)
    if len(mirrored) > 1 or sum(mirror.values()) > MOST_MIRRORED:
        message = f"Only one deployment can be given mirrored traffic, at most {MOST_MIRRORED}%."
        raise inferencing_error("MirrorTraffic", message)
    if any(traffic.get(name) for name in mirrored):
        message = "A deployment cannot have live traffic and mirrored traffic at once."
        raise inferencing_error("MirrorTraffic", message)


def _check_share(endpoint: str, name: str, percent: object, states: Mapping[str, str]) -> None:
    if not isinstance(percent, int) or not 0 <= percent <= 100:
        raise inferencing_error("Traffic", f"The traffic of '{name}' must be from 0 to 100.")
    if name not in states:
        message = f"Deployment '{name}' in the traffic map does not exist in '{endpoint}'."
        raise inferencing_error("Traffic", message)
    if percent and states[name] != "Succeeded":
        message = f"Deployment '{name}' is {states[name]}: traffic needs one that is Succeeded."
        raise inferencing_error("Traffic", message)


def patch_endpoint(endpoint: Endpoint, given: Json, now: float) -> Endpoint:
    """Change tags and identity, which is all that PATCH takes.

    Raises:
        ArmError: 409 while it is being changed.
    """
    if endpoint.state in TRANSIENT:
        raise conflict()
    allowed = {key: given[key] for key in ("tags", "identity") if given.get(key) is not None}
    return replace(endpoint, body=endpoint.body | allowed, state="Updating", modified=now)


def has_traffic(endpoint: Endpoint, deployment: str) -> bool:
    """Whether requests go to a deployment now, or will when an update has ended."""
    properties = endpoint.body["properties"]
    maps = (
        endpoint.live_traffic,
        endpoint.live_mirror,
        properties["traffic"],
        properties["mirrorTraffic"],
    )
    return any(shares.get(deployment) for shares in maps)


def without_deployment(endpoint: Endpoint, deployment: str) -> Endpoint:
    """An endpoint whose traffic no longer names a deployment that was deleted, at zero."""

    def left(shares: Mapping[str, int]) -> dict[str, int]:
        return {name: percent for name, percent in shares.items() if name != deployment}

    properties = endpoint.body["properties"]
    maps = {name: left(properties[name]) for name in ("traffic", "mirrorTraffic")}
    return replace(
        endpoint,
        body=endpoint.body | {"properties": properties | maps},
        live_traffic=left(endpoint.live_traffic),
        live_mirror=left(endpoint.live_mirror),
    )


def new_key() -> str:
    """A key for callers of an endpoint."""
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(_KEY_LENGTH))


def access_token(endpoint: Endpoint) -> str:
    """The token of an endpoint whose authMode is AMLToken."""
    return hashlib.sha256(f"token:{endpoint.primary_key}".encode()).hexdigest()


def auth_keys(endpoint: Endpoint) -> tuple[str, ...]:
    """What callers may authenticate with."""
    if endpoint.body["properties"]["authMode"] == "Key":
        return endpoint.primary_key, endpoint.secondary_key
    return (access_token(endpoint),)


def endpoint_body(workspace: Workspace, endpoint: Endpoint, origin: str, operation: str) -> Json:
    """An endpoint as ARM shows it; its addresses are null until it exists.

    Args:
        workspace: Where it is.
        endpoint: The endpoint.
        origin: Scheme and authority that scoring is reached by.
        operation: The unsigned address of its last operation.
    """
    spec = workspace.spec
    arm_id = f"{spec.arm_id}/onlineEndpoints/{endpoint.name}"
    base = f"{origin}/endpoints/{spec.location}/{endpoint.name}"
    exists = endpoint.state != "Creating"
    properties = dict(endpoint.body["properties"])
    properties["properties"] = properties["properties"] | {
        "azureml.onlineendpointid": arm_id.lower(),
        "AzureAsyncOperationUri": operation,
    }
    properties["scoringUri"] = f"{base}/score" if exists else None
    properties["swaggerUri"] = f"{base}/swagger.json" if exists else None
    properties["provisioningState"] = endpoint.state
    return {
        "id": arm_id,
        "name": endpoint.name,
        "type": f"{PROVIDER}/workspaces/onlineEndpoints",
        "properties": properties,
        "systemData": {
            "createdAt": arm_time(endpoint.created),
            "createdBy": "Azure ML emulator",
            "lastModifiedAt": arm_time(endpoint.modified),
        },
        "tags": endpoint.body["tags"],
        "location": endpoint.body["location"],
        "kind": endpoint.body["kind"],
        "identity": endpoint.body["identity"]
        | {"principalId": spec.workspace_id, "tenantId": spec.workspace_id},
    }
