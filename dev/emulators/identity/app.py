"""The token service's one route, and the control prefix."""

import asyncio
import hmac
import time
import uuid
from http import HTTPStatus
from typing import Any

from aiohttp import web

from dev.emulators.identity.state import Fault, Settings, State

STATE = web.AppKey("STATE", State)
API_VERSION = "2019-08-01"
PATH = "/msi/token"


def create_app(settings: Settings) -> web.Application:
    """Builds the emulator; serve it on 127.0.0.1, with `IDENTITY_ENDPOINT` its `/msi/token`."""
    app = web.Application()
    app[STATE] = State(settings)
    app.add_routes(
        [
            web.get(PATH, token),
            web.post("/_emulator/faults", add_fault),
            web.delete("/_emulator/faults", clear_faults),
            web.post("/_emulator/lifetime", set_lifetime),
            web.get("/_emulator/requests", list_requests),
            web.post("/_emulator/reset", reset),
        ]
    )
    return app


async def token(request: web.Request) -> web.StreamResponse:
    """`GET /msi/token?resource=&api-version=2019-08-01`: a token, or what a fault says instead."""
    state = request.app[STATE]
    fault = state.next_fault()
    response = _token(request) if fault is None else await _failed(request, fault)
    state.requests.append(
        {
            "resource": request.query.get("resource", ""),
            "client_id": request.query.get("client_id", ""),
            "status": 0 if fault and fault.drop else response.status,
            "at": time.time(),
        }
    )
    return response


def _token(request: web.Request) -> web.Response:
    state = request.app[STATE]
    sent = request.headers.get("X-IDENTITY-HEADER", "")
    if not hmac.compare_digest(sent.encode(), state.settings.header.encode()):
        return _error(HTTPStatus.UNAUTHORIZED, "The X-IDENTITY-HEADER is missing or wrong.")
    resource = request.query.get("resource", "")
    if request.query.get("api-version") != API_VERSION or not resource:
        return _error(HTTPStatus.BAD_REQUEST, f"resource and api-version={API_VERSION} are needed.")
    client_id = request.query.get("client_id", "")
    if client_id and client_id not in state.settings.client_ids:
        message = "No User Assigned or Delegated Managed Identity found for specified ClientId"
        return _error(HTTPStatus.BAD_REQUEST, message)
    return web.json_response(
        {
            "access_token": uuid.uuid4().hex,
            "client_id": client_id,
            "expires_on": str(int(time.time()) + state.lifetime_seconds),
            "resource": resource,
            "token_type": "Bearer",
        }
    )


async def _failed(request: web.Request, fault: Fault) -> web.Response:
    await asyncio.sleep(fault.delay_seconds)
    if fault.drop:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=fault.status)
    response = _error(HTTPStatus(fault.status), HTTPStatus(fault.status).phrase)
    if fault.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(fault.retry_after_seconds)
    return response


def _error(status: HTTPStatus, message: str) -> web.Response:
    body = {"statusCode": status.value, "message": message, "correlationId": str(uuid.uuid4())}
    return web.json_response(body, status=status)


async def add_fault(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/faults`: `{"status": 500}` with `times` or `seconds`, or neither for ever.

    `retry_after` goes with the answer; `"drop": true` closes the connection instead, after
    `delay_seconds` where they are given.
    """
    try:
        request.app[STATE].faults.append(_fault(await _body(request)))
    except (TypeError, ValueError) as error:
        return web.Response(status=400, text=f"not a fault: {error}")
    return web.Response(status=204)


def _fault(wanted: dict[str, Any]) -> Fault:
    seconds, times = wanted.get("seconds"), wanted.get("times")
    retry_after = wanted.get("retry_after")
    status = HTTPStatus(wanted.get("status", HTTPStatus.INTERNAL_SERVER_ERROR))
    if status < HTTPStatus.BAD_REQUEST:
        raise ValueError("status must be an HTTP error status")
    return Fault(
        status=status.value,
        until=float("inf") if seconds is None else time.monotonic() + float(seconds),
        times=None if times is None else int(times),
        retry_after_seconds=None if retry_after is None else int(retry_after),
        drop=bool(wanted.get("drop", False)),
        delay_seconds=float(wanted.get("delay_seconds", 0)),
    )


async def clear_faults(request: web.Request) -> web.StreamResponse:
    """`DELETE /_emulator/faults`: tokens for everybody again."""
    request.app[STATE].faults.clear()
    return web.Response(status=204)


async def set_lifetime(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/lifetime` `{"seconds": n}`: of the tokens from now on.

    azure-identity keeps a token until it is nearly over, so a short life makes it ask each time.
    """
    try:
        request.app[STATE].lifetime_seconds = int((await _body(request))["seconds"])
    except (KeyError, TypeError, ValueError) as error:
        return web.Response(status=400, text=f"not a lifetime: {error!r}")
    return web.Response(status=204)


async def list_requests(request: web.Request) -> web.StreamResponse:
    """`GET /_emulator/requests`: who asked for what, oldest first; no tokens and no secrets."""
    return web.json_response(list(request.app[STATE].requests))


async def reset(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/reset` forgets faults and requests."""
    request.app[STATE].reset()
    return web.Response(status=204)


async def _body(request: web.Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise TypeError("not a JSON object")
    return body
