"""Error answers that tests choose by name: what Azure was seen or is documented to say.

A fault's `{"path": …, "answer": NAME}` gives the status and the body of one. `{name}` in the words
is the last segment of the call's path, `{scope}` the whole path.
"""

from __future__ import annotations

from dataclasses import dataclass

from dev.emulators.azureml.exceptions import ArmError


@dataclass(frozen=True)
class Wording:
    """One answer."""

    status: int
    code: str
    message: str
    inner: tuple[str, ...] = ()
    """Azure ML's nested codes, the outermost first."""
    from_gateway: bool = False
    """Whether ARM itself says so, without additional information."""

    def error(self, path: str) -> ArmError:
        """The answer to a call of this path."""
        words = self.message.format(scope=path, name=path.rstrip("/").rpartition("/")[2])
        return ArmError(
            self.status, self.code, words, inner=self.inner, from_gateway=self.from_gateway
        )


def _gateway(status: int, code: str, message: str) -> Wording:
    return Wording(status, code, message, from_gateway=True)


WORDINGS = {
    # Another operation is under way. Callers report only these words of it.
    "already-running": Wording(409, "UserError", "Already running method"),
    # github.com/Azure/azure-sdk-for-net/issues/36961
    "endpoint-updating": Wording(
        400,
        "UserError",
        "Cannot create a deployment in endpoint {name} because it is in Updating provisioning "
        "state.",
    ),
    # github.com/Azure/azure-cli/issues/17075
    "same-entity": Wording(
        409,
        "UserError",
        "Conflict of operation, another operation on same entity is already running in workspace "
        "{name}.",
    ),
    # github.com/microsoft/onefuzz, src/ApiService: what compute resources answer
    "concurrent-request": Wording(
        409, "Conflict", "The request failed due to conflict with a concurrent request."
    ),
    # what most recorded errors come to: a code that says nothing
    "user-error": Wording(409, "UserError", "Conflict"),
    # recorded by azure-ai-ml's own tests
    "service-error": Wording(500, "ServiceError", "InternalServerError"),
    "transient-error": Wording(
        504, "TransientError", "Service invocation timed out. \r\nRequest: GET {scope}"
    ),
    "immutable-field": Wording(
        400,
        "UserError",
        'Failed to update component {name} since field "code" is immutable, try specifying a new '
        "version.",
        ("BadArgument", "ArgumentInvalid", "UpdateComponentFailed"),
    ),
    "terminal-status": Wording(
        400,
        "UserError",
        "The pipeline run {name} is in terminal status, it can't be canceled.",
        ("BadArgument", "ArgumentInvalid", "CancelPipelineRunInTerminalStatus"),
    ),
    "active-trigger": Wording(409, "UserError", "Cannot delete an active trigger {name}"),
    # learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
    "scope-locked": _gateway(
        409,
        "ScopeLocked",
        "The scope '{scope}' cannot perform write operation because following scope(s) are "
        "locked: '{scope}'. Please remove the lock and try again.",
    ),
    "disabled-subscription": _gateway(
        409,
        "ReadOnlyDisabledSubscription",
        "The subscription is disabled and therefore marked as read only. You cannot perform any "
        "write actions on this subscription until it is re-enabled.",
    ),
    "missing-registration": _gateway(
        409,
        "MissingSubscriptionRegistration",
        "The subscription is not registered to use namespace "
        "'Microsoft.MachineLearningServices'. See https://aka.ms/rps-not-found for how to "
        "register subscriptions.",
    ),
    "disallowed-by-policy": _gateway(
        403, "RequestDisallowedByPolicy", "Resource '{name}' was disallowed by policy."
    ),
}
