"""Counts what the function process sends and receives; it changes nothing.

Python imports this when it starts with this folder on PYTHONPATH. It acts in the process that runs
`dev.host`, where `MODELGATE_METER` names a file to write: bytes on Python's sockets by the peer's
port, and HTTP requests by port, method and path. gRPC has sockets of its own and is not counted; it
carries only what goes between the engine and the app.
"""

import http.client
import json
import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVERY_SECONDS = 0.2


class Meter:
    """The counts, and the thread that writes them to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._bytes: Counter[tuple[str, int]] = Counter()
        self._requests: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to count and to write."""
        for name in ("recv", "recv_into"):
            self._count_bytes(name, "received", _given_back)
        for name in ("send", "sendmsg"):
            self._count_bytes(name, "sent", _given_back)
        self._count_bytes("sendall", "sent", lambda _, data: memoryview(data).nbytes)
        self._count_requests()
        threading.Thread(target=self._keep_writing, name="meter", daemon=True).start()

    def _count_bytes(self, name: str, direction: str, size: Callable[[Any, Any], int]) -> None:
        inherited = getattr(socket.socket, name)

        def counting(sock: socket.socket, *args: Any, **named: Any) -> Any:  # noqa: ANN401 (any method)
            result = inherited(sock, *args, **named)
            self._add(direction, sock, size(result, args[0]))
            return result

        setattr(socket.socket, name, counting)

    def _add(self, direction: str, sock: socket.socket, number: int) -> None:
        try:
            peer = sock.getpeername()
        except OSError:  # closed by the other side meanwhile
            peer = None
        port = peer[1] if isinstance(peer, tuple) else 0
        with self._lock:
            self._bytes[direction, port] += number

    def _count_requests(self) -> None:
        inherited = http.client.HTTPConnection.putrequest

        def counting(
            connection: http.client.HTTPConnection,
            method: str,
            url: str,
            *args: Any,  # noqa: ANN401 (whatever it takes)
            **named: Any,  # noqa: ANN401
        ) -> None:
            with self._lock:
                self._requests[f"{connection.port} {method} {url}"] += 1
            inherited(connection, method, url, *args, **named)

        setattr(http.client.HTTPConnection, "putrequest", counting)  # noqa: B010 (mypy)

    def _keep_writing(self) -> None:
        while True:
            with self._lock:
                counts = {
                    "pid": os.getpid(),
                    "bytes": [[*key, number] for key, number in self._bytes.items()],
                    "requests": dict(self._requests),
                }
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(counts))
            new.replace(self._file)
            time.sleep(EVERY_SECONDS)


def _given_back(result: bytes | int, _: object) -> int:
    return len(result) if isinstance(result, bytes) else result


if "MODELGATE_METER" in os.environ and "dev.host" in sys.orig_argv:
    Meter(Path(os.environ["MODELGATE_METER"])).start()
