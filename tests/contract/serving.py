"""An emulator on a free port of loopback, served from a thread: the adapters' clients block."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from urllib.request import Request, urlopen

from aiohttp import web


@contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """The address of a running application, without a closing slash."""
    ready = Event()
    address: list[str] = []
    stop = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        address.append(f"http://{host}:{port}")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    # asyncio.run lets closed connections go before it closes the loop
    thread = Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield address[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)


def call(address: str, body: object = None, *, method: str | None = None) -> Any:  # noqa: ANN401
    """The parsed answer of an emulator's own interface; a body is POSTed as JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = Request(address, data=data, headers=headers, method=method)  # noqa: S310 (loopback)
    with urlopen(request, timeout=10) as response:  # noqa: S310
        text = response.read()
    return json.loads(text) if text else None
