"""What Application Insights receives when Microsoft's worker sets telemetry up, as on Azure.

A process of its own, since OpenTelemetry is set up once a process; the vendor's exporter sends to
a loopback address that the connection string names.
"""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.telemetry import trace_id_of
from shared.domain.release import ReleaseId

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


def listed(item: Any) -> list[Any]:  # noqa: ANN401 (JSON)
    return item if isinstance(item, list) else [item]


class Ingestion:
    """Takes what the exporter sends."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        taken = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                items = [json.loads(line) for line in body.decode().splitlines()]
                flat = [each for item in items for each in listed(item)]
                taken.items += flat
                answer = {"itemsReceived": len(flat), "itemsAccepted": len(flat), "errors": []}
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *arguments: object) -> None:
                del arguments

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    ingestion = Ingestion()
    key = "00000000-0000-0000-0000-000000000001"
    settings = {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            f"InstrumentationKey={key};IngestionEndpoint={ingestion.url};LiveEndpoint={ingestion.url}"
        ),
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        # where the exporter keeps what it could not send, and finds what others could not
        "TMPDIR": str(tmp_path_factory.mktemp("unsent")),
        "OTEL_TRACES_SAMPLER": "always_on",  # as infra/main.bicep sets it
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "django,fastapi,flask,psycopg2",
    }
    done = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    yield ingestion.items
    ingestion.server.shutdown()
    ingestion.server.server_close()


def of(received: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in received if each["data"]["baseType"] == kind]


def test_spans_and_lines_arrive_in_the_releases_trace(received: list[dict[str, Any]]) -> None:
    spans = [*of(received, "RemoteDependencyData"), *of(received, "RequestData")]
    names = ("probe_deployment", "GET table")
    ours = [each for each in spans if each["data"]["baseData"]["name"] in names]
    (line,) = [
        each
        for each in of(received, "MessageData")
        if each["data"]["baseData"]["message"].startswith("release ")
    ]
    assert len(ours) == 2
    for item in (*ours, line):
        assert item["tags"]["ai.operation.id"] == f"{trace_id_of(RELEASE):032x}"
        assert item["data"]["baseData"]["properties"]["modelgate.release_id"] == RELEASE
    assert line["data"]["baseData"]["properties"]["modelgate.event"] == "Probed"


def test_metrics_arrive_by_name(received: list[dict[str, Any]]) -> None:
    points = [
        (point["name"], point["value"], each["data"]["baseData"]["properties"])
        for each in of(received, "MetricData")
        for point in each["data"]["baseData"]["metrics"]
    ]
    assert [point for point in points if point[0] == "modelgate.releases"] == [
        ("modelgate.releases", 1, {"outcome": "Succeeded"})
    ]
