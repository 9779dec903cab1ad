"""Things that were just read, kept for a while and not in any number."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

MOST = 256


class Recent[Key: Hashable, Value]:
    """What was read by key, for some seconds; the oldest gives way. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._kept: OrderedDict[Key, tuple[Value, float]] = OrderedDict()

    def get(self, key: Key, read: Callable[[], Value]) -> Value:
        """What is kept, or else what `read` gives; two threads may read the same at once.

        Raises:
            Exception: What `read` raises; nothing is kept then.
        """
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        value = read()
        with self._lock:
            self._kept[key] = (value, time.monotonic() + self._seconds)
            self._kept.move_to_end(key)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return value
