"""What Azure ML answers when something is wrong, as failures: whose fault, and whether it passes.

Codes and causes are Microsoft's, from "Troubleshoot online endpoint deployment and scoring"
(learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shared.adapters.answers import KINDS, OddAnswerError, text_of, unreadable
from shared.adapters.failures import CODE_CHARACTERS, PASSING_STATUSES, is_refusal, no_answer
from shared.adapters.redaction import error_text
from shared.domain.errors import Blame, Failure, StepError
from shared.domain.limits import JSON_DEPTH
from shared.domain.pipeline import Json, Workspace
from shared.domain.untrusted import UnreadableError, parse_json

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

BLAME = {
    # the image: conda file, base image, packages that do not fit
    "ImageBuildFailure": Blame.MODEL,
    # model, scoring code or image do not fit together: cannot be downloaded, wrong format
    "BadArgument": Blame.MODEL,
    # the container runs and does not become ready: score.py crashes, init() fails, out of memory
    "ResourceNotReady": Blame.MODEL,
    "UserScriptError": Blame.MODEL,
    "UserScriptImportError": Blame.MODEL,
    "OutOfMemory": Blame.MODEL,
    "ModelNotReady": Blame.MODEL,
    "ModelLoadError": Blame.MODEL,
    # quota of cores, disks, role assignments, endpoints; capacity of the region or the cluster
    "OutOfQuota": Blame.TECHNOLOGY,
    "OutOfCapacity": Blame.TECHNOLOGY,
    # a policy, a higher-priority operation or a person canceled it
    "OperationCanceled": Blame.TECHNOLOGY,
    # ARM does not find a resource that the deployment needs, such as its registry
    "ResourceNotFound": Blame.TECHNOLOGY,
    "InternalServerError": Blame.TECHNOLOGY,
    "AuthorizationFailed": Blame.TECHNOLOGY,
}
"""Who is to blame for a failed operation, by Azure's code. Codes that are not here say nothing of
the model: technology."""

AMBIGUOUS = frozenset({"BadArgument", "ResourceNotReady"})
"""Codes that are also what a missing role of the endpoint's identity gives (same page,
"Authorization error" and "incorrect role assignments")."""

NOT_THE_MODEL = re.compile(
    r"authorization|not authorized|role assignment|\bquota\b|subscription doesn't exist|acrpull",
    re.IGNORECASE,
)
"""How an ambiguous code sounds when it is not the model's."""

GENERAL = frozenset(
    {"UserError", "SystemError", "BadRequest", "NotFound", "Failed", "ServiceError"}
)
"""Codes that say nothing when a more particular one is beside them."""

BUSY = re.compile(
    r"non-terminal|in progress|another operation|already running|concurrent request"
    r"|provisioning state|being (created|updated)|try again|retry",
    re.IGNORECASE,
)
"""How a 409 sounds that passes by itself."""

TAKEN = re.compile(
    r"already (exists|taken|in use|an endpoint)|\b(is|been) taken\b|\bname\b.*\bunique\b"
    r"|(another|other|different) name\b",
    re.IGNORECASE,
)
"""How a name sounds that somebody else has; such words may ask to "try again", too."""

QUOTA = re.compile(
    r"\bnot enough quota\b|\bquota (reached|exceeded)\b|error-outofquota", re.IGNORECASE
)
"""How a deployment sounds for which there is no quota: it is refused at once, as a `BadRequest`
(for example github.com/MicrosoftLearning/mslearn-azure-ml/issues/30)."""

OUT_OF_QUOTA = "OutOfQuota"

NAME_TAKEN = "EndpointNameTaken"
"""Azure has no code of its own: endpoints' names are unique within a region, and a name that is
taken is a `BadRequest` like any other ("Troubleshoot online endpoint deployment and scoring")."""

ROLE = "that docs/azure.md names for it (or AzureML Data Scientist)"
"""What the service needs on each workspace."""

SCRIPT_ERROR = "CANNOT PARSE"
"""`ValidationErrorType.CANNOT_PARSE`: the scoring script has a syntax error."""

_WORDS = 1000


@contextmanager
def azure_ml_stops_here(what: str, workspace: Workspace) -> Iterator[None]:
    """Turn what azure-ai-ml and azure-core raise into `StepError`.

    The SDK takes answers apart as they are asked for what they hold: that belongs in here, too.

    Args:
        what: The resource, for people: `Endpoint api-diabetes-qa`.
        workspace: Where it is.
    """
    from azure.core.exceptions import AzureError, DecodeError

    where = f"{what} in workspace {workspace.name}"
    try:
        yield
    except OddAnswerError as error:
        raise StepError(answer_failure(where, workspace, error.status, "")) from error
    except (DecodeError, *KINDS) as error:
        if is_refusal(error):
            raise StepError(_failure(error, where, workspace)) from error
        raise unreadable(error, where) from error
    except AzureError as error:
        raise StepError(_failure(error, where, workspace)) from error


def found[Resource](get: Callable[[], Resource]) -> Resource | None:
    """What a call gives, or None where Azure answers 404.

    Only the status says "not found": the recorded bodies differ, and one is null.
    """
    from azure.core.exceptions import HttpResponseError

    try:
        return get()
    except HttpResponseError as error:
        if error.status_code == 404:
            return None
        raise
    except OddAnswerError as error:
        if error.status == 404:
            return None
        raise


def operation_failure(what: str, error: Mapping[str, Any]) -> Failure:
    """The failure of an operation that ended without success.

    Args:
        what: The resource, for people.
        error: The `error` member of what the operation's URL answered.
    """
    codes = _codes(error)
    words = readable(_words(error))
    code = next((code for code in reversed(codes) if code in BLAME), _particular(codes))
    blame = BLAME.get(code, Blame.TECHNOLOGY)
    if code in AMBIGUOUS and NOT_THE_MODEL.search(words):
        blame = Blame.TECHNOLOGY
    return Failure(blame, code or "Failed", f"{what} failed: {words or 'Azure gives no reason.'}")


def answer_error(text: str) -> Mapping[str, Json]:
    """The `error` member of an answer; empty where there is none: bodies differ, or are null."""
    try:
        body = parse_json(text)
    except UnreadableError:
        return {}
    return _object(_object(body).get("error"))


def readable(text: str) -> str:
    """Text for people, in one paragraph and without anything that opens a door."""
    return " ".join(error_text(text).split())[:_WORDS]


def _failure(error: "AzureError", where: str, workspace: Workspace) -> Failure:
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    response = error.response if isinstance(error, HttpResponseError) else None
    if response is not None:
        return answer_failure(where, workspace, response.status_code or 0, text_of(response))
    if isinstance(error, ServiceRequestError | ServiceResponseError | ClientAuthenticationError):
        return no_answer(error, where)
    # azure-ai-ml's own checks
    message = f"{where}: {readable(str(error.message))}"
    kind = getattr(error, "error_type", None)
    if getattr(kind, "value", kind) == SCRIPT_ERROR:
        return Failure(Blame.MODEL, "UserScriptError", message)
    return Failure(Blame.TECHNOLOGY, type(error).__name__, message)


def answer_failure(where: str, workspace: Workspace, status: int, text: str) -> Failure:
    """The failure that an answer with an error status tells of."""
    error = answer_error(text)
    words = readable(_words(error)) or "no reason given."
    taken = status in (400, 409) and bool(TAKEN.search(words))
    busy = status == 409 and not taken and bool(BUSY.search(words))
    passing = status in PASSING_STATUSES or busy
    code = _particular(_codes(error)) or f"Http{status}"
    if taken and where.startswith("Endpoint "):
        code = NAME_TAKEN
        advice = "Choose another endpoint name for this stage in the pipeline."
    elif status == 400 and QUOTA.search(words):
        code = OUT_OF_QUOTA
        advice = "Ask for more quota, or for fewer or smaller instances in the pipeline."
    elif passing:
        advice = "It is tried again."
    elif status in (401, 403):
        advice = f"Give this app's identity the role {ROLE} on workspace {workspace.name}."
    else:
        advice = "Correct the pipeline or the resource, then start the release again."
    return Failure(
        blame=Blame.TECHNOLOGY,
        code=code,
        message=f"{where}: HTTP {status}, {words}{'' if words.endswith('.') else '.'} {advice}",
        retryable=passing,
    )


def _codes(error: Mapping[str, Any], depth: int = JSON_DEPTH) -> list[str]:
    """Every code of an error, from the general to the particular."""
    if depth == 0:
        return []
    codes = [_text(error.get("code"))[:CODE_CHARACTERS]]
    for detail in _objects(error.get("details")):
        codes += _codes(detail, depth - 1)
    for info in _objects(error.get("additionalInfo")):
        if info.get("type") == "InnerError":
            inner = _object(_object(info.get("info")).get("value"))
            for _ in range(depth):
                codes.append(_text(inner.get("code"))[:CODE_CHARACTERS])
                inner = _object(inner.get("innerError"))
    return [code for code in codes if code]


def _particular(codes: list[str]) -> str:
    telling = [code for code in codes if code not in GENERAL]
    return (telling or codes or [""])[-1]


def _words(error: Mapping[str, Any], depth: int = JSON_DEPTH) -> str:
    """The innermost message that says something; the inferencing service's is JSON in JSON."""
    for detail in _objects(error.get("details")) if depth else ():
        inner = _words(detail, depth - 1)
        if inner:
            return inner
    text = _text(error.get("message"))
    try:
        problem = parse_json(text.rpartition("error detail: ")[2])
    except UnreadableError:
        return text
    lines = [
        _text(line)
        for lines in _object(_object(problem).get("errors")).values()
        for line in (lines if isinstance(lines, list) else [lines])
    ]
    return " ".join(line for line in lines if line) or text


# --- answers may hold anything anywhere ---


def _object(value: object) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, Json]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
