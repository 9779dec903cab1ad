"""Long-running operations as the management front end shows them.

The address of an operation carries some 2.6 kB of signed query that must come back as it was given;
without it ARM refuses the call. There is no ``Retry-After``.
"""

from __future__ import annotations

import base64
import hashlib
import uuid

from dev.emulators.azureml.config import PROVIDER, WorkspaceSpec
from dev.emulators.azureml.exceptions import gateway_error
from dev.emulators.azureml.state import Operation
from dev.emulators.azureml.wire import Json, arm_time

RUNNING_END_TIME = "0001-01-01T00:00:00+00:00"
"""The ``endTime`` of an operation that has not ended."""

_SIGNED_BYTES = (1900, 256, 32)
"""Certificate, signature and hash: as long as the recorded ones."""

_UNIX_EPOCH_TICKS = 621_355_968_000_000_000
_TICKS_PER_SECOND = 10_000_000


def new_operation(
    spec: WorkspaceSpec,
    kind: str,
    *,
    endpoint: str,
    deployment: str = "",
    started: float,
    seconds: float,
) -> Operation:
    """An operation that is to last `seconds`."""
    prefix = "odidp" if deployment else "oeidp"
    return Operation(
        name=f"{prefix}:{spec.workspace_id}:{uuid.uuid4()}",
        workspace=spec.arm_id.lower(),
        kind=kind,
        endpoint=endpoint,
        deployment=deployment,
        started=started,
        due=started + seconds,
    )


def signed_query(operation: Operation) -> str:
    """Time, certificate, signature and hash, the same whenever they are asked for."""
    ticks = _UNIX_EPOCH_TICKS + int(operation.started * _TICKS_PER_SECOND)
    stream = hashlib.shake_256(operation.name.encode()).digest(sum(_SIGNED_BYTES))
    certificate, signature, digest = (
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (
            stream[: _SIGNED_BYTES[0]],
            stream[_SIGNED_BYTES[0] : -_SIGNED_BYTES[2]],
            stream[-_SIGNED_BYTES[2] :],
        )
    )
    return f"t={ticks}&c=MII{certificate}&s={signature}&h={digest}"


def operation_path(operation: Operation, spec: WorkspaceSpec, kind: str = "Status") -> str:
    """The ARM id of an operation's status, or of its result with kind ``Results``."""
    folder = "mfeOperationsStatus" if kind == "Status" else "mfeOperationResults"
    return (
        f"/subscriptions/{spec.subscription_id}/providers/{PROVIDER}"
        f"/locations/{spec.location}/{folder}/{operation.name}"
    )


def headers(
    operation: Operation, spec: WorkspaceSpec, origin: str, api_version: str, location: str = ""
) -> dict[str, str]:
    """The headers of an answer that starts an operation.

    Args:
        operation: What was started.
        spec: Its workspace.
        origin: Scheme and authority of the caller's address.
        api_version: The version the caller asked for.
        location: The resource's address; the operation's result where it is going away.
    """
    query = f"?api-version={api_version}&{signed_query(operation)}"
    result = origin + operation_path(operation, spec, "Results") + query
    return {
        "Azure-AsyncOperation": origin + operation_path(operation, spec) + query,
        "Location": location or result,
        "x-ms-async-operation-timeout": "PT30M",
    }


def unsigned_address(operation: Operation, spec: WorkspaceSpec, origin: str, version: str) -> str:
    """The address as resources' `AzureAsyncOperationUri` shows it: it cannot be called."""
    return f"{origin}{operation_path(operation, spec)}?api-version={version}"


def check_signature(operation: Operation, target: str) -> None:
    """Refuse a call whose query is not the one that was given.

    Raises:
        ArmError: 401 without a signature, 403 with a wrong one.
    """
    _, _, query = target.partition("?")
    _, _, signed = query.partition("&")
    if signed == signed_query(operation):
        return
    if not signed:
        message = "The request for the asynchronous operation's status carries no signature."
        raise gateway_error(401, "AuthenticationFailed", message)
    message = "The signature of the asynchronous operation's address is not valid."
    raise gateway_error(403, "AuthorizationFailed", message)


def status_body(operation: Operation, spec: WorkspaceSpec) -> Json:
    """What a poll answers; a failure is HTTP 200 as well.

    Creations and deletions of endpoints and deployments were recorded as ``Updating`` too.
    """
    body: Json = {
        "id": operation_path(operation, spec),
        "name": operation.name,
        "startTime": arm_time(operation.started),
    }
    if not operation.ended:
        return body | {"endTime": RUNNING_END_TIME, "percentComplete": 0.0, "status": "Updating"}
    body |= {"endTime": arm_time(operation.ended), "percentComplete": 100.0}
    if operation.error:
        return {"error": operation.error} | body | {"status": "Failed"}
    return body | {"status": "Succeeded"}
