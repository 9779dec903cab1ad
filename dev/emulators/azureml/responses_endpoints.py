"""Answers about online endpoints."""

from __future__ import annotations

import time
from dataclasses import replace

from dev.emulators.azureml import endpoints, operations
from dev.emulators.azureml.emulator import Emulator
from dev.emulators.azureml.exceptions import conflict, gateway_error, inferencing_error
from dev.emulators.azureml.state import TRANSIENT, Endpoint, Operation
from dev.emulators.azureml.wire import ArmRequest, ArmResponse, Json

TOKEN_SECONDS = 43_200
REFRESH_SECONDS = 28_800


def _show(emulator: Emulator, request: ArmRequest, endpoint: Endpoint) -> Json:
    operation = emulator.store.operations[endpoint.operation]
    address = operations.unsigned_address(
        operation, request.workspace.spec, request.origin, request.api_version
    )
    return endpoints.endpoint_body(request.workspace, endpoint, request.origin, address)


def _get(request: ArmRequest) -> Endpoint:
    return endpoints.get_endpoint(request.workspace, request.params["endpoint"])


async def list_endpoints(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """All endpoints of a workspace."""
    found = sorted(request.workspace.endpoints.values(), key=lambda endpoint: endpoint.name)
    wanted = request.query.get("name")
    bodies = [_show(emulator, request, e) for e in found if wanted in (None, e.name)]
    return ArmResponse({"value": bodies})


async def get(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """One endpoint."""
    return ArmResponse(_show(emulator, request, _get(request)))


async def put(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Create an endpoint (201) or update it (200); both go on in the background."""
    check_location(request)
    others = emulator.store.workspaces.values()
    endpoint, is_new = endpoints.put_endpoint(
        request.workspace, others, request.params["endpoint"], request.body, time.time()
    )
    kind = "create" if is_new else "update"
    operation = emulator.lifecycle.begin_endpoint(request.workspace, kind, endpoint)
    body = _show(emulator, request, _get(request))
    headers = operation_headers(request, operation, to_resource=True)
    return ArmResponse(body, 201 if is_new else 200, headers)


async def patch(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Change tags and identity."""
    endpoint = endpoints.patch_endpoint(_get(request), request.body, time.time())
    operation = emulator.lifecycle.begin_endpoint(request.workspace, "patch", endpoint)
    return ArmResponse(None, 202, operation_headers(request, operation))


async def delete(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Delete an endpoint with all its deployments; 204 where there is none."""
    endpoint = request.workspace.endpoints.get(request.params["endpoint"])
    if endpoint is None:
        return ArmResponse(status=204)
    if endpoint.state in TRANSIENT:
        raise conflict()
    leaving = replace(endpoint, state="Deleting")
    operation = emulator.lifecycle.begin_endpoint(request.workspace, "delete", leaving)
    return ArmResponse(None, 202, operation_headers(request, operation))


async def list_keys(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """The keys that callers may use."""
    del emulator
    endpoint = _get(request)
    _check_auth_mode(endpoint, "Key")
    return ArmResponse({"primaryKey": endpoint.primary_key, "secondaryKey": endpoint.secondary_key})


async def token(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """A token for callers of an endpoint whose authMode is AMLToken."""
    del emulator
    endpoint = _get(request)
    _check_auth_mode(endpoint, "AMLToken")
    now = int(time.time())
    return ArmResponse(
        {
            "accessToken": endpoints.access_token(endpoint),
            "expiryTimeUtc": now + TOKEN_SECONDS,
            "refreshAfterTimeUtc": now + REFRESH_SECONDS,
            "tokenType": "Bearer",
        }
    )


async def regenerate_keys(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Replace one of the keys, by the value given or by a new one.

    The SDK sends the key that is to be replaced as the value: that asks for a new one.
    """
    endpoint = _get(request)
    _check_auth_mode(endpoint, "Key")
    if endpoint.state in TRANSIENT:
        raise conflict()
    kind = request.body.get("keyType")
    if kind not in {"Primary", "Secondary"}:
        raise inferencing_error("KeyType", "The keyType must be 'Primary' or 'Secondary'.")
    value = request.body.get("keyValue")
    if not value or value in {endpoint.primary_key, endpoint.secondary_key}:
        value = endpoints.new_key()
    operation = emulator.lifecycle.begin_endpoint(
        request.workspace,
        "keys",
        replace(endpoint, state="Updating"),
        {"primary_key" if kind == "Primary" else "secondary_key": value},
    )
    return ArmResponse(None, 202, operation_headers(request, operation))


def _check_auth_mode(endpoint: Endpoint, wanted: str) -> None:
    mode = endpoint.body["properties"]["authMode"]
    if mode != wanted:
        message = f"Endpoint '{endpoint.name}' has the authMode '{mode}', not '{wanted}'."
        raise inferencing_error("AuthMode", message)


def check_location(request: ArmRequest) -> None:
    """Refuse a tracked resource without a location.

    Raises:
        ArmError: 400, ARM's own.
    """
    if not request.body.get("location"):
        message = "The location property is required for this definition."
        raise gateway_error(400, "LocationRequired", message)


def operation_headers(
    request: ArmRequest, operation: Operation, *, to_resource: bool = False
) -> dict[str, str]:
    """The headers of an answer that starts an operation on the resource of this call.

    Args:
        request: The call.
        operation: What it started.
        to_resource: Whether `Location` is the resource (PUT) or the operation's result.
    """
    spec = request.workspace.spec
    resource = f"{request.origin}{request.path}?api-version={request.api_version}"
    location = resource if to_resource else ""
    return operations.headers(operation, spec, request.origin, request.api_version, location)
