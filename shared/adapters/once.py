"""What is dear to make is made when it is first needed, once for all threads.

`functools.cached_property` has no lock since Python 3.12: threads that come together would make
one each.
"""

from collections.abc import Callable
from threading import Lock


class Once[T]:
    """Calls `make` at the first call; where that raises, the next call tries again."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        """What was made."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]
