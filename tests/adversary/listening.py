"""A host of the adversary's: it takes down who comes, and answers what gives credentials away.

It listens on loopback and is the proxy of the function app's process: whatever that process sends
to an address beyond this machine arrives here, by whatever name it goes.
"""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from types import TracebackType
from typing import Self

import pytest

CHALLENGE = (
    b"HTTP/1.1 401 Unauthorized\r\n"
    b'WWW-Authenticate: Bearer authorization_uri="https://login.microsoftonline.com/adversary", '
    b'resource_id="https://management.azure.com/"\r\n'
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
"""What the blob client answers with a token for whatever audience is named."""

LONGEST = 65_536


class Listener:
    """Listens until the context is left."""

    def __init__(self, answer: bytes = CHALLENGE) -> None:
        self._answer = answer
        self._lock = Lock()
        self._seen: list[bytes] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.listener = self

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def seen(self) -> list[str]:
        """The first line of everything that came."""
        with self._lock:
            return [each.partition(b"\r\n")[0].decode("latin-1") for each in self._seen]

    @property
    def credentials(self) -> list[str]:
        """Every line that holds a token, a key or a signature."""
        with self._lock:
            lines = [line for each in self._seen for line in each.decode("latin-1").splitlines()]
        return [
            line for line in lines if line.lower().startswith("authorization") or "sig=" in line
        ]

    def take(self, request: bytes) -> bytes:
        """Note what came; what it is answered."""
        with self._lock:
            self._seen.append(request)
        return self._answer

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def as_proxy(listener: Listener) -> Iterator[None]:
    """Let processes that are started meanwhile reach all but this machine through the listener."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, f"http://{listener.address}")
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


class _Handler(socketserver.BaseRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self.request.settimeout(5)
        try:
            first = self.request.recv(LONGEST)
            self.request.sendall(self.server.listener.take(first))
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    listener: Listener
