"""Counting what several threads do."""

from collections import Counter
from threading import Lock


class Tally:
    """A counter that loses nothing when two threads raise it at once, as `+=` does."""

    def __init__(self) -> None:
        self._counts = Counter[object]()
        self._lock = Lock()

    def add(self, what: object) -> int:
        """One more of it; how often that makes."""
        with self._lock:
            self._counts[what] += 1
            return self._counts[what]

    def __getitem__(self, what: object) -> int:
        with self._lock:
            return self._counts[what]

    def counts(self) -> list[int]:
        with self._lock:
            return list(self._counts.values())
