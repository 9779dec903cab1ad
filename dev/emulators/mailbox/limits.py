"""Rate limits: how many requests of one kind a minute and an hour are taken.

Documented per subscription
(learn.microsoft.com/azure/communication-services/concepts/service-limits#email): an own domain
sends 30 a minute and 100 an hour, an Azure-managed one 5 and 10; status reads have limits of their
own, twice as high. "All requests accrue against your usage limits" there: rejected ones as well.
"""

from collections import deque
from dataclasses import dataclass, field

MINUTE_SECONDS = 60
HOUR_SECONDS = 3600
READS_PER_SEND = 2


@dataclass(frozen=True)
class Quota:
    """How many mails are accepted in any 60 seconds and any 60 minutes; None is unlimited."""

    per_minute: int | None = None
    per_hour: int | None = None

    def for_reads(self) -> "Quota":
        """The quota of status reads that belongs to this quota of sends."""
        return Quota(*(n and n * READS_PER_SEND for n in (self.per_minute, self.per_hour)))


NAMED_QUOTAS = {"unlimited": Quota(), "managed": Quota(5, 10), "own": Quota(30, 100)}
"""The limits that a new Azure subscription begins with, by kind of domain."""


@dataclass
class RateLimit:
    """Counts requests in sliding windows."""

    quota: Quota = Quota()
    _came: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Whether a request that comes now is within the limits; it counts in any case.

        Args:
            now: A monotonic time in seconds.
        """
        while self._came and self._came[0] <= now - HOUR_SECONDS:
            self._came.popleft()
        minute = self._has_room(now, self.quota.per_minute, MINUTE_SECONDS)
        hour = self._has_room(now, self.quota.per_hour, HOUR_SECONDS)
        self._came.append(now)
        return minute and hour

    def _has_room(self, now: float, limit: int | None, window_seconds: int) -> bool:
        return limit is None or sum(at > now - window_seconds for at in self._came) < limit
