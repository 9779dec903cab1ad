"""Rate limits: how many requests of one kind a minute and an hour are taken.

Documented per subscription
(learn.microsoft.com/azure/communication-services/concepts/service-limits#email): an own domain
sends 30 a minute and 100 an hour, an Azure-managed one 5 and 10; status reads have limits of their
own, twice as high. How rejected requests count is not documented: here they do not.
"""

import math
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
    """Counts accepted requests in sliding windows."""

    quota: Quota = Quota()
    _accepted: deque[float] = field(default_factory=deque)

    def retry_after_seconds(self, now: float) -> int | None:
        """Seconds until the next request would be taken, or None when it is taken now.

        Args:
            now: A monotonic time in seconds.
        """
        while self._accepted and self._accepted[0] <= now - HOUR_SECONDS:
            self._accepted.popleft()
        waits = [
            self._wait(now, self.quota.per_minute, MINUTE_SECONDS),
            self._wait(now, self.quota.per_hour, HOUR_SECONDS),
        ]
        longest = max(waits)
        return math.ceil(longest) if longest > 0 else None

    def count(self, now: float) -> None:
        """Notes an accepted request."""
        self._accepted.append(now)

    def _wait(self, now: float, limit: int | None, window_seconds: int) -> float:
        if limit is None:
            return 0
        if limit == 0:
            return window_seconds
        inside = [at for at in self._accepted if at > now - window_seconds]
        return 0 if len(inside) < limit else inside[-limit] + window_seconds - now
