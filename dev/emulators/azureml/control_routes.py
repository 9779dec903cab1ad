"""HTTP of the control prefix, ``/_emulator/``, for tests and demonstrations."""

from __future__ import annotations

import json

from aiohttp import web

from dev.emulators.azureml.control import BadControlError, Speed
from dev.emulators.azureml.emulator import EMULATOR
from dev.emulators.azureml.machines import limit_of
from dev.emulators.azureml.wire import Json

PREFIX = "/_emulator"


async def _reset(request: web.Request) -> web.Response:
    await request.app[EMULATOR].reset()
    return web.Response(status=204)


async def _provisioning(request: web.Request) -> web.Response:
    emulator = request.app[EMULATOR]
    raw = await _json(request)
    try:
        speed = Speed(
            seconds=float(raw["seconds"]),
            workspace=str(raw.get("workspace", "")),
            endpoint=str(raw.get("endpoint", "")),
            deployment=str(raw.get("deployment", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=f"not a provisioning time: {error!r}") from error
    emulator.control.speeds.append(speed)
    emulator.lifecycle.respeed()
    return web.Response(status=204)


async def _add_faults(request: web.Request) -> web.Response:
    """One fault or a list of them.

    ``{"path": regex, "method", "times"}`` with ``status``, ``body``, ``text``, ``headers``,
    ``delay_seconds``, ``drop``, ``applied``, or with ``answer``, a name of `wordings`, is for
    calls;
    ``{"deployment_fails"|"endpoint_fails": {…}}`` is for operations that are to fail,
    ``{"operation_hangs": {"endpoint", "deployment", "kinds"}}`` for those that do not end while it
    is there, ``{"stale_reads": {"path": regex, "reads", "writes"}}`` for what is read after writes.
    """
    raw = await _json(request)
    try:
        for fault in raw if isinstance(raw, list) else [raw]:
            request.app[EMULATOR].control.add_fault(fault)
    except BadControlError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    return web.Response(status=204)


async def _permissions(request: web.Request) -> web.Response:
    """``{"workspace": name, "permissions": […]}`` or ``{"workspace": name, "without": […]}``.

    Without a workspace they are the subscription's, where sizes and usages are.
    """
    try:
        request.app[EMULATOR].control.set_roles(await _json(request))
    except BadControlError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    return web.Response(status=204)


async def _quota(request: web.Request) -> web.Response:
    """``{"name": "standardDSv2Family", "limit": 8}``; ``TotalDedicatedCores`` is all together."""
    raw = await _json(request)
    try:
        name, limit = str(raw["name"]), int(raw["limit"])
        limit_of(name, {})
    except (KeyError, TypeError, ValueError) as error:
        raise web.HTTPBadRequest(text=f"not a quota: {error!r}") from error
    request.app[EMULATOR].control.limits[name] = limit
    return web.Response(status=204)


async def _computes(request: web.Request) -> web.Response:
    """``{"workspace": …, "name": …, "provisioning_state": "Failed"}``."""
    raw = await _json(request)
    try:
        key = str(raw["workspace"]), str(raw["name"])
        state = str(raw["provisioning_state"])
    except (KeyError, TypeError) as error:
        raise web.HTTPBadRequest(text=f"not a compute: {error!r}") from error
    request.app[EMULATOR].control.compute_states[key] = state
    return web.Response(status=204)


async def _user(request: web.Request) -> web.Response:
    """``{"name": …}``: whose name is on what is created from now on."""
    try:
        request.app[EMULATOR].control.user = str((await _json(request))["name"])
    except (KeyError, TypeError) as error:
        raise web.HTTPBadRequest(text=f"not a user: {error!r}") from error
    return web.Response(status=204)


async def _delete_faults(request: web.Request) -> web.Response:
    request.app[EMULATOR].control.clear_faults()
    return web.Response(status=204)


async def _requests(request: web.Request) -> web.Response:
    return web.json_response(list(request.app[EMULATOR].control.requests))


async def _delete_requests(request: web.Request) -> web.Response:
    request.app[EMULATOR].control.requests.clear()
    return web.Response(status=204)


async def _state(request: web.Request) -> web.Response:
    return web.json_response(request.app[EMULATOR].store.to_json())


async def _json(request: web.Request) -> Json:
    try:
        body: Json = json.loads(await request.read())
    except ValueError as error:
        raise web.HTTPBadRequest(text="not JSON") from error
    return body


def add_control_routes(app: web.Application) -> None:
    """Add the control prefix to the emulator's application."""
    app.router.add_post(f"{PREFIX}/reset", _reset)
    app.router.add_post(f"{PREFIX}/provisioning", _provisioning)
    app.router.add_post(f"{PREFIX}/faults", _add_faults)
    app.router.add_delete(f"{PREFIX}/faults", _delete_faults)
    app.router.add_post(f"{PREFIX}/permissions", _permissions)
    app.router.add_post(f"{PREFIX}/quota", _quota)
    app.router.add_post(f"{PREFIX}/computes", _computes)
    app.router.add_post(f"{PREFIX}/user", _user)
    app.router.add_get(f"{PREFIX}/requests", _requests)
    app.router.add_delete(f"{PREFIX}/requests", _delete_requests)
    app.router.add_get(f"{PREFIX}/state", _state)
