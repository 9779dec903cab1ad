"""An emulator in a thread of its own, with inference servers that answer without a model."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from types import TracebackType
from typing import Any, Self

import requests
from aiohttp import web

from dev.emulators.azureml import Settings, create_app
from dev.emulators.azureml.scoring import ScoringServer, ScoringSpec, ScoringStartError


class EchoServer:
    """Answers /score with the deployment it is for."""

    def __init__(self, spec: ScoringSpec) -> None:
        self.spec = spec
        self.address = ""
        self.stopped = False
        self._runner: web.AppRunner | None = None
        self._socket = socket.socket()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/score", self._score)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        self._socket.bind(("127.0.0.1", 0))
        await web.SockSite(self._runner, self._socket).start()
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def _score(self, request: web.Request) -> web.Response:
        files = sorted(
            str(p.relative_to(self.spec.model_dir))
            for p in self.spec.model_dir.rglob("*")
            if p.is_file()
        )
        return web.json_response(
            {"key": self.spec.deployment_key, "files": files, "sent": await request.json()}
        )

    def logs(self, tail: int) -> str:
        lines = [f"line {n} of {self.spec.deployment_key}" for n in range(5)]
        return "\n".join(lines[-tail:])

    async def stop(self) -> None:
        self.stopped = True
        if self._runner:
            await self._runner.cleanup()
        self._socket.close()


class EchoScorer:
    """Starts an `EchoServer` unless the script is called ``broken.py``."""

    def __init__(self) -> None:
        self.servers: list[EchoServer] = []

    async def start(self, spec: ScoringSpec) -> ScoringServer:
        if spec.environment_variables.get("BREAK") == "emulator":
            message = "no serving environment"
            raise FileNotFoundError(message)
        if spec.scoring_script == "broken.py":
            message = "the server ended"
            raise ScoringStartError(message, "Traceback ...\nValueError: no such thing")
        server = EchoServer(spec)
        self.servers.append(server)  # before it starts, which the emulator's end can cut short
        await server.start()
        return server

    async def close(self) -> None:
        for server in self.servers:
            await server.stop()


class Running:
    """A served emulator; leaving the context stops it as the stack would."""

    def __init__(self, settings: Settings, *, real_servers: bool = False) -> None:
        self.settings = settings
        self._real_servers = real_servers
        self.scorer = EchoScorer()
        self.url = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            # lets closed connections go before the loop is closed
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 (handed to the test's thread)
            self._error = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(
            create_app(self.settings, scorer=None if self._real_servers else self.scorer)
        )
        await runner.setup()
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        await web.SockSite(runner, sock).start()
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    def control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
        """Call the control prefix; its JSON, or None."""
        answer = requests.request(
            method, f"{self.url}/_emulator/{path}", data=json.dumps(body), timeout=30
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(30)
        if self._error:
            raise self._error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop and self._stop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        if self._error and error is None:
            raise self._error
