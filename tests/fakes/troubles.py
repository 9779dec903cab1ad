"""Troubles on order: what a fake shall fail with at its next calls."""

from collections import defaultdict, deque

from shared.domain.errors import Blame, StepError, Trouble

PASSING = Trouble(Blame.TECHNOLOGY, "ServiceUnavailable", "The service is busy.", retryable=True)


class Faults:
    """Failures by method name, each met once."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Trouble]] = defaultdict(deque)

    def add(self, method: str, trouble: Trouble = PASSING, *, times: int = 1) -> None:
        """Let the next calls of a method raise `StepError`."""
        self._waiting[method].extend([trouble] * times)

    def meet(self, method: str) -> None:
        """Raise what was ordered for this method, if anything."""
        if self._waiting[method]:
            raise StepError(self._waiting[method].popleft())
