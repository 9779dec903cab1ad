"""What Event Grid knows: subscriptions, published events, deliveries and how they went."""

import time
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev.emulators.eventgrid.journal import Journal
from dev.emulators.eventgrid.schemas import Event, Schema

DEFAULT_RETRY_SECONDS = (10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200)
"""Waits between attempts; the last one repeats
(learn.microsoft.com/azure/event-grid/delivery-and-retry). Azure adds some randomness."""

LEAST_RETRY_SECONDS = {401: 300, 404: 300, 408: 120, 503: 30}
"""Waits after these answers are at least so long, as the same page's table of failure codes says of
endpoints that are Azure resources; after all others 10 s, which the schedule gives anyway."""

_TOPIC_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local"
    "/providers/Microsoft.EventGrid/topics/"
)


@dataclass(frozen=True)
class Settings:
    """How the emulator is set up."""

    topics: Mapping[str, str]
    """Custom topics: name to access key."""

    state_dir: Path | None = None
    """Where everything is kept over restarts; None keeps it in memory."""


@dataclass(frozen=True)
class Subscription:
    """Where events of one topic go, and how persistently."""

    name: str
    source: str
    """The topic's ARM id."""

    endpoint: str
    included_event_types: tuple[str, ...] | None = None
    """None takes every type."""

    subject_begins_with: str = ""
    schema: Schema = Schema.EVENT_GRID
    max_events_per_batch: int = 1
    max_attempts: int = 30
    ttl_minutes: int = 1440
    retry_seconds: tuple[float, ...] = DEFAULT_RETRY_SECONDS
    dead_letter: bool = True
    """Whether events that cannot be delivered are kept; Azure drops them unless told otherwise."""

    def takes(self, event: Event) -> bool:
        """Whether the event passes the filters; ids and subjects ignore case, as in Azure."""
        types = self.included_event_types
        subject = str(event.get("subject") or "").lower()
        return (types is None or event.get("eventType") in types) and subject.startswith(
            self.subject_begins_with.lower()
        )

    def wait_seconds(self, attempts: int, status: int | None) -> float:
        """How long to wait after that many failed attempts, the last with this answer."""
        scheduled = self.retry_seconds[min(attempts, len(self.retry_seconds)) - 1]
        return max(scheduled, LEAST_RETRY_SECONDS.get(status or 0, 0))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Subscription":
        """The inverse of `dataclasses.asdict`, from JSON."""
        types = raw["included_event_types"]
        lists = {
            "included_event_types": None if types is None else tuple(types),
            "retry_seconds": tuple(raw["retry_seconds"]),
        }
        return cls(**{**raw, **lists, "schema": Schema(raw["schema"])})


@dataclass(frozen=True)
class Published:
    """An event that a topic took."""

    source: str
    """The topic's ARM id."""

    event: Event
    at: str
    """When it was taken, ISO 8601 in UTC."""


@dataclass(frozen=True)
class Delivery:
    """A batch on its way to a subscription; it arrives or fails as a whole."""

    subscription: str
    events: tuple[Event, ...]
    published_at: float
    """Seconds since the epoch, like all times here."""

    next_attempt_at: float
    attempts: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def retried(self, next_attempt_at: float) -> "Delivery":
        """The same after one more failed attempt."""
        return replace(self, attempts=self.attempts + 1, next_attempt_at=next_attempt_at)


@dataclass
class Fault:
    """Failures to answer the next publications with."""

    status: int
    times: int
    retry_after_seconds: int | None = None


@dataclass
class State:
    """All state; one per application, used from its event loop only."""

    settings: Settings
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)
    pending: dict[str, Delivery] = field(default_factory=dict)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    retry_scale: float = 1
    duplicate_events: int = 0
    """How many of the next events are delivered twice."""

    def __post_init__(self) -> None:
        self._journal = Journal(self.settings.state_dir)
        for kind, record in self._journal.read():
            self._replay(kind, record)

    def topic_id(self, name: str) -> str:
        """The ARM id of a custom topic."""
        return _TOPIC_ID + name

    def published_to(self, source: str) -> list[Published]:
        """What a topic took, oldest first."""
        return [p for p in self.published if p.source.lower() == source.lower()]

    def subscribe(self, subscription: Subscription) -> None:
        """Adds or replaces a subscription."""
        self.subscriptions[subscription.name] = subscription
        self._journal.append("subscription", asdict(subscription))

    def unsubscribe(self, name: str) -> None:
        """Removes a subscription; what is on its way to it is dropped."""
        self.subscriptions.pop(name, None)
        self._journal.append("unsubscribe", {"name": name})

    def publish(self, source: str, events: Iterable[Event]) -> None:
        """Notes events that a topic took."""
        for event in events:
            self.published.append(Published(source, event, utc_now()))
            self._journal.append("published", asdict(self.published[-1]))

    def put_delivery(self, delivery: Delivery) -> None:
        """Notes how far a delivery is."""
        self.pending[delivery.id] = delivery
        self._journal.append("delivery", asdict(delivery))

    def end_delivery(self, delivery: Delivery) -> None:
        """Forgets a delivery that arrived or was given up."""
        self.pending.pop(delivery.id, None)
        self._journal.append("delivered", {"id": delivery.id})

    def add_attempt(self, attempt: dict[str, Any]) -> None:
        """Notes one attempt for one event."""
        self.attempts.append(attempt)
        self._journal.append("attempt", attempt)

    def add_dead_letter(self, dead_letter: dict[str, Any]) -> None:
        """Keeps an event that could not be delivered."""
        self.dead_letters.append(dead_letter)
        self._journal.append("dead_letter", dead_letter)

    def next_fault(self) -> Fault | None:
        """The failure that the publication at hand shall meet, if any."""
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times <= 0:
            self.faults.popleft()
        return fault

    def reset(self) -> None:
        """Back to how a new emulator starts, on disk too."""
        for kept in (self.subscriptions, self.pending, self.published, self.attempts):
            kept.clear()
        self.dead_letters.clear()
        self.faults.clear()
        self.retry_scale = 1
        self.duplicate_events = 0
        self._journal.clear()

    def _replay(self, kind: str, record: dict[str, Any]) -> None:
        match kind:
            case "subscription":
                self.subscriptions[record["name"]] = Subscription.from_dict(record)
            case "unsubscribe":
                self.subscriptions.pop(record["name"], None)
            case "published":
                self.published.append(Published(**{**record, "event": _event(record["event"])}))
            case "delivery":
                events = tuple(_event(event) for event in record["events"])
                self.pending[record["id"]] = Delivery(**{**record, "events": events})
            case "delivered":
                self.pending.pop(record["id"], None)
            case "attempt":
                self.attempts.append(record)
            case "dead_letter":
                self.dead_letters.append(record)


def utc_now() -> str:
    """Now, in ISO 8601 with UTC's offset."""
    return iso_time(time.time())


def iso_time(seconds: float) -> str:
    """A time since the epoch in ISO 8601 with UTC's offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _event(raw: Mapping[str, Any]) -> Event:
    return Event(Schema(raw["schema"]), raw["body"])
