"""No signed address leaves the process, with Microsoft's worker, distro and instrumentations.

The same in a process that scrubs nothing shows that each of them would.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.ingestion import Ingestion

ROOT = Path(__file__).parents[3]
SECRETS = ("operation-c", "operation-s", "operation-h", "sas-sig", "token-in-a-header")
PROGRAM = """
import logging, sys, urllib.error, urllib.request
from azure_functions_runtime.otel import initialize_azure_monitor
initialize_azure_monitor()  # as handle_event.worker_init_request does, before the app is loaded
import requests, urllib3
from azure.core import PipelineClient
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import DistributedTracingPolicy
from azure.core.rest import HttpRequest
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider
import shared.bootstrap
from shared.adapters.telemetry import OpenTelemetry, mark_with_releases
from shared.domain.release import ReleaseId

there, nowhere, scrubs = sys.argv[1:]
if scrubs == "scrubs":
    mark_with_releases()
QUERY = "?api-version=1&t=638&c=operation-c&s=operation-s&h=operation-h&sig=sas-sig"
logger = logging.getLogger("shared.test")
logger.setLevel(logging.INFO)
one_try = urllib3.util.Retry(total=1, backoff_factor=0)
ways = {
    "urllib": lambda url: urllib.request.urlopen(url).read(),
    "urllib3": lambda url: urllib3.PoolManager().request("GET", url, retries=one_try),
    "requests": lambda url: requests.get(
        url, timeout=5, headers={"Authorization": "SharedKey a:token-in-a-header"}
    ),
    "azure": lambda url: PipelineClient(
        there, policies=[DistributedTracingPolicy()]
    ).send_request(HttpRequest("GET", url)),
}
telemetry = OpenTelemetry()
tracer = trace.get_tracer("somebody")
with telemetry.release(release_id=ReleaseId("diabetes-3-0123456789"), doing="probe_deployment"):
    for name, ask in ways.items():
        for where in (f"{there}/ok{QUERY}", f"{there}/missing{QUERY}", f"{nowhere}/gone{QUERY}"):
            try:
                ask(where)
            except Exception as error:
                logger.exception("%s: no answer from %s", name, where)
                logger.warning("%s failed", name, exc_info=error)
    alone = {"url.query": QUERY[1:]}
    with tracer.start_as_current_span(f"GET /x{QUERY}", attributes=alone) as span:
        span.set_attribute("http.target", "/x" + QUERY)
        span.set_attribute("several", [f"{there}{QUERY}"])
        span.add_event(f"redirect {QUERY}", {"to": f"{there}{QUERY}"})
        span.set_status(trace.StatusCode.ERROR, f"no answer from /x{QUERY}")
trace.get_tracer_provider().force_flush()
metrics.get_meter_provider().force_flush()
get_logger_provider().force_flush()
"""


class Answering(BaseHTTPRequestHandler):
    """Answers 200, or 404 for what is missing."""

    def do_GET(self) -> None:
        self.send_response(404 if "/missing" in self.path else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: object) -> None:
        del arguments


@pytest.fixture(scope="module")
def there() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def told(there: str, folder: Path, mode: str, **settings: str) -> tuple[Ingestion, str]:
    """What is sent, and what is written to the standard streams, by a process that asks around."""
    ingestion = Ingestion()
    done = subprocess.run(  # noqa: S603 (our own interpreter and program)
        [sys.executable, "-c", PROGRAM, there, "http://127.0.0.1:9", mode],
        cwd=ROOT,
        env={**os.environ, **ingestion.settings(folder), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    ingestion.close()
    assert done.returncode == 0, done.stderr
    return ingestion, done.stdout + done.stderr


def leaking(ingestion: Ingestion) -> set[str]:
    """The kinds of telemetry that have a secret in them."""
    return {
        item["data"]["baseType"] for item in ingestion.items if any(s in str(item) for s in SECRETS)
    }


NEW = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http/dup"}
HEADERS = {"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST": ".*"}


@pytest.mark.parametrize("settings", [{}, NEW, HEADERS], ids=["default", "new-names", "headers"])
def test_no_value_of_a_query_leaves(there: str, tmp_path: Path, settings: dict[str, str]) -> None:
    ingestion, written = told(there, tmp_path, "scrubs", **settings)
    spans = ingestion.of("RemoteDependencyData")
    assert sum("/ok" in str(each) for each in spans) >= 4, "every client has a span of its own"
    assert sum("/gone" in str(each) for each in ingestion.of("ExceptionData")) >= 4
    assert ingestion.of("MetricData")
    everything = "\n".join([*ingestion.bodies, written])
    assert [secret for secret in SECRETS if secret in everything] == []


def test_all_kinds_of_telemetry_would_have_it(there: str, tmp_path: Path) -> None:
    ingestion, written = told(there, tmp_path, "as they are", **NEW, **HEADERS)
    assert leaking(ingestion) == {"RemoteDependencyData", "ExceptionData", "MessageData"}
    everything = "\n".join([*ingestion.bodies, written])
    assert [secret for secret in SECRETS if secret not in everything] == []
