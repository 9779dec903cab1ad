"""The two event schemas: reading batches, and turning one schema into the other.

Event Grid schema: learn.microsoft.com/azure/event-grid/event-schema. CloudEvents 1.0 in JSON:
learn.microsoft.com/azure/event-grid/cloud-event-schema. Sizes: a batch and an event of at most 1 MB
(learn.microsoft.com/azure/event-grid/post-to-custom-topic).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dev.emulators.eventgrid.exceptions import EventGridError, invalid_events

MAX_BATCH_BYTES = 1024 * 1024


class Schema(StrEnum):
    """The names that event subscriptions use."""

    EVENT_GRID = "EventGridSchema"
    CLOUD_EVENTS = "CloudEventSchemaV1_0"


_INPUT_NAMES = {Schema.EVENT_GRID: "EventGridEvent", Schema.CLOUD_EVENTS: "CloudEventV10"}
_REQUIRED = {
    Schema.EVENT_GRID: ("id", "eventType", "subject", "eventTime"),
    Schema.CLOUD_EVENTS: ("id", "source", "type", "specversion"),
}
_CLOUD_NAMES = {"topic": "source", "eventType": "type", "eventTime": "time"}
_SAME_NAMES = ("id", "subject", "data")
_CLOUD_CONTENT_TYPES = ("application/cloudevents-batch+json", "application/cloudevents+json")


@dataclass(frozen=True)
class Event:
    """One event as it was published."""

    schema: Schema
    body: Mapping[str, Any]

    def get(self, name: str) -> Any:  # noqa: ANN401  # any JSON value
        """A property by its name in the Event Grid schema, whatever schema the event has."""
        if self.schema is Schema.CLOUD_EVENTS:
            name = _CLOUD_NAMES.get(name, name)
        return self.body.get(name)

    def to(self, schema: Schema) -> dict[str, Any]:
        """The event in a schema; id, subject, time and data stay what they are.

        Azure turns no CloudEvent into Event Grid schema; here it can be, as topics take both.
        """
        if schema is self.schema:
            return dict(self.body)
        names = [*_SAME_NAMES, *_CLOUD_NAMES]
        present = {name: self.get(name) for name in names if self.get(name) is not None}
        if schema is Schema.EVENT_GRID:
            return {"subject": "", **present, "dataVersion": "", "metadataVersion": "1"}
        converted = {_CLOUD_NAMES.get(name, name): value for name, value in present.items()}
        return {**converted, "specversion": "1.0"}


def parse_published(body: bytes, content_type: str, topic_id: str) -> list[Event]:
    """Reads what a client published to a custom topic.

    Args:
        body: A JSON array of events, or one CloudEvent.
        content_type: Without parameters; the CloudEvents ones choose that schema.
        topic_id: The topic's ARM id, which Event Grid stamps on events of its own schema.

    Raises:
        EventGridError: 400 or 413.
    """
    cloud = content_type in _CLOUD_CONTENT_TYPES
    schema = Schema.CLOUD_EVENTS if cloud else Schema.EVENT_GRID
    stamp = {} if cloud else {"topic": topic_id, "metadataVersion": "1"}
    single = content_type == "application/cloudevents+json"
    return [
        Event(schema, {**({} if cloud else {"dataVersion": ""}), **item, **stamp})
        for item in _items(body, schema, single=single)
    ]


def parse_system_events(body: bytes) -> list[Event]:
    """Reads what an Azure service posts: Event Grid schema with `topic` set.

    Raises:
        EventGridError: 400 or 413.
    """
    items = _items(body, Schema.EVENT_GRID, single=False)
    if not all(isinstance(item.get("topic"), str) and item["topic"] for item in items):
        raise invalid_events("Events of a system topic need a topic.")
    defaults = {"dataVersion": "", "metadataVersion": "1"}
    return [Event(Schema.EVENT_GRID, {**defaults, **item}) for item in items]


def _items(body: bytes, schema: Schema, *, single: bool) -> list[dict[str, Any]]:
    if len(body) > MAX_BATCH_BYTES:
        message = f"The maximum size ({MAX_BATCH_BYTES}) has been exceeded."
        raise EventGridError(413, "RequestEntityTooLarge", message)
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise _not_conforming(schema, "It is not valid JSON.") from error
    items = [parsed] if single else parsed
    if not isinstance(items, list) or not items:
        raise _not_conforming(schema, "An array with at least one event is expected.")
    for item in items:
        _check(item, schema)
    return items


def _check(item: object, schema: Schema) -> None:
    if not isinstance(item, dict):
        raise _not_conforming(schema, "An event is not an object.")
    for name in _REQUIRED[schema]:
        if not isinstance(item.get(name), str) or not item[name]:
            raise _not_conforming(schema, f"The required property '{name}' is missing or wrong.")
    if schema is Schema.CLOUD_EVENTS and item["specversion"] != "1.0":
        raise _not_conforming(schema, "The only specversion is 1.0.")
    time = item.get("time" if schema is Schema.CLOUD_EVENTS else "eventTime")
    if time is not None and not _is_time(time):
        raise _not_conforming(schema, "The event's time is not a date-time.")


def _is_time(value: object) -> bool:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _not_conforming(schema: Schema, reason: str) -> EventGridError:
    return invalid_events(
        f"This resource is configured to receive event in '{_INPUT_NAMES[schema]}' schema. "
        f"The JSON received does not conform to the expected schema. {reason}"
    )
