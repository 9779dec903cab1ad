"""A host that is ARM for one endpoint, and answers what that endpoint is asked with any bytes."""

import json
import socketserver
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from types import TracebackType
from typing import Self

import psutil

KEY = "endpoint-key"
LONGEST = 65_536


class RawHost:
    """Listens until the context is left."""

    def __init__(self, parts: Callable[[], Iterator[bytes]]) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.parts = parts
        self._server.authorizations = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def authorizations(self) -> list[str]:
        """What the endpoint was asked with."""
        return list(self._server.authorizations)

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.over.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    parts: Callable[[], Iterator[bytes]]
    authorizations: list[str]

    def __init__(self, address: tuple[str, int], handler: type["_Handler"]) -> None:
        super().__init__(address, handler)
        self.over = Event()


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(5)
        try:
            head = self._head()
            if head.startswith("POST /raw"):
                self._score(head)
            elif head:
                self._arm(head)
        except OSError:
            return

    def _head(self) -> str:
        """The request's head; its body, which is short, is read with it or after it."""
        got = b""
        while b"\r\n\r\n" not in got:
            more = self.request.recv(LONGEST)
            if not more:
                return ""
            got += more
        head, _, body = got.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        fields = [line.partition(":") for line in text.split("\r\n")[1:]]
        length = next((int(v) for n, _, v in fields if n.lower() == "content-length"), 0)
        while len(body) < length:
            body += self.request.recv(LONGEST)
        return text

    def _score(self, head: str) -> None:
        lines = (line.partition(": ") for line in head.split("\r\n"))
        self.server.authorizations += [
            value for name, _, value in lines if name.lower() == "authorization"
        ]
        for part in self.server.parts():
            if self.server.over.is_set():
                return
            self.request.sendall(part)

    def _arm(self, head: str) -> None:
        host, port = self.server.server_address[:2]
        properties = {
            "provisioningState": "Succeeded",
            "authMode": "Key",
            "scoringUri": f"http://{host!s}:{port}/raw",
        }
        shown: object = {"name": "ep", "location": "westeurope", "properties": properties}
        if "/listKeys" in head.partition("\r\n")[0]:
            shown = {"primaryKey": KEY, "secondaryKey": KEY}
        body = json.dumps(shown).encode()
        fields = b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d"
        self.request.sendall(b"HTTP/1.1 200 OK\r\n" + fields % len(body) + b"\r\n\r\n" + body)


class Peak:
    """How much more memory a process takes at its worst while the context is entered."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._before = process.memory_info().rss
        self.growth = 0

    def _look(self) -> None:
        while not self._over.is_set():
            self.growth = max(self.growth, self._process.memory_info().rss - self._before)
            time.sleep(0.02)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
