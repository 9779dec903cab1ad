"""Registering a model tells Event Grid, sooner or later."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dev.emulators.azureml import Settings
from tests.emulators.azureml.arm import Arm
from tests.emulators.azureml.running import Running


class Sink:
    """Takes events after it has refused as many deliveries as it was told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.refusals: list[int] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                status = sink.refusals.pop(0) if sink.refusals else 200
                if status == 200:
                    sink.events += json.loads(content)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                del arguments

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 10
        while len(self.events) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.events) == count
        return self.events


@pytest.fixture
def sink() -> Iterator[Sink]:
    taking = Sink()
    yield taking
    taking.close()


def test_model_registered(settings: Settings, sink: Sink) -> None:
    with Running(replace(settings, event_sink=sink.url)) as running:
        qa = Arm(running.url, settings.workspaces[0])
        qa.register_model(version="20", tags={"area": "diabetes"}, properties={"type": "test"})
        event = sink.wait(1)[0]
        assert event["topic"] == qa.spec.arm_id
        assert event["subject"] == "models/diabetes:20"
        assert event["eventType"] == "Microsoft.MachineLearningServices.ModelRegistered"
        assert event["data"] == {
            "ModelName": "diabetes",
            "ModelVersion": 20,
            "ModelTags": {"area": "diabetes"},
            "ModelProperties": {"type": "test"},
        }
        qa.register_model(version="20", tags={"area": "changed"})
        qa.register_model(version="v-21")
        assert sink.wait(2)[1]["data"]["ModelVersion"] == "v-21"


def test_model_deployed(settings: Settings, sink: Sink) -> None:
    with Running(replace(settings, event_sink=sink.url)) as running:
        Arm(running.url, settings.workspaces[0]).deployed()
        event = sink.wait(2)[1]
        assert event["eventType"] == "Microsoft.MachineLearningServices.ModelDeployed"
        assert event["subject"] == "endpoints/ep-one"
        assert event["data"]["ModelIds"] == "diabetes:1"
        assert event["data"]["ServiceName"] == "ep-one"


def test_sent_again_until_taken(settings: Settings, sink: Sink) -> None:
    sink.refusals = [503, 500]
    with Running(replace(settings, event_sink=sink.url)) as running:
        qa = Arm(running.url, settings.workspaces[0])
        qa.register_model()
        qa.register_model(version="2")
        subjects = [event["subject"] for event in sink.wait(2)]
        assert subjects == ["models/diabetes:1", "models/diabetes:2"]


def test_refused_for_good_does_not_block(settings: Settings, sink: Sink) -> None:
    sink.refusals = [400]
    with Running(replace(settings, event_sink=sink.url)) as running:
        qa = Arm(running.url, settings.workspaces[0])
        qa.register_model()
        qa.register_model(version="2")
        assert [event["subject"] for event in sink.wait(1)] == ["models/diabetes:2"]


def test_kept_over_a_restart(settings: Settings, sink: Sink) -> None:
    nobody = "http://127.0.0.1:9/events"
    with Running(replace(settings, event_sink=nobody)) as running:
        Arm(running.url, settings.workspaces[0]).register_model()
    with Running(replace(settings, event_sink=sink.url)):
        assert sink.wait(1)[0]["subject"] == "models/diabetes:1"
