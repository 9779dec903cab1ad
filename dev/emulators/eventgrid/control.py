"""What tests and tools use: `/_emulator/` apart from subscriptions."""

from typing import Any

from aiohttp import web

from dev.emulators.eventgrid.exceptions import EventGridError, invalid_request
from dev.emulators.eventgrid.models import Fault
from dev.emulators.eventgrid.responses import DELIVERER, STATE
from dev.emulators.eventgrid.subscriptions import read_object


async def list_events(request: web.Request) -> web.StreamResponse:
    """`GET /_emulator/topics/{name}/events`: what a custom topic took, oldest first."""
    state = request.app[STATE]
    name = request.match_info["name"]
    if name not in state.settings.topics:
        raise EventGridError(404, "NotFound", "The topic does not exist.")
    taken = state.published_to(state.topic_id(name))
    return web.json_response([dict(published.event.body) for published in taken])


async def list_deliveries(request: web.Request) -> web.StreamResponse:
    """`GET /_emulator/deliveries`: every attempt for every event, oldest first."""
    return web.json_response(request.app[STATE].attempts)


async def list_dead_letters(request: web.Request) -> web.StreamResponse:
    """`GET /_emulator/dead-letters`: events given up, with the reason, in the delivery's schema."""
    return web.json_response(request.app[STATE].dead_letters)


async def duplicate(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/duplicate` `{"times": n}`: the next n events go out twice."""
    request.app[STATE].duplicate_events = _count(await read_object(request), "times")
    return web.Response(status=204)


async def reorder(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/reorder` `{"events": n}`: the next n wait for the last, which goes first."""
    request.app[DELIVERER].hold(_count(await read_object(request), "events"))
    return web.Response(status=204)


async def set_retry_scale(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/retry-scale` `{"factor": 0.01}`: shortens waits that begin later, and lives.

    Both the waits between attempts and the time to live are multiplied.
    """
    factor = (await read_object(request)).get("factor")
    if not isinstance(factor, int | float) or factor < 0:
        raise invalid_request("factor must be a number, 0 or more.")
    request.app[STATE].retry_scale = factor
    return web.Response(status=204)


async def add_fault(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/faults` `{"status", "times": 1, "retry_after"}` fails next publications."""
    wanted = await read_object(request)
    status = _count(wanted, "status")
    if not 400 <= status <= 599:
        raise invalid_request("status must be an HTTP error status.")
    retry_after = _count(wanted, "retry_after") if "retry_after" in wanted else None
    fault = Fault(status, _count({"times": 1, **wanted}, "times"), retry_after)
    request.app[STATE].faults.append(fault)
    return web.Response(status=204)


async def reset(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/reset` forgets everything, subscriptions too."""
    await request.app[DELIVERER].stop()
    request.app[STATE].reset()
    return web.Response(status=204)


def _count(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise invalid_request(f"{name} must be a whole number, 0 or more.")
    return value
