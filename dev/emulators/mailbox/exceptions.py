"""The errors that the service answers with."""

THROTTLED_SECONDS = 30
"""The `Retry-After` of a 429."""


class ServiceError(Exception):
    """An answer other than success, in the shape of the service's `ErrorResponse`.

    Args:
        status: HTTP status.
        code: The service's error code, also sent as `x-ms-error-code`.
        message: What is wrong, for people.
        retry_after_seconds: Sent as `Retry-After` when set.
    """

    def __init__(
        self, status: int, code: str, message: str, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_seconds = retry_after_seconds


def denied(message: str) -> ServiceError:
    """The 401 of a request whose signature does not hold."""
    return ServiceError(401, "Denied", message)


def bad_request(message: str) -> ServiceError:
    """The 400 of a message that breaks a rule."""
    return ServiceError(400, "BadRequest", message)


def unknown_sender(name: str) -> ServiceError:
    """The 400 of a sender that the domain does not have, in the words that callers report."""
    message = (
        f"Invalid email sender username: '{name}'. Please use a username from the list of valid "
        "usernames configured by your admin."
    )
    return ServiceError(400, "InvalidSenderUserName", message)


def too_many_requests() -> ServiceError:
    """The 429 past a rate limit; it asks for 30 seconds, whichever limit it is."""
    message = f"Too many requests. Please try again after {THROTTLED_SECONDS} seconds."
    return ServiceError(429, "TooManyRequests", message, THROTTLED_SECONDS)
