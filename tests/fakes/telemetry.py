"""Telemetry that is kept in lists."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.domain.release import ReleaseId
from shared.ports import Counter, Timing


class FakeTelemetry:
    """What was done for which release, what was counted, what was timed."""

    def __init__(self) -> None:
        self.done: list[tuple[ReleaseId, str, str | None]] = []
        self.counted: list[tuple[Counter, dict[str, str]]] = []
        self.timed: list[tuple[Timing, float, dict[str, str]]] = []

    @contextmanager
    def release(
        self, *, release_id: ReleaseId, doing: str, stage: str | None = None
    ) -> Iterator[None]:
        self.done.append((release_id, doing, stage))
        yield

    def count(self, counter: Counter, **attributes: str) -> None:
        self.counted.append((counter, attributes))

    def time(self, timing: Timing, *, seconds: float, **attributes: str) -> None:
        self.timed.append((timing, seconds, attributes))
