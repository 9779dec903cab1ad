"""A mailbox on a free port of 127.0.0.1, and the vendor's client for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from azure.communication.email.aio import EmailClient

from dev.emulators.mailbox import Settings, create_app
from tests.emulators.mailbox.support import ACCESS_KEY, Serve, client_for


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers = []

    async def start(state_dir: Path | None = None, retry_after_seconds: int = 0) -> TestServer:
        settings = Settings(ACCESS_KEY, "modelgate.example", state_dir, retry_after_seconds)
        server = TestServer(create_app(settings), host="127.0.0.1")
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
async def http(server: TestServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.make_url("/")) as session:
        yield session


@pytest.fixture
async def client(server: TestServer) -> AsyncIterator[EmailClient]:
    async with client_for(server) as client:
        yield client
