"""Somebody else's view of the service meanwhile: whether it answers, and how soon."""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

import requests

from tests.e2e.stacks import Stack

EVERY_SECONDS = 0.2
PATHS = ("/api/health", "/api/releases?pipeline=quiet")


class Watch:
    """Asks for health and another pipeline's releases until the context is left."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.worst_seconds = 0.0
        self.failures: list[str] = []

    def _look(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            for path in PATHS:
                began = time.monotonic()
                try:
                    answer = self._stack.call("GET", path)
                except requests.RequestException as error:
                    self.failures.append(f"{path}: {error!r}")
                    continue
                self.worst_seconds = max(self.worst_seconds, time.monotonic() - began)
                if not answer.ok:
                    self.failures.append(f"{path}: {answer.status_code}")

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
        self._thread.join(70)
