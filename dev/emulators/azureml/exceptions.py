"""ARM's error answers, in the forms that Azure ML was recorded to give.

"Not found" has many bodies, so that only the HTTP status can be relied upon.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from dev.emulators.azureml.wire import arm_time


class ArmError(Exception):
    """An error answer.

    Attributes:
        status: HTTP status.
        code: ARM's error code, or None for an answer without a body.
    """

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str = "",
        *,
        detail: tuple[str, str] | None = None,
        inner: Sequence[str] = (),
        from_gateway: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or code or str(status))
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.inner = inner
        self.from_gateway = from_gateway
        self.headers = dict(headers or {})

    def body(self, location: str) -> dict[str, Any] | None:
        """The answer's JSON; None where Azure answers without a body."""
        if self.code is None:
            return None
        if self.from_gateway:
            return {"error": {"code": self.code, "message": self.message}}
        return {"error": error_object(self.code, self.message, location, self.detail, self.inner)}


def error_object(
    code: str,
    message: str,
    location: str,
    detail: tuple[str, str] | None = None,
    inner: Sequence[str] = (),
) -> dict[str, Any]:
    """The `error` member as Azure ML's management front end writes it."""
    info: list[dict[str, Any]] = [
        _info("ComponentName", "managementfrontend"),
        _info("Correlation", {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]}),
        _info("Environment", location),
        _info("Location", location),
        _info("Time", arm_time()),
    ]
    nested: dict[str, Any] | None = None
    for name in reversed(inner):
        nested = {"code": name, "innerError": nested}
    if nested:
        info.append(_info("InnerError", nested))
    details = []
    if detail:
        details = [{"code": detail[0], "message": detail[1], "details": [], "additionalInfo": []}]
    return {"code": code, "message": message, "details": details, "additionalInfo": info}


def _info(kind: str, value: object) -> dict[str, Any]:
    return {"type": kind, "info": {"value": value}}


def user_error(message: str, *inner: str, status: int = 400) -> ArmError:
    """What the caller did wrong, in the management front end's own checks."""
    return ArmError(status, "UserError", message, inner=inner or ("BadArgument",))


def inferencing_error(field: str, message: str) -> ArmError:
    """A rule of endpoints and deployments that the inferencing service refuses by."""
    detail = ("InferencingClientCallFailed", _problem(field, message))
    return ArmError(400, "BadRequest", "The request is invalid.", detail=detail)


def _problem(field: str, message: str) -> str:
    return json.dumps(
        {
            "errors": {field: [message]},
            "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "traceId": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01",
        }
    )


def deployment_refused(field: str, message: str) -> ArmError:
    """What the inferencing service refuses only when it is to create the deployment: quota."""
    words = f"InferencingClient HttpRequest error, error detail: {_problem(field, message)}"
    detail = ("InferencingClientCreateDeploymentFailed", words)
    return ArmError(400, "BadRequest", "The request is invalid.", detail=detail)


def conflict() -> ArmError:
    """A change of something that another operation is changing, in the words that are reported."""
    return ArmError(409, "UserError", "Already running method")


def endpoint_unsettled(endpoint: str, state: str) -> ArmError:
    """A deployment on an endpoint that is being changed, as it was reported.

    github.com/Azure/azure-sdk-for-net/issues/36961
    """
    message = (
        f"Cannot create a deployment in endpoint {endpoint} because it is in {state} "
        "provisioning state."
    )
    return ArmError(400, "UserError", message)


def not_found(detail_code: str, message: str, *, code: str = "NotFound") -> ArmError:
    """The body with the reason among its details (endpoints: NotFound; models: UserError)."""
    return ArmError(
        404, code, "The specified resource was not found.", detail=(detail_code, message)
    )


def workspace_not_found(name: str, resource_group: str) -> ArmError:
    """ARM's own answer, before Azure ML is asked."""
    message = (
        f"The Resource 'Microsoft.MachineLearningServices/workspaces/{name}' under resource "
        f"group '{resource_group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix"
    )
    return ArmError(
        404,
        "ResourceNotFound",
        message,
        from_gateway=True,
        headers={"x-ms-failure-cause": "gateway"},
    )


def gateway_error(status: int, code: str, message: str, **headers: str) -> ArmError:
    """An answer of ARM itself, without additional information."""
    return ArmError(status, code, message, from_gateway=True, headers=headers)
