"""Requests, responses and problem documents, apart from whatever serves them."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from math import isfinite
from typing import Concatenate
from uuid import uuid4

from shared.domain.errors import StepError
from shared.domain.limits import REQUEST_BYTES
from shared.domain.pipeline import Json
from shared.domain.release import ReleaseId
from shared.domain.untrusted import UnreadableError, parse_json
from shared.ports import Services

logger = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
"""What the decision page's form is sent as."""

RETRY_AFTER_SECONDS = 30
"""What is said to those who come while something is down."""

RELEASE_ID = re.compile(r"[a-z0-9-]{1,80}")
"""What release ids are made of (`domain.names.release_id`)."""

PROBLEM_TYPE = "urn:modelgate:problem:"
"""Begins the `type` of a problem document; `docs/api.md` lists what follows."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request."""

    method: str
    params: Mapping[str, str] = field(default_factory=dict)
    """Named parts of the path."""

    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    """Fields of an `application/x-www-form-urlencoded` body; empty for any other."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""

    base_url: str = ""
    """Begins the links in answers; empty makes them relative to the service's own address."""

    @property
    def content_type(self) -> str:
        """The body's media type without parameters, lower case; empty where none is given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response."""

    status: int
    body: str | bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class ProblemError(Exception):
    """Ends a view with a problem document."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        release_id: str | None = None,
    ) -> None:
        """What went wrong.

        Args:
            status: The HTTP status.
            kind: Ends the problem's type; stable, for programs.
            title: The same for every problem of this kind.
            detail: What happened this time, and what to do.
            release_id: The release that it is about.
        """
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.release_id = release_id


def bad_request(detail: str) -> ProblemError:
    """The request itself is wrong."""
    return ProblemError(400, "bad-request", "The request is not valid", detail)


def json_response(
    value: Json, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """JSON that no cache keeps."""
    return Response(
        status=status,
        body=json.dumps(_sendable(value), ensure_ascii=False, allow_nan=False),
        content_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        | dict(headers or {}),
    )


def _sendable(value: Json) -> Json:
    """The value with `NaN` and `Infinity` as text.

    Models answer such numbers, and JSON has none (RFC 8259, section 6).
    """
    if isinstance(value, dict):
        return {name: _sendable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_sendable(each) for each in value]
    is_none = isinstance(value, float) and not isfinite(value)
    return json.dumps(value) if is_none else value


def read_json(request: Request) -> dict[str, Json]:
    """The JSON object that a request carries.

    Raises:
        ProblemError: It carries none, another media type, or too much.
    """
    if request.content_type != "application/json":
        raise ProblemError(
            415,
            "unsupported-media-type",
            "The body has another media type than this takes",
            "Send a JSON object with Content-Type: application/json.",
        )
    if len(request.body) > REQUEST_BYTES:
        raise ProblemError(
            413,
            "body-too-large",
            "The body is too large",
            f"The body may have {REQUEST_BYTES:,} bytes at most.",
        )
    try:
        value = parse_json(request.body)
    except UnreadableError as error:
        raise bad_request(f"The body {error}.") from error
    if not isinstance(value, dict):
        raise bad_request("The body is no JSON object.")
    return value


def guarded[**P](
    view: Callable[Concatenate[Services, Request, P], Response],
) -> Callable[Concatenate[Services, Request, P], Response]:
    """The view with every failure answered by a problem document (RFC 9457), and none raised."""

    @wraps(view)
    def safe(
        services: Services, request: Request, /, *args: P.args, **kwargs: P.kwargs
    ) -> Response:
        asked = request.params.get("id", "")
        known = ReleaseId(asked) if RELEASE_ID.fullmatch(asked) else None
        with work_on(services, known, view.__name__):
            try:
                return view(services, request, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 (the last one who could answer)
                return _problem(_as_problem(error), request, error)

    return safe


def work_on(
    services: Services, release_id: ReleaseId | None, doing: str
) -> AbstractContextManager[None]:
    """What is logged and traced inside belongs to the release that was asked for, if to any."""
    if release_id is None:
        return nullcontext()
    return services.telemetry.release(release_id=release_id, doing=doing)


def _as_problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, StepError) and error.failure.retryable:
        return ProblemError(
            503, "unavailable", "Something that this needs does not answer", error.failure.message
        )
    if isinstance(error, StepError):
        return ProblemError(
            500, "step-failed", "Something that this needs failed", error.failure.message
        )
    return ProblemError(
        500,
        "unexpected",
        "Something unexpected broke",
        "The service's logs have the whole story under this problem's instance.",
    )


def _problem(problem: ProblemError, request: Request, cause: Exception) -> Response:
    """The document, and a line in the log for what is not the client's doing."""
    instance = f"urn:uuid:{uuid4()}"
    asked = request.params.get("id", "")
    release_id = problem.release_id or (asked if RELEASE_ID.fullmatch(asked) else None)
    if problem.status >= 500:
        unexpected = not isinstance(cause, StepError | ProblemError)
        logger.error(
            "release %s: %s: %s: %s",
            release_id or "-",
            instance,
            type(cause).__name__,
            "unexpected" if unexpected else cause,
            exc_info=cause if unexpected else None,
        )
    document: dict[str, Json] = {
        "type": PROBLEM_TYPE + problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": str(problem),
        "instance": instance,
    }
    if release_id:
        document["release_id"] = release_id
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)} if problem.status == 503 else {}
    answer = json_response(document, status=problem.status, headers=retry)
    return Response(answer.status, answer.body, "application/problem+json", answer.headers)
