"""Publishing: what Azure's services and `azure-eventgrid` call."""

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from itertools import groupby

import aiohttp
from aiohttp import web

from dev.emulators.eventgrid.delivery import Deliverer
from dev.emulators.eventgrid.exceptions import EventGridError
from dev.emulators.eventgrid.models import State
from dev.emulators.eventgrid.schemas import parse_published, parse_system_events

STATE = web.AppKey("STATE", State)
DELIVERER = web.AppKey("DELIVERER", Deliverer)
SESSION = web.AppKey("SESSION", aiohttp.ClientSession)
API_VERSION = "2018-01-01"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def error_middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answers errors in the service's shape."""
    try:
        return await handler(request)
    except EventGridError as error:
        return _error_response(error)
    except web.HTTPRequestEntityTooLarge:
        return _error_response(
            EventGridError(413, "RequestEntityTooLarge", "The maximum size has been exceeded.")
        )


async def publish(request: web.Request) -> web.StreamResponse:
    """`POST /topics/{name}/api/events?api-version=2018-01-01`: 200 once the batch is taken."""
    state = request.app[STATE]
    name = _topic(request)
    _authorize(request, state.settings.topics[name])
    if request.query.get("api-version") != API_VERSION:
        raise EventGridError(400, "BadRequest", f"The api-version must be {API_VERSION}.")
    fault = state.next_fault()
    if fault:
        phrase = HTTPStatus(fault.status).phrase
        raise EventGridError(
            fault.status,
            phrase.title().replace(" ", ""),
            phrase,
            retry_after_seconds=fault.retry_after_seconds,
        )
    topic_id = state.topic_id(name)
    events = parse_published(await request.read(), request.content_type, topic_id)
    request.app[DELIVERER].publish(topic_id, events)
    return web.Response()


async def publish_system_events(request: web.Request) -> web.StreamResponse:
    """`POST /_emulator/system-topics/events`: an array in Event Grid schema with `topic` set."""
    events = parse_system_events(await request.read())
    for topic, group in groupby(events, key=lambda event: str(event.get("topic"))):
        request.app[DELIVERER].publish(topic, list(group))
    return web.Response()


def _topic(request: web.Request) -> str:
    name = request.match_info["name"]
    if name not in request.app[STATE].settings.topics:
        raise EventGridError(404, "NotFound", "The topic does not exist.")
    return name


def _authorize(request: web.Request, key: str) -> None:
    given = request.headers.get("aeg-sas-key")
    if given is None:
        message = "Request must contain one of the following authorization signature: aeg-sas-key."
        raise EventGridError(401, "Unauthorized", message)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), key.encode()):
        message = f"The request authorization key is not authorized for {request.host.upper()}."
        raise EventGridError(401, "Unauthorized", message)


def _error_response(error: EventGridError) -> web.Response:
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    detail = {"code": error.detail_code, "message": error.message}
    body = {"error": {"code": error.code, "message": error.message, "details": [detail]}}
    return web.json_response(body, status=error.status, headers=headers)
