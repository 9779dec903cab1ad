"""Answers about online deployments."""

from __future__ import annotations

import time
from dataclasses import replace

from dev.emulators.azureml import deployments, endpoints, machines, operations
from dev.emulators.azureml.emulator import Emulator
from dev.emulators.azureml.responses_endpoints import check_location, operation_headers
from dev.emulators.azureml.state import Deployment
from dev.emulators.azureml.wire import ArmRequest, ArmResponse, Json

DEFAULT_TAIL = 100


def _show(emulator: Emulator, request: ArmRequest, deployment: Deployment) -> Json:
    operation = emulator.store.operations[deployment.operation]
    address = operations.unsigned_address(
        operation, request.workspace.spec, request.origin, request.api_version
    )
    return deployments.deployment_body(request.workspace, deployment, address, request.api_version)


def _get(request: ArmRequest) -> Deployment:
    """The deployment that is asked for; a missing endpoint has its own 404."""
    endpoint = endpoints.get_endpoint(request.workspace, request.params["endpoint"])
    return deployments.get_deployment(
        request.workspace, endpoint.name, request.params["deployment"]
    )


def _check_quota(emulator: Emulator, request: ArmRequest, deployment: Deployment) -> None:
    machines.check_quota(
        emulator.store.workspaces.values(),
        request.workspace,
        deployment,
        emulator.control.limits,
    )


async def list_deployments(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """All deployments of an endpoint."""
    endpoint = endpoints.get_endpoint(request.workspace, request.params["endpoint"])
    found = request.workspace.deployments_of(endpoint.name)
    return ArmResponse({"value": [_show(emulator, request, d) for d in found]})


async def get(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """One deployment."""
    return ArmResponse(_show(emulator, request, _get(request)))


async def put(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Create a deployment (201) or update it (200); both go on in the background."""
    endpoint = endpoints.get_endpoint(request.workspace, request.params["endpoint"])
    check_location(request)
    deployment, is_new = deployments.put_deployment(
        request.workspace, endpoint, request.params["deployment"], request.body, time.time()
    )
    _check_quota(emulator, request, deployment)
    kind = "create" if is_new else "update"
    operation = emulator.lifecycle.begin_deployment(request.workspace, kind, deployment)
    body = _show(emulator, request, _get(request))
    headers = operation_headers(request, operation, to_resource=True)
    return ArmResponse(body, 201 if is_new else 200, headers)


async def patch(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Change tags and the number of instances."""
    deployment = deployments.patch_deployment(_get(request), request.body, time.time())
    _check_quota(emulator, request, deployment)
    operation = emulator.lifecycle.begin_deployment(request.workspace, "patch", deployment)
    return ArmResponse(None, 202, operation_headers(request, operation))


async def delete(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """Delete a deployment that has no traffic; 204 where there is none."""
    workspace, params = request.workspace, request.params
    endpoint = workspace.endpoints.get(params["endpoint"])
    deployment = workspace.deployments.get((params["endpoint"], params["deployment"]))
    if endpoint is None or deployment is None:
        return ArmResponse(status=204)
    deployments.check_deletable(endpoint, deployment)
    leaving = replace(deployment, state="Deleting")
    operation = emulator.lifecycle.begin_deployment(workspace, "delete", leaving)
    return ArmResponse(None, 202, operation_headers(request, operation))


async def get_logs(emulator: Emulator, request: ArmRequest) -> ArmResponse:
    """The last lines of the inference server, or of the storage initialiser.

    A container that never started has written nothing: then only the other one's log says why.
    """
    deployment = _get(request)
    tail = int(request.body.get("tail") or DEFAULT_TAIL)
    if request.body.get("containerType") == "StorageInitializer":
        content = deployment.storage_log
    else:
        key = (request.workspace.spec.arm_id.lower(), *deployment.key)
        content = deployment.server_log or emulator.fleet.logs(key, tail)
    return ArmResponse({"content": "\n".join(content.splitlines()[-tail:])})
