"""What may come between a view's read and its write, and an engine that is away."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from shared.domain.release import ReleaseId
from tests.fakes.failures import Faults
from tests.unit.web.support import (
    Desk,
)


class Meanwhile(Faults):
    """Does something else just before a save, as often as told."""

    def __init__(self, what: Callable[[], object], times: int = 1) -> None:
        super().__init__()
        self._what = what
        self._times = times

    def meet(self, method: str) -> None:
        super().meet(method)
        if method == "save" and self._times:
            times, self._times = self._times - 1, 0  # what is done now saves, too
            self._what()
            self._times = times


def touch(desk: Desk) -> None:
    """Write the release, as the workflow does when it has sent a mail."""
    release = desk.release
    desk.save(replace(release, updated_at=release.updated_at + timedelta(seconds=1)))


class Unreachable:
    """An engine that cannot be reached; `on_ring` is called first."""

    def __init__(self, on_ring: Callable[[], object] = lambda: None) -> None:
        self._on_ring = on_ring

    def start(self, *, release_id: ReleaseId) -> None:
        raise ConnectionError(release_id)

    def ring(self, *, release_id: ReleaseId) -> None:
        self._on_ring()
        raise ConnectionError(release_id)

    def is_running(self, *, release_id: ReleaseId) -> bool:
        raise ConnectionError(release_id)
