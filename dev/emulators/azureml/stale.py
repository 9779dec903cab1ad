"""Reads that come too early: after a write, a resource is shown for a while as it was before.

ARM's front ends and Azure ML's own caches do so now and then. Only the resource itself is stale,
not lists that it is in, nor the operation that the write started.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dev.emulators.azureml.wire import ArmResponse

WRITES = frozenset({"PUT", "PATCH", "DELETE"})


@dataclass
class StaleReads:
    """What a control call asked for."""

    path: re.Pattern[str]
    """Searched for in the resource's path."""
    reads: int
    """How many GETs after such a write show what was there before it."""
    writes: int
    """How many writes are to have that effect."""


@dataclass
class _Before:
    answer: ArmResponse
    left: int


class Stale:
    """All stale resources, by their path without regard to case."""

    def __init__(self) -> None:
        self._asked: list[StaleReads] = []
        self._before: dict[str, _Before] = {}

    def clear(self) -> None:
        """Show everything as it is."""
        self._asked.clear()
        self._before.clear()

    def add(self, asked: StaleReads) -> None:
        """Let writes that are still to come have stale reads."""
        self._asked.append(asked)

    def concerns(self, method: str, path: str) -> bool:
        """Whether reads after this call are to be stale."""
        return method in WRITES and self._next(path) is not None

    def _next(self, path: str) -> StaleReads | None:
        return next((a for a in self._asked if a.writes > 0 and a.path.search(path)), None)

    def keep(self, path: str, answer: ArmResponse) -> None:
        """Note what a GET answered just before a write."""
        asked = self._next(path)
        if asked is not None:
            asked.writes -= 1
            self._before[path.lower()] = _Before(answer, asked.reads)

    def take(self, method: str, path: str) -> ArmResponse | None:
        """The old answer that this call is to get; None where it gets the present one."""
        before = self._before.get(path.lower()) if method == "GET" else None
        if before is None or before.left <= 0:
            return None
        before.left -= 1
        return before.answer
