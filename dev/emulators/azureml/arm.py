"""ARM's front: authentication, api-version, lookup of the workspace, headers, recording, faults."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from dev.emulators.azureml import authorization
from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.control import Fault
from dev.emulators.azureml.emulator import EMULATOR, Emulator
from dev.emulators.azureml.exceptions import ArmError, gateway_error, workspace_not_found
from dev.emulators.azureml.names import as_known
from dev.emulators.azureml.state import Workspace
from dev.emulators.azureml.urls import Match, find_route
from dev.emulators.azureml.wire import NO_BODY, ArmRequest, ArmResponse, Json

_log = logging.getLogger(__name__)

_ANY_LOCATION = "eastus2"
_JSON = "application/json; charset=utf-8"


async def handle(request: web.Request) -> web.StreamResponse:
    """Answer one ARM call."""
    emulator = request.app[EMULATOR]
    began = time.time()
    fault = emulator.control.take_fault(request.method, request.path)
    if fault is None:
        response = await _answer(emulator, request)
    else:
        response = await _answer_with_fault(emulator, request, fault)
    dropped = fault is not None and fault.drop
    emulator.control.requests.append(
        {
            "time": began,
            "method": request.method,
            "path": request.path,
            "api_version": request.query.get("api-version", ""),
            "status": 0 if dropped else response.status,
            "client_request_id": request.headers.get("x-ms-client-request-id", ""),
            "seconds": time.time() - began,
        }
    )
    response.headers["x-request-time"] = f"{time.time() - began:.3f}"
    return response


async def _answer_with_fault(
    emulator: Emulator, request: web.Request, fault: Fault
) -> web.StreamResponse:
    if fault.delay_seconds:
        await asyncio.sleep(fault.delay_seconds)
    response = await _answer(emulator, request) if fault.applied else None
    if fault.drop:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=fault.status)
    if fault.text is not None:
        return web.Response(status=fault.status, headers=fault.headers, text=fault.text)
    is_error = fault.status >= HTTPStatus.BAD_REQUEST
    if fault.body is not None:
        return _write(ArmResponse(fault.body, fault.status, fault.headers), failed=is_error)
    if not is_error:
        return response or await _answer(emulator, request)
    error = ArmError(fault.status, "ServiceError", HTTPStatus(fault.status).phrase)
    if fault.wording is not None:
        error = fault.wording.error(request.path)
    body = error.body(_ANY_LOCATION)
    return _write(ArmResponse(body, fault.status, fault.headers), failed=True)


async def _answer(emulator: Emulator, request: web.Request) -> web.StreamResponse:
    location = _ANY_LOCATION
    try:
        _authenticate(request)
        match = _route(request)
        workspace = _workspace(emulator, match)
        location = workspace.spec.location
        arm_request = await _read(request, match, workspace, _user(emulator, request))
        authorization.check(emulator.control.roles, arm_request)
        return _write(await _carry_out(emulator, match, arm_request))
    except ArmError as error:
        body = error.body(location)
        answer = ArmResponse(NO_BODY if body is None else body, error.status, error.headers)
        return _write(answer, failed=True)
    except Exception:  # noqa: BLE001 (the service answers whatever breaks in it)
        _log.exception("%s %s broke", request.method, request.path)
        body = ArmError(500, "ServiceError", "InternalServerError").body(location)
        return _write(ArmResponse(body, 500, {"x-ms-failure-cause": "service"}), failed=True)


async def _carry_out(emulator: Emulator, match: Match, request: ArmRequest) -> ArmResponse:
    """Answer a call, or with what was there before the last write if that is asked for."""
    stale = emulator.control.stale
    old = stale.take(request.method, request.path)
    if old is not None:
        return old
    before = None
    if stale.concerns(request.method, request.path):
        before = await _shown(emulator, request)
    answer = await match.handler(emulator, request)
    if before is not None:
        stale.keep(request.path, before)
    return answer


async def _shown(emulator: Emulator, request: ArmRequest) -> ArmResponse | None:
    """What a GET of the same resource answers now; None where it is not to be read."""
    match = find_route("GET", request.target.partition("?")[0])
    if match is None:
        return None
    try:
        return await match.handler(emulator, replace(request, method="GET", body={}))
    except ArmError as error:
        body = error.body(request.workspace.spec.location)
        return ArmResponse(NO_BODY if body is None else body, error.status, error.headers)


def _token(request: web.Request) -> str:
    """The bearer token; empty where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _authenticate(request: web.Request) -> None:
    if _token(request):
        return
    message = "Authentication failed. The 'Authorization' header is missing."
    challenge = {"WWW-Authenticate": 'Bearer authorization_uri="https://login.windows.net/"'}
    raise gateway_error(401, "AuthenticationFailed", message, **challenge)


def _route(request: web.Request) -> Match:
    if not request.query.get("api-version"):
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise gateway_error(400, "MissingApiVersionParameter", message)
    match = find_route(request.method, request.raw_path.partition("?")[0])
    if match is None:
        message = f"No route is registered for {request.method} {request.path}."
        raise gateway_error(404, "InvalidResourceType", message)
    return match


def _workspace(emulator: Emulator, match: Match) -> Workspace:
    """The workspace a call is about; for calls by location, one that is there."""
    params = match.params
    found = list(emulator.store.workspaces.values())
    subscription = params["subscription"]
    found = [w for w in found if w.spec.subscription_id.lower() == subscription.lower()]
    if not found:
        message = f"The subscription '{subscription}' could not be found."
        raise gateway_error(404, "SubscriptionNotFound", message)
    if "location" in params:
        found = [w for w in found if w.spec.location == params["location"].lower()]
        if not found:
            message = f"The location '{params['location']}' has no {PROVIDER} resources."
            raise gateway_error(404, "InvalidLocation", message)
        return found[0]
    group = params["group"]
    found = [w for w in found if w.spec.resource_group.lower() == group.lower()]
    if not found:
        message = f"Resource group '{group}' could not be found."
        raise gateway_error(404, "ResourceGroupNotFound", message)
    name = params.get("workspace")
    if name is None:
        return found[0]
    for workspace in found:
        if workspace.spec.name.lower() == name.lower():
            return workspace
    raise workspace_not_found(name, group)


def _user(emulator: Emulator, request: web.Request) -> str:
    """Who calls: the token's ``user:NAME``, or whom the control prefix has set."""
    kind, _, name = _token(request).partition(":")
    return name.strip() if kind == "user" and name.strip() else emulator.control.user


async def _read(request: web.Request, match: Match, workspace: Workspace, user: str) -> ArmRequest:
    content = await request.read()
    try:
        body: Json = json.loads(content) if content.strip() else {}
    except ValueError as error:
        message = "The request content was invalid and could not be deserialized."
        raise gateway_error(400, "InvalidRequestContent", message) from error
    if not isinstance(body, dict) or not isinstance(body.get("properties", {}), dict | None):
        message = "The request content and its properties must be JSON objects."
        raise gateway_error(400, "InvalidRequestContent", message)
    return ArmRequest(
        method=request.method,
        path=request.path,
        params=as_known(match.params, workspace.endpoints),
        query=request.query,
        body=body,
        origin=str(request.url.origin()),
        workspace=workspace,
        user=user,
        target=request.raw_path,
    )


def _write(answer: ArmResponse, *, failed: bool = False) -> web.Response:
    request_id = str(uuid.uuid4())
    headers = {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "x-ms-correlation-request-id": request_id,
        "x-ms-request-id": request_id,
        "x-ms-response-type": "error" if failed else "standard",
        "X-Content-Type-Options": "nosniff",
        **answer.headers,
    }
    if answer.body is NO_BODY:
        return web.Response(status=answer.status, headers=headers)
    content = json.dumps(answer.body).encode()
    return web.Response(
        status=answer.status, headers=headers | {"Content-Type": _JSON}, body=content
    )
