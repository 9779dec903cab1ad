"""Answers that are not what they should be: what they say all the same, and whose fault it is."""

import codecs
import logging
import traceback
import zlib
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

from shared.adapters.redaction import error_text, without_secrets
from shared.domain.errors import StepError, not_good_enough, technical

logger = logging.getLogger(__name__)

UNREADABLE = "UnreadableAnswer"

OF_REGISTRANTS = ("Scoring ",)
"""How calls are named (`what`) whose whole answer is written by what somebody registered."""

HOLDING_REGISTRANTS = (
    *("Model ", "Versions of model ", "Datastore ", "The datastores", "The key of datastore "),
    *("Endpoint ", "Traffic of endpoint ", "Keys of endpoint ", "Deployment ", "Deployments of "),
    *("Log of deployment ", "Files in ", "Copy of "),
)
"""Calls whose answer is Azure's and holds what somebody registered: names, tags, addresses, logs.

Every other call reads what Azure and this service's operators have made."""

KINDS = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    *(EOFError, RecursionError, StopIteration, SyntaxError, zlib.error),
)
"""What clients raise while they take an answer apart that they did not foresee. A `SyntaxError` is
ElementTree's."""


class OddAnswerError(Exception):
    """An answer with an error's status, and a body that clients would trip over."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status} with a body that cannot be read")
        self.status = status


def require_readable(status: int, text: Callable[[], str], parse: Callable[[str], object]) -> None:
    """Look at an error's status before a client trips over its body.

    Args:
        status: HTTP status.
        text: Gives the body.
        parse: As the client is going to.

    Raises:
        OddAnswerError: The body is such that only the status tells anything.
    """
    from azure.core.exceptions import ResponseNotReadError

    if status < 400:
        return
    try:
        parse(text())
    except (ValueError, ResponseNotReadError):
        return  # clients know what is no JSON, and look at the status of what is still to come
    except (LookupError, RecursionError) as error:
        raise OddAnswerError(status) from error


def text_of(response: Any) -> str:  # noqa: ANN401 (azure-core has two kinds)
    """An answer's text, in whichever charset it says it is, or in UTF-8 as far as that goes."""
    try:
        return str(response.text())
    except (LookupError, ValueError):
        body = response.body() if hasattr(response, "body") else response.content
        return codecs.decode(body, "utf-8", "replace")


def unreadable(error: Exception, what: str) -> StepError:
    """The failure of an answer that cannot be read; what was raised is in the log, with its place.

    Args:
        error: What a client raised. It may also be a mistake in this app.
        what: What was wanted, for people; says whose the content is.
    """
    kind = type(error).__name__
    where = "".join(traceback.format_tb(error.__traceback__))
    words = error_text(str(error))[:500]
    logger.error("%s: cannot be read: %s: %s\n%s", what, kind, words, without_secrets(where))
    if _is_registrants(error, what):
        return not_good_enough(
            UNREADABLE,
            f"{what}: what is there, or what it answers, cannot be read ({kind}). Correct the "
            "model's tags, address or scoring code, and register a new version.",
        )
    message = f"{what}: Azure's answer cannot be read ({kind})."
    return technical(UNREADABLE, message, retryable=True)


def _is_registrants(error: Exception, what: str) -> bool:
    """Whether somebody who registers models chose what cannot be read.

    What is not even JSON where Azure answers comes from Azure, or from something on the way.
    """
    from azure.core.exceptions import DecodeError

    if what.startswith(OF_REGISTRANTS):
        return True
    whole = isinstance(error, DecodeError | JSONDecodeError)
    return what.startswith(HOLDING_REGISTRANTS) and not whole
