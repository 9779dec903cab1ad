"""Everything that happens later: one heap and one thread, however much waits."""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The time that all timestamps of the hub are in."""
    return datetime.now(UTC)


class Timers:
    """Runs actions at their time, in order, on one thread. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()  # equal times run in the order they were asked for
        self._thread: threading.Thread | None = None

    def at(self, when: datetime, action: Callable[[], None]) -> None:
        """Run `action` at `when` (aware), or as soon as possible if that is past."""
        with self._changed:
            heapq.heappush(self._heap, (when, next(self._order), action))
            self._changed.notify()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` in so many seconds."""
        self.at(utc_now() + timedelta(seconds=seconds), action)

    def clear(self) -> None:
        """Forget everything that waits."""
        with self._changed:
            self._heap.clear()

    def start(self) -> None:
        """Begin to run what is due."""
        self._thread = threading.Thread(target=self._run, name="engine-timers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what waits is kept for the next start."""
        thread, self._thread = self._thread, None
        with self._changed:
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (action := self._next_due()) is not None:
            action()

    def _next_due(self) -> Callable[[], None] | None:
        with self._changed:
            while self._thread is not None:
                if not self._heap:
                    self._changed.wait()
                    continue
                seconds = (self._heap[0][0] - utc_now()).total_seconds()
                if seconds <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(min(seconds, threading.TIMEOUT_MAX))
        return None
