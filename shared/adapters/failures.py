"""What Azure's clients raise, as failures."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeIs

from shared.adapters.answers import KINDS, unreadable
from shared.adapters.redaction import error_text
from shared.domain.errors import Blame, Failure, StepError

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError

PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""What Azure's own clients try again on (azure-core 1.41, `RetryPolicyBase`)."""

ADVICE = {
    400: "The service refuses what it was sent; look at the message.",
    401: "Check the key or the managed identity of this app.",
    403: "Give this app's identity the role that the README names for it, or correct the key.",
    404: "Check the address in the settings, and that the resource is there.",
    413: "What was sent is larger than the service takes.",
    429: "Too many requests; it is tried again later.",
}
"""What to do, by HTTP status."""

LONGEST_PAUSE_SECONDS = 86_400.0
"""Of what a service's `Retry-After` may ask for."""

CODE_CHARACTERS = 100

NOTHING: Mapping[int, str] = MappingProxyType({})


@contextmanager
def azure_stops_here(what: str, *, mendable: Mapping[int, str] = NOTHING) -> Iterator[None]:
    """Turn what Azure's clients raise into `StepError`.

    Args:
        what: The resource and what was wanted of it, for people: `Table releases`.
        mendable: What to do, by HTTP statuses that are tried again until it is done.
    """
    from azure.core.exceptions import AzureError, DecodeError

    try:
        yield
    except (DecodeError, *KINDS) as error:
        if is_refusal(error):
            raise StepError(failure(error, what, mendable)) from error
        raise unreadable(error, what) from error
    except AzureError as error:
        raise StepError(failure(error, what, mendable)) from error


def is_refusal(error: Exception) -> "TypeIs[HttpResponseError]":
    """Whether the answer's status says more than its body, which could not be read."""
    from azure.core.exceptions import HttpResponseError

    return isinstance(error, HttpResponseError) and (error.status_code or 0) >= 400


def failure(error: "AzureError", what: str, mendable: Mapping[int, str] = NOTHING) -> Failure:
    """The failure that an exception of Azure's clients tells of."""
    status = _status(error)
    if status is None:
        return no_answer(error, what)
    passing = status in PASSING_STATUSES or status in mendable
    advice = mendable.get(status) or ADVICE.get(
        status, "It is tried again." if passing else "Look at the message."
    )
    return Failure(
        blame=Blame.TECHNOLOGY,
        code=error_code(error) or f"Http{status}",
        message=f"{what}: HTTP {status}, {_first_line(error)} {advice}",
        retryable=passing,
        retry_after_seconds=_retry_after(error) if passing else None,
    )


def no_answer(error: "AzureError", what: str) -> Failure:
    """The failure of a call that no service answered.

    The error's own text is left out: it quotes the URL, which may carry a signature.
    """
    from azure.core.exceptions import ClientAuthenticationError

    refused = isinstance(error, ClientAuthenticationError)
    words = "no token for Azure" if refused else "Azure does not answer"
    advice = "Check the managed identity of this app." if refused else "It is tried again."
    return Failure(
        blame=Blame.TECHNOLOGY,
        code=type(error).__name__,
        message=f"{what}: {words}. {advice}",
        retryable=not refused,
    )


def _status(error: "AzureError") -> int | None:
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    if isinstance(error, ResourceNotFoundError):
        return 404  # azure-eventgrid raises it without the answer
    return error.status_code if isinstance(error, HttpResponseError) else None


def _retry_after(error: "AzureError") -> float | None:
    """The seconds of the answer's `Retry-After`; a date (RFC 9110) is passed over."""
    response = getattr(error, "response", None)
    text = "" if response is None else response.headers.get("Retry-After", "")
    return min(float(text), LONGEST_PAUSE_SECONDS) if text.isascii() and text.isdigit() else None


def error_code(error: "AzureError") -> str:
    """Azure's own code; empty where the answer had none."""
    code = getattr(error, "error_code", None) or getattr(
        getattr(error, "error", None), "code", None
    )
    return str(getattr(code, "value", code or ""))[:CODE_CHARACTERS]


def _first_line(error: "AzureError") -> str:
    lines = error_text(str(error.message)).splitlines() or ["no message."]
    return lines[0][:500]
