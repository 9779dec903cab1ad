"""What orchestrations see of an exception after host and extension had it in hand."""

from __future__ import annotations

import re

from durabletask.internal import orchestrator_service_pb2 as pb

from dev.host.worker import FunctionError

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


def sanitize(text: str) -> str:
    """Hide what follows a credential's name up to a quote, `<` or the end, as `Sanitizer` does."""
    return _CREDENTIAL.sub(_HIDDEN, text)


def activity_failure(error: FunctionError) -> pb.TaskFailureDetails:
    """The failure that an orchestration sees of an activity that raised.

    The worker sends `ClassName: text`; the host sanitises it, and the extension splits it at the
    first `: ` and keeps the first line (`OutOfProcMiddleware.TrySplitExceptionTypeFromMessage`).
    Without a `: ` the type is `(unknown)`. Causes are lost, and nothing says whether trying again
    can help.
    """
    text = sanitize(error.message)
    name, separator, rest = text.partition(": ")
    if not separator:
        return _details("(unknown)", text, error.stack_trace)
    return _details(name.rstrip(), rest.split("\n", 1)[0].rstrip(), error.stack_trace)


def host_failure(error: Exception, type_name: str) -> pb.TaskFailureDetails:
    """The failure of an activity that the host itself ended; its type is a .NET one."""
    return _details(type_name, str(error), "")


def _details(error_type: str, message: str, stack_trace: str) -> pb.TaskFailureDetails:
    details = pb.TaskFailureDetails(errorType=error_type, errorMessage=message)
    details.stackTrace.value = stack_trace
    return details
