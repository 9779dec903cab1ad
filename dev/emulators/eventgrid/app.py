"""Event Grid's routes."""

from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from dev.emulators.eventgrid import control, pages, responses, subscriptions
from dev.emulators.eventgrid.delivery import Deliverer
from dev.emulators.eventgrid.models import Settings, State
from dev.emulators.eventgrid.responses import DELIVERER, SESSION, STATE, error_middleware
from dev.emulators.eventgrid.schemas import MAX_BATCH_BYTES

_ROOM_TO_MEASURE_BYTES = 4 * MAX_BATCH_BYTES
"""Bodies past the limit are still read, to be refused in the service's words."""


def create_app(settings: Settings) -> web.Application:
    """Builds the emulator; serve it on 127.0.0.1."""
    app = web.Application(client_max_size=_ROOM_TO_MEASURE_BYTES, middlewares=[error_middleware])
    app[STATE] = State(settings)
    app.cleanup_ctx.append(_delivering)
    app.add_routes(
        [
            web.post("/topics/{name}/api/events", responses.publish),
            web.get("/", pages.events),
            web.post("/_emulator/system-topics/events", responses.publish_system_events),
            web.get("/_emulator/topics/{name}/events", control.list_events),
            web.get("/_emulator/subscriptions", subscriptions.list_all),
            web.put("/_emulator/subscriptions/{name}", subscriptions.put),
            web.delete("/_emulator/subscriptions/{name}", subscriptions.delete),
            web.get("/_emulator/deliveries", control.list_deliveries),
            web.get("/_emulator/dead-letters", control.list_dead_letters),
            web.post("/_emulator/duplicate", control.duplicate),
            web.post("/_emulator/reorder", control.reorder),
            web.post("/_emulator/retry-scale", control.set_retry_scale),
            web.post("/_emulator/faults", control.add_fault),
            web.post("/_emulator/reset", control.reset),
        ]
    )
    return app


async def _delivering(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        deliverer = Deliverer(app[STATE], session)
        app[SESSION], app[DELIVERER] = session, deliverer
        deliverer.resume()
        yield
        await deliverer.stop()
