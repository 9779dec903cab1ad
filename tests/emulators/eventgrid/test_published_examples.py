"""Events as Azure publishes them pass through unchanged, in either schema."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.eventgrid.support import Grid, Webhook

REFERENCE = os.environ.get("MODELGATE_REFERENCE")
pytestmark = pytest.mark.skipif(
    REFERENCE is None, reason="MODELGATE_REFERENCE does not name the published examples"
)
NAMES = [
    "dataset_drift_detected",
    "model_deployed",
    "model_registered",
    "run_completed",
    "run_status_changed",
]


def example(path: str) -> dict[str, Any]:
    text = (Path(REFERENCE or "") / "real-traffic/eventgrid" / path).read_text("utf-8")
    parsed = json.loads(text)
    found: dict[str, Any] = parsed[0] if isinstance(parsed, list) else parsed
    return found


@pytest.mark.parametrize("name", NAMES)
async def test_an_example_arrives_in_both_schemas(grid: Grid, webhook: Webhook, name: str) -> None:
    event = example(f"spec-examples/event-grid-schema/{name}.json")
    await grid.subscribe("plain", source=event["topic"])
    await grid.subscribe("cloud", source=event["topic"], schema="CloudEventSchemaV1_0")
    assert await grid.emit(event) == 200
    received = {r.headers["aeg-subscription-name"]: r.event for r in await webhook.wait_for(2)}
    assert received["PLAIN"] == event
    # The data of the two published examples is not always the same.
    published = example(f"spec-examples/cloud-events-schema/{name}.json")
    assert received["CLOUD"] == {**published, "data": event["data"]}


async def test_the_sdks_own_example_arrives_unchanged(grid: Grid, webhook: Webhook) -> None:
    event = example("sdk-go-net-test_model_registered.json")
    await grid.subscribe(source=event["topic"])
    await grid.emit(event)
    (received,) = await webhook.wait_for(1)
    assert received.event == event
    assert received.headers["aeg-data-version"] == "2"
