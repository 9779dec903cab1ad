"""The errors that Event Grid answers with."""


class EventGridError(Exception):
    """An answer other than success.

    Args:
        status: HTTP status.
        code: The error's code.
        message: What is wrong, for people.
        detail_code: The code of the one detail; the error's own when not given.
        retry_after_seconds: Sent as `Retry-After` when set.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        detail_code: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail_code = detail_code or code
        self.retry_after_seconds = retry_after_seconds


def invalid_events(message: str) -> EventGridError:
    """The 400 of a batch that does not fit its schema."""
    return EventGridError(400, "BadRequest", message, "InputJsonInvalid")


def invalid_request(message: str) -> EventGridError:
    """The 400 of a wrong subscription or control request."""
    return EventGridError(400, "InvalidRequest", message)


def validation_failed(endpoint: str, reason: str) -> EventGridError:
    """The 400 of a subscription whose endpoint did not pass the handshake."""
    message = f"The attempt to validate the provided endpoint {endpoint} failed. {reason}"
    return EventGridError(400, "Endpoint validation", message)
