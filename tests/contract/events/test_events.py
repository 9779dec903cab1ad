"""Events through the vendor's client, to the Event Grid emulator and to Azure where it is given.

On Azure: `MODELGATE_LIVE_TOPIC` is a custom topic's endpoint (CloudEvents schema) and
`MODELGATE_LIVE_TOPIC_KEY` its key; three events are published.
"""

import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dev.emulators.eventgrid import Settings, create_app
from shared.adapters.events import EventGridPublisher
from shared.domain.errors import Failure, StepError
from shared.domain.release import AuditEvent, EventType, ReleaseId
from tests.contract.serving import call, serving

KEY = "the topic's key"
AT = datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def eventgrid() -> Iterator[str]:
    with serving(create_app(Settings({"releases": KEY}))) as address:
        yield address


def publisher(eventgrid: str, *, key: str = KEY, topic: str = "releases") -> EventGridPublisher:
    return EventGridPublisher(endpoint=f"{eventgrid}/topics/{topic}/api/events", key=key)


def events(count: int, *, stage: str | None = "prod") -> list[AuditEvent]:
    return [
        AuditEvent(
            release_id=ReleaseId("diabetes-3-0123456789"),
            number=number,
            type=EventType.STAGE_SUCCEEDED,
            at=AT,
            stage=stage,
            actor="modelgate",
            message="Größe 📦",
            details={"traffic": {"v3": 100}, "list": [1, 2.5, None, True]},
        )
        for number in range(1, count + 1)
    ]


def taken(eventgrid: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(f"{eventgrid}/_emulator/topics/releases/events")
    return found


def failure_of(publisher: EventGridPublisher) -> Failure:
    with pytest.raises(StepError) as caught:
        publisher.publish(events=events(1))
    return caught.value.failure


def test_an_event_arrives_as_a_cloud_event(eventgrid: str) -> None:
    publisher(eventgrid).publish(events=events(1))
    (event,) = taken(eventgrid)
    assert datetime.fromisoformat(event.pop("time")) == AT
    assert event == {
        "specversion": "1.0",
        "type": "ModelGate.Release.StageSucceeded",
        "source": "/modelgate/releases",
        "subject": "releases/diabetes-3-0123456789/stages/prod",
        "id": "diabetes-3-0123456789:1",
        "datacontenttype": "application/json",
        "data": {
            "release_id": "diabetes-3-0123456789",
            "number": 1,
            "stage": "prod",
            "actor": "modelgate",
            "message": "Größe 📦",
            "details": {"traffic": {"v3": 100}, "list": [1, 2.5, None, True]},
        },
    }


def test_an_event_of_the_whole_release_has_no_stage_in_its_subject(eventgrid: str) -> None:
    publisher(eventgrid).publish(events=events(1, stage=None))
    (event,) = taken(eventgrid)
    assert event["subject"] == "releases/diabetes-3-0123456789"
    assert event["data"]["stage"] is None


def test_many_events_arrive_in_order(eventgrid: str) -> None:
    publisher(eventgrid).publish(events=iter(events(120)))
    assert [event["data"]["number"] for event in taken(eventgrid)] == list(range(1, 121))


def test_nothing_to_publish_calls_nobody() -> None:
    EventGridPublisher(endpoint="http://127.0.0.1:1/", key=KEY).publish(events=[])


def test_a_busy_topic_is_left_to_the_caller(eventgrid: str) -> None:
    call(f"{eventgrid}/_emulator/faults", {"status": 429, "times": 1, "retry_after": 3600})
    mine = publisher(eventgrid)
    begun = time.monotonic()
    failure = failure_of(mine)
    assert time.monotonic() - begun < 1
    assert failure.retryable
    mine.publish(events=events(1))
    assert len(taken(eventgrid)) == 1


def test_wrong_settings_do_not_show_the_key(
    eventgrid: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for wrong in (publisher(eventgrid, key="wrong key"), publisher(eventgrid, topic="other")):
        failure = failure_of(wrong)
        assert "HTTP 40" in failure.message
        assert "wrong key" not in failure.message + caplog.text


def test_nobody_there_is_a_passing_failure() -> None:
    assert failure_of(EventGridPublisher(endpoint="http://127.0.0.1:1/", key=KEY)).retryable


def test_plain_http_is_for_loopback_alone() -> None:
    for unsafe in ("http://topic.example/api/events", "http://127.0.0.1.example/", "topic", ""):
        with pytest.raises(ValueError, match="https"):
            EventGridPublisher(endpoint=unsafe, key=KEY)
    EventGridPublisher(endpoint="https://topic.example/api/events", key=KEY)
    EventGridPublisher(endpoint="http://localhost:7071/api/events", key=KEY)


@pytest.mark.live
@pytest.mark.skipif("MODELGATE_LIVE_TOPIC" not in os.environ, reason="MODELGATE_LIVE_TOPIC not set")
def test_azure_takes_events() -> None:
    live = EventGridPublisher(
        endpoint=os.environ["MODELGATE_LIVE_TOPIC"], key=os.environ["MODELGATE_LIVE_TOPIC_KEY"]
    )
    live.publish(events=events(3))
