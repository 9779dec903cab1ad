"""What Application Insights receives when Microsoft's worker sets telemetry up, as on Azure.

A process of its own, since OpenTelemetry is set up once a process; the vendor's exporter sends to
a loopback address that the connection string names.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.telemetry import trace_id_of
from shared.domain.release import ReleaseId
from tests.ingestion import Ingestion

ROOT = Path(__file__).parents[3]
RELEASE = ReleaseId("diabetes-3-0123456789")
PROGRAM = f"""
import logging
from azure_functions_runtime.otel import initialize_azure_monitor
initialize_azure_monitor()  # as handle_event.worker_init_request does, before the app is loaded
from opentelemetry import metrics, trace
import shared.bootstrap  # keeps the exporter from telling of its own requests
from shared.adapters.telemetry import OpenTelemetry, mark_with_releases
from shared.domain.release import ReleaseId
from shared.ports import Counter
mark_with_releases()
telemetry = OpenTelemetry()
logging.getLogger().setLevel(logging.INFO)
with telemetry.release(release_id=ReleaseId("{RELEASE}"), doing="probe_deployment", stage="qa"):
    fields = {{"modelgate.event": "Probed"}}
    logging.getLogger("shared.test").info("release {RELEASE}: Probed", extra=fields)
    with trace.get_tracer("azure").start_as_current_span("GET table"):
        pass
telemetry.count(Counter.RELEASES, outcome="Succeeded")
trace.get_tracer_provider().force_flush()
metrics.get_meter_provider().force_flush()
from opentelemetry._logs import get_logger_provider
get_logger_provider().force_flush()
"""


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingestion]:
    ingestion = Ingestion()
    done = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, **ingestion.settings(tmp_path_factory.mktemp("unsent"))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    yield ingestion
    ingestion.close()


def test_spans_and_lines_arrive_in_the_releases_trace(received: Ingestion) -> None:
    spans = received.of("RemoteDependencyData", "RequestData")
    names = ("probe_deployment", "GET table")
    ours = [each for each in spans if each["data"]["baseData"]["name"] in names]
    (line,) = [
        each
        for each in received.of("MessageData")
        if each["data"]["baseData"]["message"].startswith("release ")
    ]
    assert len(ours) == 2
    for item in (*ours, line):
        assert item["tags"]["ai.operation.id"] == f"{trace_id_of(RELEASE):032x}"
        assert item["data"]["baseData"]["properties"]["modelgate.release_id"] == RELEASE
    assert line["data"]["baseData"]["properties"]["modelgate.event"] == "Probed"


def test_metrics_arrive_by_name(received: Ingestion) -> None:
    points = [
        (point["name"], point["value"], each["data"]["baseData"]["properties"])
        for each in received.of("MetricData")
        for point in each["data"]["baseData"]["metrics"]
    ]
    assert [point for point in points if point[0] == "modelgate.releases"] == [
        ("modelgate.releases", 1, {"outcome": "Succeeded"})
    ]
