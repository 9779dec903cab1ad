"""Custom topics, driven by azure-eventgrid as it comes."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent
from azure.eventgrid import EventGridPublisherClient as SyncPublisherClient
from azure.eventgrid.aio import EventGridPublisherClient

from tests.emulators.eventgrid.support import KEY, TOPIC, Grid

MOMENT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
CLOUD_EVENT = {"id": "1", "source": "/a", "type": "t", "specversion": "1.0"}


def publisher(server: TestServer, key: str = KEY, topic: str = TOPIC) -> EventGridPublisherClient:
    """The client as an application makes it; it gives up at the first error."""
    endpoint = str(server.make_url(f"/topics/{topic}/api/events"))
    return EventGridPublisherClient(endpoint, AzureKeyCredential(key), retry_total=0)


def cloud_event(kind: str = "t", **fields: Any) -> CloudEvent[Any]:  # noqa: ANN401
    return CloudEvent(source="/releases", type=kind, **fields)


async def test_cloud_events_are_taken_as_sent(server: TestServer, grid: Grid) -> None:
    events = [
        cloud_event("Release.Started", subject="7", data={"n": n}, time=MOMENT) for n in (1, 2)
    ]
    async with publisher(server) as client:
        await client.send(events)
    first, second = await grid.get(f"topics/{TOPIC}/events")
    assert first["id"] == events[0].id
    assert (first["source"], first["subject"]) == ("/releases", "7")
    assert first["type"] == "Release.Started"
    assert datetime.fromisoformat(first["time"]) == MOMENT
    assert (first["specversion"], first["data"], second["data"]) == ("1.0", {"n": 1}, {"n": 2})


async def test_event_grid_events_get_their_topic(server: TestServer, grid: Grid) -> None:
    event = EventGridEvent("releases/7", "Release.Started", {"n": 1}, "1.0", event_time=MOMENT)
    async with publisher(server) as client:
        await client.send(event)
    (taken,) = await grid.get(f"topics/{TOPIC}/events")
    assert taken["topic"].endswith(f"/providers/Microsoft.EventGrid/topics/{TOPIC}")
    assert (taken["id"], taken["subject"], taken["data"]) == (str(event.id), "releases/7", {"n": 1})
    assert (taken["dataVersion"], taken["metadataVersion"]) == ("1.0", "1")


async def test_a_wrong_key_and_an_unknown_topic_are_refused(server: TestServer, grid: Grid) -> None:
    event = cloud_event()
    async with publisher(server, key="wrong") as client:
        with pytest.raises(
            ClientAuthenticationError, match="The request authorization key is not authorized for"
        ):
            await client.send(event)
    async with publisher(server, topic="other") as client:
        with pytest.raises(ResourceNotFoundError):
            await client.send(event)
    assert await grid.get(f"topics/{TOPIC}/events") == []
    async with grid.http.post(f"/topics/{TOPIC}/api/events?api-version=2018-01-01") as response:
        assert response.status == 401


async def test_a_batch_over_one_megabyte_is_refused(server: TestServer) -> None:
    events = [cloud_event(data="x" * 300_000) for _ in range(4)]
    endpoint = str(server.make_url(f"/topics/{TOPIC}/api/events"))

    def send() -> None:
        with SyncPublisherClient(endpoint, AzureKeyCredential(KEY), retry_total=0) as client:
            client.send(events[:3])
            client.send(events)

    with pytest.raises(HttpResponseError) as caught:
        await asyncio.to_thread(send)
    assert caught.value.status_code == 413


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"not json"),
        ("application/json", b"[]"),
        ("application/json", b'{"id": "1"}'),
        ("application/json", b'[{"id": "1", "eventType": "t", "subject": "s"}]'),
        (
            "application/json",
            b'[{"id": "1", "eventType": "t", "subject": "s", "eventTime": "yesterday"}]',
        ),
        ("application/json", json.dumps([CLOUD_EVENT]).encode()),
        (
            "application/cloudevents-batch+json",
            json.dumps([{**CLOUD_EVENT, "specversion": "0.3"}]).encode(),
        ),
        ("application/cloudevents-batch+json", b'[{"id": "1", "specversion": "1.0"}]'),
        ("application/cloudevents-batch+json", b'["text"]'),
    ],
)
async def test_events_outside_their_schema_are_refused(
    grid: Grid, content_type: str, body: bytes
) -> None:
    headers = {"aeg-sas-key": KEY, "Content-Type": content_type}
    path = f"/topics/{TOPIC}/api/events?api-version=2018-01-01"
    async with grid.http.post(path, data=body, headers=headers) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    assert error["code"] == "BadRequest"
    assert error["details"][0]["code"] == "InputJsonInvalid"


async def test_a_single_cloud_event_is_taken_and_a_wrong_api_version_is_not(grid: Grid) -> None:
    headers = {"aeg-sas-key": KEY, "Content-Type": "application/cloudevents+json"}
    path = f"/topics/{TOPIC}/api/events"
    body = json.dumps(CLOUD_EVENT)
    async with grid.http.post(path, data=body, headers=headers) as response:
        assert response.status == 400
    path += "?api-version=2018-01-01"
    async with grid.http.post(path, data=body, headers=headers) as response:
        assert response.status == 200
    assert await grid.get(f"topics/{TOPIC}/events") == [CLOUD_EVENT]


async def test_told_faults_fail_publications(server: TestServer, grid: Grid) -> None:
    await grid.control("faults", {"status": 503, "times": 2})
    event = cloud_event()
    async with publisher(server) as client:
        for _ in range(2):
            with pytest.raises(HttpResponseError) as caught:
                await client.send(event)
            assert caught.value.status_code == 503
        await client.send(event)
    assert len(await grid.get(f"topics/{TOPIC}/events")) == 1


async def test_the_page_shows_events_newest_first(server: TestServer, grid: Grid) -> None:
    async with publisher(server) as client:
        await client.send(cloud_event("Release.Started", data={"k": "<b>"}))
        await client.send(cloud_event("Release.Ended", subject="releases/7"))
    async with grid.http.get("/") as response:
        html = await response.text()
    assert html.index("Release.Ended") < html.index("Release.Started")
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
