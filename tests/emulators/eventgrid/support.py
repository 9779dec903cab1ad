"""What Event Grid's tests share: a webhook that notes what it gets, and events."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

TOPIC = "releases"
KEY = "a-key-of-the-tests-alone"
WORKSPACE = (
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/qa"
)

Serve = Callable[..., Coroutine[Any, Any, TestServer]]
"""Starts an emulator; takes `state_dir`."""


@dataclass
class Received:
    """One notification."""

    headers: dict[str, str]
    body: Any

    @property
    def event(self) -> dict[str, Any]:
        """The only event of an array, or the object."""
        found: dict[str, Any] = self.body[0] if isinstance(self.body, list) else self.body
        return found


@dataclass
class Webhook:
    """An endpoint as the Functions host has it; answers notifications with the statuses told."""

    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Of the next notifications; 202 when none is left."""

    validation_status: int = 200
    echo: bool = True
    allowed_origin: str | None = "eventgrid.azure.net"
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "OPTIONS":
            headers = {"WebHook-Allowed-Origin": self.allowed_origin} if self.allowed_origin else {}
            return web.Response(headers=headers)
        body = json.loads(await request.text())
        if request.headers["aeg-event-type"] == "SubscriptionValidation":
            code = body[0]["data"]["validationCode"] if self.echo else "another"
            text = json.dumps({"validationResponse": code})
            return web.Response(text=text, status=self.validation_status)
        status = self.statuses.pop(0) if self.statuses else 202
        self.received.append(Received(dict(request.headers), body))
        self.seen.set()
        return web.Response(status=status)

    async def wait_for(self, count: int) -> list[Received]:
        """The notifications, once there are that many."""
        async with asyncio.timeout(5):
            while len(self.received) < count:
                self.seen.clear()
                await self.seen.wait()
        return self.received


@dataclass
class Grid:
    """The emulator as tests speak to it."""

    http: aiohttp.ClientSession
    webhook_url: str

    async def subscribe(self, name: str = "releases-sub", **settings: object) -> tuple[int, Any]:
        body = {"source": WORKSPACE, "endpoint": f"{self.webhook_url}?code=secret", **settings}
        async with self.http.put(f"/_emulator/subscriptions/{name}", json=body) as response:
            return response.status, await response.json()

    async def emit(self, *events: dict[str, Any]) -> int:
        path = "/_emulator/system-topics/events"
        async with self.http.post(path, json=list(events)) as response:
            return response.status

    async def control(self, path: str, body: dict[str, Any]) -> int:
        async with self.http.post(f"/_emulator/{path}", json=body) as response:
            return response.status

    async def get(self, path: str) -> Any:  # noqa: ANN401  # any JSON value
        async with self.http.get(f"/_emulator/{path}") as response:
            return await response.json()

    async def eventually(self, path: str, count: int) -> list[dict[str, Any]]:
        """A list of the control prefix, once it is that long."""
        async with asyncio.timeout(5):
            found: list[dict[str, Any]] = await self.get(path)
            while len(found) < count:
                await asyncio.sleep(0.01)
                found = await self.get(path)
        return found


def registered(version: int = 20, **changes: object) -> dict[str, Any]:
    """A `ModelRegistered` event as the documentation shows it."""
    return {
        "topic": WORKSPACE,
        "subject": f"models/sklearn_regression_model:{version}",
        "eventType": "Microsoft.MachineLearningServices.ModelRegistered",
        "eventTime": "2017-06-26T18:41:00.9584103Z",
        "id": f"831e1650-001e-001b-66ab-{version:012}",
        "data": {"ModelName": "sklearn_regression_model", "ModelVersion": version},
        "dataVersion": "",
        "metadataVersion": "1",
        **changes,
    }
