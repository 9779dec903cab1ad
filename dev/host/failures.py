"""What orchestrations see of a failure after host and extension had it in hand."""

from __future__ import annotations

import re
from collections.abc import Mapping

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.wrappers_pb2 import StringValue

from dev.host.functions import Function
from dev.host.worker import FunctionError, InvocationTimeoutError, WorkerExitError

_HIDDEN = "[Hidden Credential]"
_TOKENS = (
    "Token=",
    "DefaultEndpointsProtocol=http",
    "AccountKey=",
    "Data Source=",
    "Server=",
    "Password=",
    "pwd=",
    "&amp;sig=",
    "&sig=",
    "?sig=",
    "SharedAccessKey=",
    "&amp;code=",
    "&code=",
    "?code=",
    "key=",
)
_CREDENTIAL = re.compile(
    "(?<!PublicKey)(?:" + "|".join(map(re.escape, _TOKENS)) + r")[^<\"']*", re.IGNORECASE
)

_DOTNET_TYPES: Mapping[type[Exception], str] = {
    InvocationTimeoutError: "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException",
    WorkerExitError: "Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException",
    ValueError: "Newtonsoft.Json.JsonReaderException",
}


def sanitize(text: str) -> str:
    """Hide what follows a credential's name up to a quote, `<` or the end, as `Sanitizer` does."""
    return _CREDENTIAL.sub(_HIDDEN, text)


def activity_failure(error: Exception) -> pb.TaskFailureDetails:
    """The failure that an orchestration sees of an activity.

    Of one that raised, the worker sends `ClassName: text`; the host sanitises it, and the extension
    splits it at the first `: ` and keeps the first line
    (`OutOfProcMiddleware.TrySplitExceptionTypeFromMessage`). Without a `: ` the type is
    `(unknown)`. Causes are lost, and nothing says whether trying again can help.

    Of one that the host itself ended the type is a .NET one.
    """
    if not isinstance(error, FunctionError):
        types = (name for kind, name in _DOTNET_TYPES.items() if isinstance(error, kind))
        return _details(next(types, "(unknown)"), str(error), "")
    text = sanitize(error.message)
    name, separator, rest = text.partition(": ")
    if not separator:
        return _details("(unknown)", text, error.stack_trace)
    return _details(name.rstrip(), rest.split("\n", 1)[0].rstrip(), error.stack_trace)


def failed_turn(message: str) -> pb.OrchestratorResponse:
    """An answer that ends the orchestration as FAILED: a message, no failure details.

    So makes it `OrchestratorExecutionResult.ForFailure`; a parent sees empty details.
    """
    completion = pb.CompleteOrchestrationAction(
        orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, result=StringValue(value=message)
    )
    action = pb.OrchestratorAction(id=-1, completeOrchestration=completion)
    return pb.OrchestratorResponse(actions=[action])


def failed_batch(
    batch: pb.EntityBatchRequest, error_type: str, message: str
) -> pb.EntityBatchResult:
    """A result in which every operation failed and the state stays."""
    details = pb.TaskFailureDetails(errorType=error_type, errorMessage=message, isNonRetriable=True)
    failure = pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=details))
    return pb.EntityBatchResult(
        results=[failure] * len(batch.operations),
        entityState=batch.entityState if batch.HasField("entityState") else None,
    )


def not_found(name: str, kind: str, known: Mapping[str, Function]) -> str:
    """The extension's words for a name that no function of this kind has."""
    message = f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function."
    names = "', '".join(function.durable_name for function in known.values())
    if not names:
        return f"{message} Additional info: No {kind} functions are currently registered!"
    return f"{message} Additional info: The following are the known {kind} functions: '{names}'."


def _details(error_type: str, message: str, stack_trace: str) -> pb.TaskFailureDetails:
    return pb.TaskFailureDetails(
        errorType=error_type,
        errorMessage=message,
        stackTrace=StringValue(value=stack_trace),
    )
