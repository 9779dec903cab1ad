"""What Azure's clients raise, as failures."""

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeIs

from shared.adapters.answers import KINDS, unreadable
from shared.adapters.kinds import CODES, meaning_of_answer
from shared.adapters.redaction import error_text
from shared.domain.errors import Failure, FailureKind, StepError

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError

ADVICE = {
    400: "The service refuses what it was sent; look at the message.",
    401: "Check the key or the managed identity of this app.",
    403: "Give this app's identity the role that the README names for it, or correct the key.",
    404: "Check the address in the settings, and that the resource is there.",
    413: "What was sent is larger than the service takes.",
}
"""What to do, by HTTP status."""

LONGEST_PAUSE_SECONDS = 86_400.0
"""Of what a service's `Retry-After` may ask for."""

CODE_CHARACTERS = 100

NOTHING: Mapping[int, str] = MappingProxyType({})


@contextmanager
def azure_stops_here(
    what: str, *, mendable: Mapping[int, str] = NOTHING, passing: Container[int] = ()
) -> Iterator[None]:
    """Turn what Azure's clients raise into `StepError`.

    Args:
        what: The resource and what was wanted of it, for people: `Table releases`.
        mendable: What to do, by HTTP statuses that somebody has to mend.
        passing: Further HTTP statuses that pass by themselves.
    """
    from azure.core.exceptions import AzureError, DecodeError

    try:
        yield
    except (DecodeError, *KINDS) as error:
        if is_refusal(error):
            raise StepError(failure(error, what, mendable, passing)) from error
        raise unreadable(error, what) from error
    except AzureError as error:
        raise StepError(failure(error, what, mendable, passing)) from error


def is_refusal(error: Exception) -> "TypeIs[HttpResponseError]":
    """Whether the answer's status says more than its body, which could not be read."""
    from azure.core.exceptions import HttpResponseError

    return isinstance(error, HttpResponseError) and (error.status_code or 0) >= 400


def failure(
    error: "AzureError",
    what: str,
    mendable: Mapping[int, str] = NOTHING,
    passing: Container[int] = (),
) -> Failure:
    """The failure that an exception of Azure's clients tells of."""
    status = _status(error)
    if status is None or is_of_token(error):
        return no_answer(error, what)
    code, words = error_code(error), _first_line(error)
    meaning = meaning_of_answer([code] if code else [], status, words)
    kind, advice = meaning.kind, meaning.advice
    if status in passing:
        kind = FailureKind.TRANSIENT
    elif status in mendable and code not in CODES:
        kind, advice = FailureKind.ACTION_REQUIRED, mendable[status]
    elif code not in CODES:
        advice = ADVICE.get(status, advice)
    return Failure(
        kind=kind,
        code=code or f"Http{status}",
        message=f"{what}: HTTP {status}, {words} {advice}".rstrip(),
        retry_after_seconds=retry_after(getattr(error, "response", None)),
        not_found=status == 404,
    )


def is_of_token(error: "AzureError") -> bool:
    """Whether no token could be had, so that the call never went out.

    azure-core raises the same for a 401 of the service itself (`map_error`).
    """
    from azure.core.exceptions import ClientAuthenticationError

    return isinstance(error, ClientAuthenticationError) and error.status_code != 401


def no_answer(error: "AzureError", what: str) -> Failure:
    """The failure of a call that no service answered.

    The error's own text is left out: it quotes the URL, which may carry a signature.
    """
    from azure.core.exceptions import ClientAuthenticationError

    if not isinstance(error, ClientAuthenticationError):
        words = f"{what}: Azure does not answer."
        return Failure(FailureKind.TRANSIENT, type(error).__name__, words)
    return Failure(
        kind=_kind_of_token(error.status_code),
        code=type(error).__name__,
        message=f"{what}: no token for Azure. Check the managed identity of this app.",
        retry_after_seconds=retry_after(error.response),
    )


def _kind_of_token(status: int | None) -> FailureKind:
    """What a failed request for a token means, by what its service answered, if anything.

    It knows no such identity (400), or refuses this app (403): the others are its own troubles
    (learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token).
    """
    refused = status in (400, 403)
    return FailureKind.ACTION_REQUIRED if refused else FailureKind.TRANSIENT


def _status(error: "AzureError") -> int | None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    if isinstance(error, ResourceNotFoundError):
        return 404  # azure-eventgrid raises it without the answer
    return error.status_code if isinstance(error, HttpResponseError) else None


def retry_after(response: object) -> float | None:
    """The seconds that an answer asks to wait; None where it does not (RFC 9110, section 10.2.3).

    Storage and some services say it in milliseconds, too. A date counts from the answer's own.
    """
    headers = getattr(response, "headers", None)
    return None if headers is None else retry_after_of(headers)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """As `retry_after`, from an answer's headers."""
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001)):
        text = headers.get(name, "")
        if text.isascii() and text.isdigit():
            return min(float(text) * unit, LONGEST_PAUSE_SECONDS)
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE_SECONDS)
    try:
        until, since = (parsedate_to_datetime(each) for each in (text, headers.get("Date", "")))
        return min(max((until - since).total_seconds(), 0.0), LONGEST_PAUSE_SECONDS)
    except (TypeError, ValueError, OverflowError):
        return None


def error_code(error: "AzureError") -> str:
    """Azure's own code; empty where the answer had none."""
    code = getattr(error, "error_code", None) or getattr(
        getattr(error, "error", None), "code", None
    )
    return str(getattr(code, "value", code or ""))[:CODE_CHARACTERS]


def _first_line(error: "AzureError") -> str:
    lines = error_text(str(error.message)).splitlines() or ["no message."]
    return lines[0][:500]
