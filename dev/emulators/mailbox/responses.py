"""The service's REST interface: HTTP in and out of the mailbox."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from dev.emulators.mailbox import auth
from dev.emulators.mailbox.exceptions import THROTTLED_SECONDS, ServiceError, bad_request
from dev.emulators.mailbox.models import Fault, Mailbox, Operation
from dev.emulators.mailbox.validation import parse_message

MAILBOX = web.AppKey("MAILBOX", Mailbox)
API_VERSIONS = ("2021-10-01-preview", "2023-01-15-preview", "2023-03-31", "2025-09-01")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def error_middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answers errors in the service's shape and records what came to its REST interface."""
    try:
        response = await handler(request)
    except ServiceError as error:
        response = _error_response(error)
    except web.HTTPRequestEntityTooLarge:
        response = _error_response(
            ServiceError(413, "RequestEntityTooLarge", "The request is too large.")
        )
    if request.path.startswith("/emails"):
        request.app[MAILBOX].requests.append(
            {
                "method": request.method,
                "path": request.path_qs,
                "operation_id": request.headers.get("Operation-Id"),
                "status": response.status,
                "at": datetime.now(UTC).isoformat(),
            }
        )
    return response


async def send(request: web.Request) -> web.StreamResponse:
    """`POST /emails:send`: 202 with the operation, which clients poll at `Operation-Location`."""
    mailbox = request.app[MAILBOX]
    body = await _authenticated_body(request)
    fault = mailbox.next_fault()
    if fault and not fault.accept:
        raise _fault_error(fault)
    draft = parse_message(body, mailbox.settings)
    operation = mailbox.send(draft, _operation_id(request))
    if fault:
        raise _fault_error(fault)
    return _operation_response(request, operation, status=HTTPStatus.ACCEPTED)


async def get_operation(request: web.Request) -> web.StreamResponse:
    """`GET /emails/operations/{id}`: 200 whatever became of the mail."""
    await _authenticated_body(request)
    operation = request.app[MAILBOX].read(request.match_info["operation_id"])
    return _operation_response(request, operation, status=HTTPStatus.OK)


async def _authenticated_body(request: web.Request) -> bytes:
    body = await request.read()
    auth.verify(
        access_key=request.app[MAILBOX].settings.access_key,
        method=request.method,
        path_and_query=request.raw_path,
        headers=request.headers,
        body=body,
    )
    if request.query.get("api-version") not in API_VERSIONS:
        raise ServiceError(
            400, "UnsupportedApiVersion", f"Supported api-versions: {', '.join(API_VERSIONS)}."
        )
    return body


def _operation_id(request: web.Request) -> str | None:
    given = request.headers.get("Operation-Id")
    if given is None:
        return None
    try:
        uuid.UUID(given)
    except ValueError as error:
        raise bad_request("Operation-Id must be a UUID.") from error
    return given


def _operation_response(request: web.Request, operation: Operation, status: int) -> web.Response:
    mailbox = request.app[MAILBOX]
    # An accepted send is always still Running in its first answer (recorded traffic).
    accepted = status == HTTPStatus.ACCEPTED
    state = "Running" if accepted else mailbox.status(operation)
    headers = {"api-supported-versions": ", ".join(API_VERSIONS)}
    if state == "Running":
        headers["Retry-After"] = str(mailbox.settings.retry_after_seconds)
    if accepted:
        version = request.query["api-version"]
        headers["Operation-Location"] = (
            f"{request.url.origin()}/emails/operations/{operation.id}?api-version={version}"
        )
    error = operation.error if state == "Failed" else None
    body = {"id": operation.id, "status": state, "error": error}
    return web.json_response(body, status=status, headers=headers)


def _fault_error(fault: Fault) -> ServiceError:
    phrase = HTTPStatus(fault.status).phrase
    code = phrase.title().replace(" ", "")
    wait = fault.retry_after_seconds
    if wait is None and fault.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = THROTTLED_SECONDS
    return ServiceError(fault.status, code, phrase, wait)


def _error_response(error: ServiceError) -> web.Response:
    headers = {"x-ms-error-code": error.code}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    body = {"error": {"code": error.code, "message": error.message}}
    return web.json_response(body, status=error.status, headers=headers)
