"""Time that stands still until it is moved, and orchestrations that only count."""

from datetime import UTC, datetime, timedelta

from shared.domain.release import ReleaseId

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """The time, as a test sets it."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, **duration: float) -> datetime:
        """Move on by what `timedelta` takes: `advance(hours=1)`."""
        self.time += timedelta(**duration)
        return self.time


class FakeOrchestrations:
    """Which releases were started and rung; `running` may be changed at will."""

    def __init__(self) -> None:
        self.started: list[ReleaseId] = []
        self.rung: list[ReleaseId] = []
        self.running: set[ReleaseId] = set()

    def start(self, *, release_id: ReleaseId) -> None:
        if release_id not in self.running:
            self.running.add(release_id)
            self.started.append(release_id)

    def ring(self, *, release_id: ReleaseId) -> None:
        self.rung.append(release_id)

    def is_running(self, *, release_id: ReleaseId) -> bool:
        return release_id in self.running
