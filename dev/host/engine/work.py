"""Work items between the hub and its workers: offered, taken, answered, offered again.

Every item has a completion token that its answer repeats. The first answer counts; one with a
token that is not in flight (answered before, or of a hub that was reset) is dropped.
"""

import enum
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from durabletask.internal import orchestrator_service_pb2 as pb

from dev.host.engine.timers import Timers

_ABANDONED_SECONDS = 0.1
"""Azure Storage makes an abandoned message visible after 2 s or more; a wait at all keeps a
worker that abandons everything from spinning."""


class Kind(enum.Enum):
    """What a work item is for."""

    ORCHESTRATION = "orchestration"
    ACTIVITY = "activity"
    ENTITY = "entity"


@dataclass(eq=False)
class Work(ABC):
    """One thing for a worker to do: an orchestrator turn, an activity, a batch for an entity."""

    kind: Kind
    name: str
    version: str | None
    token: str = field(default_factory=lambda: uuid.uuid4().hex, init=False)
    done: bool = field(default=False, init=False)
    """Answered or withdrawn: copies of it that are still offered are not delivered."""
    message: pb.WorkItem | None = field(default=None, init=False)
    """What was delivered, kept so that every delivery is the same."""
    stream: object | None = field(default=None, init=False)
    """The worker's stream that took it last."""

    @abstractmethod
    def build(self) -> pb.WorkItem | None:
        """The message at its first delivery; None when there is nothing to do any more."""


class Filters:
    """Which names and versions a worker asked for; a worker that asked for none gets all."""

    def __init__(self, request: pb.GetWorkItemsRequest) -> None:
        self._filtered = request.HasField("workItemFilters")
        wanted = request.workItemFilters
        self._accepted = {
            Kind.ORCHESTRATION: _by_name((f.name, f.versions) for f in wanted.orchestrations),
            Kind.ACTIVITY: _by_name((f.name, f.versions) for f in wanted.activities),
            Kind.ENTITY: _by_name((f.name, ()) for f in wanted.entities),
        }

    def accept(self, work: Work) -> bool:
        """Whether the worker wants it; a name without versions stands for all of them."""
        if not self._filtered:
            return True
        versions = self._accepted[work.kind].get(work.name)
        return versions is not None and (not versions or (work.version or "") in versions)


def _by_name(filters: Iterable[tuple[str, Iterable[str]]]) -> dict[str, set[str]]:
    accepted: dict[str, set[str]] = {}
    for name, versions in filters:
        accepted.setdefault(name, set()).update(versions)
    return accepted


class WorkQueue:
    """All work of the hub. Shares the hub's lock; thread-safe."""

    def __init__(self, lock: threading.RLock, timers: Timers) -> None:
        self._available = threading.Condition(lock)
        self._timers = timers
        self._ready: deque[Work] = deque()
        self._in_flight: dict[str, Work] = {}
        self._redeliver: Counter[Kind] = Counter()
        self._results_to_lose = 0
        self._lost_seconds = 0.0

    def offer(self, work: Work) -> None:
        """Let a worker take it."""
        with self._available:
            self._ready.append(work)
            self._available.notify_all()

    def wait(
        self, filters: Filters, stream: object, active: Callable[[], bool], seconds: float
    ) -> pb.WorkItem | None:
        """Take the next item, waiting at most `seconds` and while `active()`."""
        deadline = time.monotonic() + seconds
        with self._available:
            while active() and (left := deadline - time.monotonic()) > 0:
                if (message := self._take(filters, stream)) is not None:
                    return message
                self._available.wait(left)
        return None

    def wake(self) -> None:
        """Let those who wait look again whether they are still wanted."""
        with self._available:
            self._available.notify_all()

    def _take(self, filters: Filters, stream: object) -> pb.WorkItem | None:
        for _ in range(len(self._ready)):
            work = self._ready.popleft()
            if not filters.accept(work):
                self._ready.append(work)
            elif not work.done and (message := work.message or work.build()) is not None:
                return self._deliver(work, message, stream)
        return None

    def _deliver(self, work: Work, message: pb.WorkItem, stream: object) -> pb.WorkItem:
        message.completionToken = work.token
        work.message, work.stream = message, stream
        self._in_flight[work.token] = work
        if self._redeliver[work.kind]:
            self._redeliver[work.kind] -= 1
            self.offer(work)
        return message

    def answered[W: Work](self, token: str, kind: type[W]) -> W | None:
        """The work that an answer belongs to, now done; None if the answer is to be dropped."""
        with self._available:
            work = self._in_flight.get(token)
            if not isinstance(work, kind):
                return None
            if work.kind is Kind.ACTIVITY and self._results_to_lose:
                self._results_to_lose -= 1
                self._timers.after(self._lost_seconds, lambda: self._offer_again(work))
                return None
            del self._in_flight[token]
            withdrawn, work.done = work.done, True
            return None if withdrawn else work

    def abandon(self, token: str, kind: Kind) -> None:
        """The worker could not do it: offer the same item again."""
        with self._available:
            work = self._in_flight.get(token)
        if work is not None and work.kind is kind:
            self._timers.after(_ABANDONED_SECONDS, lambda: self._offer_again(work))

    def stream_closed(self, stream: object) -> None:
        """Offer again what a worker took and did not answer before it went away."""
        with self._available:
            for work in list(self._in_flight.values()):
                if work.stream is stream:
                    self._offer_again(work)

    def _offer_again(self, work: Work) -> None:
        with self._available:
            if not work.done and self._in_flight.get(work.token) is work:
                self.offer(work)

    def redeliver(self, kind: Kind, count: int) -> None:
        """Deliver the next `count` items of that kind twice."""
        with self._available:
            self._redeliver[kind] = count

    def lose_results(self, count: int, visibility_timeout: float) -> None:
        """Drop the next `count` activity results and offer those activities again later."""
        with self._available:
            self._results_to_lose, self._lost_seconds = count, visibility_timeout

    def clear(self) -> None:
        """Forget all work and what was asked of its delivery; late answers are dropped."""
        with self._available:
            self._ready.clear()
            self._in_flight.clear()
            self._redeliver.clear()
            self._results_to_lose = 0
