"""What the token service knows, and how it is to fail."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_LIFETIME_SECONDS = 86_400
"""How long tokens of managed identities are good (Entra ID's page on them: 24 hours)."""

_REQUESTS_KEPT = 5000


@dataclass(frozen=True)
class Settings:
    """How the emulator is set up."""

    header: str
    """The secret that callers send as `X-IDENTITY-HEADER`."""

    client_ids: tuple[str, ...] = ()
    """The user-assigned identities that the app has; it has a system-assigned one as well."""


@dataclass
class Fault:
    """What requests get instead of a token."""

    status: int
    until: float
    """A monotonic time in seconds; infinity where only `times` ends it."""
    times: int | None
    """None for all until then."""
    retry_after_seconds: int | None = None
    drop: bool = False
    """Close the connection without an answer."""
    delay_seconds: float = 0.0

    def is_over(self, now: float) -> bool:
        """Whether it does nothing any more."""
        return now >= self.until or self.times == 0


@dataclass
class State:
    """All state; one per application, used from its event loop only."""

    settings: Settings
    lifetime_seconds: int = DEFAULT_LIFETIME_SECONDS
    faults: deque[Fault] = field(default_factory=deque)
    requests: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=_REQUESTS_KEPT))

    def reset(self) -> None:
        """Back to how a new emulator starts."""
        self.lifetime_seconds = DEFAULT_LIFETIME_SECONDS
        self.faults.clear()
        self.requests.clear()

    def next_fault(self) -> Fault | None:
        """The failure that the request at hand meets, counted down."""
        now = time.monotonic()
        while self.faults and self.faults[0].is_over(now):
            self.faults.popleft()
        if not self.faults:
            return None
        fault = self.faults[0]
        if fault.times is not None:
            fault.times -= 1
        return fault
