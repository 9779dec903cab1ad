"""The events that a workspace publishes through Event Grid.

The shapes are those of the published schema's examples. An event is kept until the sink took it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid

import aiohttp

from dev.emulators.azureml.config import PROVIDER
from dev.emulators.azureml.state import Asset, Deployment, Store, Workspace
from dev.emulators.azureml.wire import Json, arm_time

_log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 5.0
TAKEN = range(200, 205)
REFUSED = frozenset({400, 401, 403, 413})
"""Answers after which the same event would be refused again."""

_REQUEST_SECONDS = 30


def model_registered(workspace: Workspace, model: Asset, event_time: float) -> Json:
    """The event of a new model version; its number is an integer where it is one."""
    version = model.version
    data = {
        "ModelName": model.name,
        "ModelVersion": int(version) if version.isdecimal() else version,
        "ModelTags": model.properties["tags"],
        "ModelProperties": model.properties["properties"],
    }
    subject = f"models/{model.name}:{version}"
    return _event(workspace, "ModelRegistered", subject, data, event_time)


def model_deployed(workspace: Workspace, deployment: Deployment, event_time: float) -> Json:
    """The event of a deployment that succeeded."""
    parts = (deployment.body["properties"]["model"] or "").split("/")
    model = f"{parts[-3]}:{parts[-1]}" if len(parts) > 2 else ""
    data = {
        "ServiceName": deployment.endpoint,
        "ServiceComputeType": deployment.body["properties"]["endpointComputeType"],
        "ModelIds": model,
        "ServiceTags": deployment.body["tags"],
        "ServiceProperties": deployment.body["properties"]["properties"],
    }
    return _event(workspace, "ModelDeployed", f"endpoints/{deployment.endpoint}", data, event_time)


def _event(workspace: Workspace, kind: str, subject: str, data: Json, event_time: float) -> Json:
    return {
        "topic": workspace.spec.arm_id,
        "subject": subject,
        "eventType": f"{PROVIDER}.{kind}",
        "eventTime": arm_time(event_time),
        "id": str(uuid.uuid4()),
        "data": data,
        "dataVersion": "",
        "metadataVersion": "1",
    }


class Publisher:
    """Sends events in order, in the background, until each is taken."""

    def __init__(self, store: Store, sink: str | None) -> None:
        self._store = store
        self._sink = sink
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send, first what an earlier run could not."""
        if self._sink:
            self._task = asyncio.create_task(self._run(self._sink), name="event-publisher")

    async def close(self) -> None:
        """Stop sending; what was not taken stays in the state."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def publish(self, event: Json) -> None:
        """Put an event in the queue; without a sink there is nobody to tell."""
        if self._sink:
            self._store.events.append(event)
            self._store.save()
            self._wake.set()

    async def _run(self, sink: str) -> None:
        timeout = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
        pause = FIRST_RETRY_SECONDS
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                if not self._store.events:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                event = self._store.events[0]
                if await _send(session, sink, event):
                    pause = FIRST_RETRY_SECONDS
                    if self._store.events and self._store.events[0] is event:
                        self._store.events.pop(0)
                        self._store.save()
                else:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_RETRY_SECONDS)


async def _send(session: aiohttp.ClientSession, sink: str, event: Json) -> bool:
    """Whether an event is done with: taken, or refused for good."""
    try:
        async with session.post(sink, json=[event]) as response:
            status = response.status
    except (aiohttp.ClientError, TimeoutError) as error:
        _log.info("event %s was not taken: %s", event["subject"], type(error).__name__)
        return False
    if status in REFUSED:
        _log.warning("event %s was refused with %d", event["subject"], status)
    return status in TAKEN or status in REFUSED
