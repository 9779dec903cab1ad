"""What Azure ML answers when something is wrong, as failures: whose fault, and whether it passes.

Codes and causes are Microsoft's, from "Troubleshoot online endpoint deployment and scoring"
(learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shared.adapters.answers import KINDS, OddAnswerError, text_of, unreadable
from shared.adapters.failures import (
    CODE_CHARACTERS,
    is_of_token,
    is_refusal,
    no_answer,
    retry_after,
)
from shared.adapters.kinds import (
    CODES,
    GENERAL,
    ROLE_ADVICE,
    TAKEN,
    meaning_of_answer,
    meaning_of_operation,
)
from shared.adapters.redaction import error_text
from shared.domain.errors import Failure, FailureKind, StepError
from shared.domain.limits import JSON_DEPTH
from shared.domain.pipeline import Json, Workspace
from shared.domain.untrusted import UnreadableError, parse_json

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

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
    code = next((code for code in reversed(codes) if code in CODES), _particular(codes))
    meaning = meaning_of_operation(code, words)
    message = f"{what} failed: {words or 'Azure gives no reason.'}"
    return Failure(meaning.kind, code or "Failed", _with_advice(message, meaning.advice))


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
    if response is not None and not is_of_token(error):
        told = answer_failure(where, workspace, response.status_code or 0, text_of(response))
        return replace(told, retry_after_seconds=retry_after(response))
    if isinstance(error, ServiceRequestError | ServiceResponseError | ClientAuthenticationError):
        return no_answer(error, where)
    # azure-ai-ml's own checks
    message = f"{where}: {readable(str(error.message))}"
    kind = getattr(error, "error_type", None)
    if getattr(kind, "value", kind) == SCRIPT_ERROR:
        return Failure(FailureKind.MODEL, "UserScriptError", message)
    return Failure(FailureKind.FINAL, type(error).__name__, message)


def answer_failure(where: str, workspace: Workspace, status: int, text: str) -> Failure:
    """The failure that an answer with an error status tells of."""
    error = answer_error(text)
    words = readable(_words(error)) or "no reason given."
    codes = _codes(error)
    meaning = meaning_of_answer(codes, status, words)
    code = meaning.code or _particular(codes) or f"Http{status}"
    advice = meaning.advice
    if status in (400, 409) and TAKEN.search(words) and where.startswith("Endpoint "):
        code, advice = NAME_TAKEN, "Choose another endpoint name for this stage in the pipeline."
    elif advice == ROLE_ADVICE:
        advice = f"Give this app's identity the role {ROLE} on workspace {workspace.name}."
    elif meaning.kind is FailureKind.FINAL:
        advice = "Correct the pipeline or the resource, then start the release again."
    return Failure(
        kind=meaning.kind,
        code=code,
        message=_with_advice(f"{where}: HTTP {status}, {words}", advice),
        not_found=status == 404,
    )


def _with_advice(text: str, advice: str) -> str:
    """A text as sentences, and what to do."""
    return f"{text}{'' if text.endswith('.') else '.'} {advice}".rstrip()


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
