"""Failures on order: what a fake shall fail with at its next calls."""

from collections import defaultdict, deque

from shared.domain.errors import Failure, FailureKind, StepError

PASSING = Failure(FailureKind.TRANSIENT, "ServiceUnavailable", "The service is busy.")


class Faults:
    """Failures by method name, each met once."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Failure]] = defaultdict(deque)

    def add(self, method: str, failure: Failure = PASSING, *, times: int = 1) -> None:
        """Let the next calls of a method raise `StepError`."""
        self._waiting[method].extend([failure] * times)

    def meet(self, method: str) -> None:
        """Raise what was ordered for this method, if anything."""
        if self._waiting[method]:
            raise StepError(self._waiting[method].popleft())
