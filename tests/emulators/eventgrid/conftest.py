"""Event Grid and a webhook, each on a free port of 127.0.0.1."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dev.emulators.eventgrid import Settings, create_app
from tests.emulators.eventgrid.support import KEY, TOPIC, Grid, Serve, Webhook


@pytest.fixture
async def webhook() -> Webhook:
    return Webhook()


@pytest.fixture
async def webhook_server(webhook: Webhook) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_route("*", "/webhook", webhook.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield server
    await server.close()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers = []

    async def start(state_dir: Path | None = None) -> TestServer:
        server = TestServer(create_app(Settings({TOPIC: KEY}, state_dir)), host="127.0.0.1")
        await server.start_server()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def server(serve: Serve) -> TestServer:
    return await serve()


@pytest.fixture
async def grid(server: TestServer, webhook_server: TestServer) -> AsyncIterator[Grid]:
    async with aiohttp.ClientSession(server.make_url("/")) as http:
        yield Grid(http, str(webhook_server.make_url("/webhook")))
