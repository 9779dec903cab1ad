"""Subscriptions: the handshake, deliveries, retries, dead letters and restarts."""

from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from dev.emulators.eventgrid.models import Subscription
from tests.emulators.eventgrid.support import TOPIC, WORKSPACE, Grid, Serve, Webhook, registered


async def test_an_event_reaches_the_function(grid: Grid, webhook: Webhook) -> None:
    status, body = await grid.subscribe()
    assert status == 201
    assert "secret" not in str(body)
    assert (await grid.subscribe())[0] == 200
    assert await grid.emit(registered()) == 200
    (received,) = await webhook.wait_for(1)
    assert received.body == [registered()]
    assert received.headers["aeg-event-type"] == "Notification"
    assert received.headers["aeg-subscription-name"] == "RELEASES-SUB"
    assert received.headers["aeg-delivery-count"] == "0"
    assert received.headers["aeg-data-version"] == ""
    assert received.headers["aeg-metadata-version"] == "1"
    (delivery,) = await grid.eventually("deliveries", 1)
    del delivery["at"]
    assert delivery == {
        "event_id": registered()["id"],
        "subscription": "releases-sub",
        "attempt": 1,
        "status": 202,
        "outcome": "Success",
    }


@pytest.mark.parametrize(
    ("change", "schema"),
    [
        ({"validation_status": 202}, "EventGridSchema"),
        ({"validation_status": 404}, "EventGridSchema"),
        ({"echo": False}, "EventGridSchema"),
        ({"allowed_origin": None}, "CloudEventSchemaV1_0"),
        ({"allowed_origin": "elsewhere.example"}, "CloudEventSchemaV1_0"),
    ],
)
async def test_an_endpoint_that_fails_the_handshake_gets_no_subscription(
    grid: Grid, webhook: Webhook, change: dict[str, Any], schema: str
) -> None:
    for name, value in change.items():
        setattr(webhook, name, value)
    status, body = await grid.subscribe(schema=schema)
    assert status == 400
    assert body["error"]["code"] == "Endpoint validation"
    assert "secret" not in str(body)
    assert await grid.get("subscriptions") == []


async def test_an_endpoint_that_is_not_there_fails_the_handshake(grid: Grid) -> None:
    status, body = await grid.subscribe(endpoint="http://127.0.0.1:9/webhook")
    assert status == 400
    assert "could not be reached" in body["error"]["message"]


@pytest.mark.parametrize(
    "settings",
    [
        {"source": "no-such-topic"},
        {"endpoint": "ftp://127.0.0.1"},
        {"schema": "CustomInputSchema"},
        {"max_attempts": 31},
        {"ttl_minutes": 0},
        {"retry_seconds": [-1]},
        {"max_event_per_batch": 1},
    ],
)
async def test_a_wrong_subscription_is_refused(grid: Grid, settings: dict[str, Any]) -> None:
    assert (await grid.subscribe(**settings))[0] == 400


async def test_filters_choose_what_is_delivered(grid: Grid, webhook: Webhook) -> None:
    wanted = registered()["eventType"]
    await grid.subscribe(included_event_types=[wanted], subject_begins_with="MODELS/sklearn")
    await grid.emit(
        registered(1, eventType="Microsoft.MachineLearningServices.RunCompleted"),
        registered(2, subject="models/other:2"),
        registered(3, topic=WORKSPACE.replace("/qa", "/prod")),
        registered(4, topic=WORKSPACE.upper()),
    )
    assert [r.event["data"]["ModelVersion"] for r in await webhook.wait_for(1)] == [4]
    assert len(await grid.get("deliveries")) == 1


async def test_cloud_events_go_out_one_object_each(grid: Grid, webhook: Webhook) -> None:
    assert (await grid.subscribe(schema="CloudEventSchemaV1_0"))[0] == 201
    await grid.emit(registered())
    (received,) = await webhook.wait_for(1)
    assert received.headers["Content-Type"].startswith("application/cloudevents+json")
    assert received.headers["aeg-event-type"] == "Notification"
    event = registered()
    assert received.body == {
        "id": event["id"],
        "source": event["topic"],
        "type": event["eventType"],
        "time": event["eventTime"],
        "subject": event["subject"],
        "data": event["data"],
        "specversion": "1.0",
    }


async def test_custom_topics_deliver_cloud_events_in_either_schema(
    grid: Grid, webhook: Webhook
) -> None:
    await grid.subscribe("as-sent", source=TOPIC, schema="CloudEventSchemaV1_0")
    await grid.subscribe("converted", source=TOPIC)
    event = {"id": "1", "source": "/a", "type": "t", "specversion": "1.0", "data": {"k": 1}}
    headers = {"aeg-sas-key": "a-key-of-the-tests-alone"}
    headers["Content-Type"] = "application/cloudevents+json"
    path = f"/topics/{TOPIC}/api/events?api-version=2018-01-01"
    await grid.http.post(path, json=event, headers=headers)
    received = {r.headers["aeg-subscription-name"]: r.body for r in await webhook.wait_for(2)}
    assert received["AS-SENT"] == event
    (converted,) = received["CONVERTED"]
    assert (converted["id"], converted["topic"], converted["eventType"]) == ("1", "/a", "t")
    assert (converted["data"], converted["metadataVersion"]) == ({"k": 1}, "1")


async def test_batches_are_as_large_as_allowed_and_fail_whole(grid: Grid, webhook: Webhook) -> None:
    await grid.subscribe(max_events_per_batch=2, retry_seconds=[0])
    webhook.statuses = [500]
    await grid.emit(registered(1), registered(2), registered(3))
    bodies = [received.body for received in await webhook.wait_for(3)]
    assert bodies.count(bodies[0]) == 2
    assert [registered(1), registered(2)] in bodies
    assert [registered(3)] in bodies


async def test_a_failed_delivery_is_retried_on_schedule(grid: Grid, webhook: Webhook) -> None:
    await grid.control("retry-scale", {"factor": 0.001})
    await grid.subscribe()
    webhook.statuses = [500, 401]
    await grid.emit(registered())
    received = await webhook.wait_for(3)
    assert [r.headers["aeg-delivery-count"] for r in received] == ["0", "1", "2"]
    deliveries = await grid.eventually("deliveries", 3)
    assert [d["outcome"] for d in deliveries] == ["InternalServerError", "Unauthorized", "Success"]
    assert await grid.get("dead-letters") == []


async def test_an_endpoint_that_is_gone_is_tried_again(
    grid: Grid, webhook_server: TestServer
) -> None:
    await grid.subscribe(retry_seconds=[0])
    await webhook_server.close()
    await grid.emit(registered())
    deliveries = await grid.eventually("deliveries", 2)
    assert [d["attempt"] for d in deliveries[:2]] == [1, 2]
    assert (deliveries[0]["status"], deliveries[0]["outcome"]) == (None, "ConnectionFailed")


@pytest.mark.parametrize(
    ("status", "attempts", "seconds"),
    [
        (401, 1, 300),
        (404, 1, 300),
        (408, 1, 120),
        (503, 1, 30),
        (503, 3, 60),  # the schedule has got past it
        (500, 1, 10),
        (None, 2, 30),
    ],
)
def test_a_wait_is_as_long_as_the_answer_asks_for(
    status: int | None, attempts: int, seconds: float
) -> None:
    subscription = Subscription("releases-sub", WORKSPACE, "http://127.0.0.1:9/")
    assert subscription.wait_seconds(attempts, status) == seconds


async def test_the_answer_decides_when_the_event_comes_again(grid: Grid, webhook: Webhook) -> None:
    await grid.control("retry-scale", {"factor": 0.002})
    await grid.subscribe(retry_seconds=[0])
    webhook.statuses = [404, 500]
    await grid.emit(registered())
    await webhook.wait_for(3)
    first, second, third = (
        datetime.fromisoformat(d["at"]) for d in await grid.eventually("deliveries", 3)
    )
    assert (second - first).total_seconds() >= 0.6
    assert (third - second).total_seconds() < 0.6


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_some_answers_are_final(grid: Grid, webhook: Webhook, status: int) -> None:
    await grid.subscribe()
    webhook.statuses = [status]
    await grid.emit(registered())
    (letter,) = await grid.eventually("dead-letters", 1)
    assert letter["id"] == registered()["id"]
    assert letter["deadLetterReason"].startswith("UndeliverableDueToHttp")
    assert (letter["deliveryAttempts"], letter["lastHttpStatusCode"]) == (1, status)
    published, tried = letter["publishTime"], letter["lastDeliveryAttemptTime"]
    assert datetime.fromisoformat(published) <= datetime.fromisoformat(tried)
    assert len(webhook.received) == 1


async def test_attempts_end_at_their_maximum(grid: Grid, webhook: Webhook) -> None:
    await grid.subscribe(max_attempts=3, retry_seconds=[0], schema="CloudEventSchemaV1_0")
    webhook.statuses = [500] * 10
    await grid.emit(registered())
    (letter,) = await grid.eventually("dead-letters", 1)
    assert letter["deadletterreason"] == "MaxDeliveryAttemptsExceeded"
    assert datetime.fromisoformat(letter["publishtime"]).tzinfo is not None
    assert "lastdeliveryattempttime" not in letter
    assert letter["deliveryattempts"] == len(webhook.received) == 3


async def test_events_expire(grid: Grid, webhook: Webhook) -> None:
    await grid.control("retry-scale", {"factor": 0.001})
    await grid.subscribe(ttl_minutes=1, retry_seconds=[100])
    webhook.statuses = [500] * 10
    await grid.emit(registered())
    (letter,) = await grid.eventually("dead-letters", 1)
    assert letter["deadLetterReason"] == "TimeToLiveExceeded"
    assert len(webhook.received) == 1


async def test_without_dead_lettering_events_are_dropped(grid: Grid, webhook: Webhook) -> None:
    await grid.subscribe(dead_letter=False)
    webhook.statuses = [400]
    await grid.emit(registered(1), registered(2))
    await webhook.wait_for(2)
    assert await grid.get("dead-letters") == []


async def test_events_are_delivered_twice_when_told(grid: Grid, webhook: Webhook) -> None:
    await grid.subscribe()
    await grid.control("duplicate", {"times": 1})
    await grid.emit(registered(1), registered(2))
    received = await webhook.wait_for(3)
    assert sorted(r.event["data"]["ModelVersion"] for r in received) == [1, 1, 2]


async def test_events_arrive_in_reverse_when_told(grid: Grid, webhook: Webhook) -> None:
    await grid.subscribe()
    await grid.control("reorder", {"events": 3})
    for version in (1, 2, 3):
        await grid.emit(registered(version))
    received = await webhook.wait_for(3)
    assert [r.event["data"]["ModelVersion"] for r in received] == [3, 2, 1]


async def test_a_restart_goes_on_delivering(
    serve: Serve, webhook: Webhook, webhook_server: TestServer, tmp_path: Path
) -> None:
    first = await serve(tmp_path)
    async with aiohttp.ClientSession(first.make_url("/")) as http:
        grid = Grid(http, str(webhook_server.make_url("/webhook")))
        await grid.subscribe(retry_seconds=[1])
        webhook.statuses = [500]
        await grid.emit(registered(1))
        await grid.eventually("deliveries", 1)
    await first.close()
    assert len(webhook.received) == 1
    with (tmp_path / "eventgrid.jsonl").open("a") as file:
        file.write('{"kind": "attem')  # as a kill while writing leaves it

    second = await serve(tmp_path)
    received = await webhook.wait_for(2)
    assert received[1].headers["aeg-delivery-count"] == "1"
    async with aiohttp.ClientSession(second.make_url("/")) as http:
        grid = Grid(http, str(webhook_server.make_url("/webhook")))
        assert len(await grid.eventually("deliveries", 2)) == 2
        await grid.emit(registered(2))
        await webhook.wait_for(3)


async def test_a_system_event_needs_its_topic(grid: Grid) -> None:
    event = registered()
    del event["topic"]
    assert await grid.emit(event) == 400


async def test_a_reset_forgets_subscriptions_and_events(grid: Grid, webhook: Webhook) -> None:
    await grid.subscribe()
    await grid.emit(registered())
    await webhook.wait_for(1)
    assert await grid.control("reset", {}) == 204
    for path in ("subscriptions", "deliveries", "dead-letters", f"topics/{TOPIC}/events"):
        assert await grid.get(path) == []


async def test_a_deleted_subscription_gets_nothing_more(grid: Grid, webhook: Webhook) -> None:
    await grid.subscribe("old-one")
    await grid.subscribe("new-one")
    async with grid.http.delete("/_emulator/subscriptions/old-one") as response:
        assert response.status == 204
    await grid.emit(registered())
    (received,) = await webhook.wait_for(1)
    assert received.headers["aeg-subscription-name"] == "NEW-ONE"


async def test_wrong_control_requests_are_refused(grid: Grid) -> None:
    assert await grid.control("duplicate", {}) == 400
    assert await grid.control("reorder", {"events": -1}) == 400
    assert await grid.control("retry-scale", {"factor": "fast"}) == 400
    assert await grid.control("faults", {"status": 204}) == 400
