"""No query keeps a value, and no secret stays, in whatever telemetry takes."""

import logging
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.instrumentation.urllib import URLLibInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, StatusCode
from opentelemetry.util.types import AttributeValue

from shared.adapters import telemetry
from shared.adapters.scrubbing import harmless, scrub_record, scrubbed
from shared.domain.limits import TELEMETRY_CHARACTERS

SECRET = "TXlTZWNyZXQ"
QUERY = f"?api-version=1&t=638&c={SECRET}&s={SECRET}"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            del arguments

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize(
    "text",
    [
        f"https://management.azure.com/subscriptions/1/x{QUERY}",
        f"Max retries exceeded with url: /subscriptions/1/x{QUERY} (Caused by OSError())",
        f'"GET /subscriptions/1/x{QUERY} HTTP/1.1" 200 17',
        f"/x?a='b&s={SECRET}'",
        f"/x?a=(b)&s={SECRET}",
        f"/x?{SECRET}",
        f"&c={SECRET}&s={SECRET}",
        f"Authorization: Bearer {SECRET}",
    ],
)
def test_a_value_is_cut(text: str) -> None:
    assert SECRET not in scrubbed(text)


@pytest.mark.parametrize(
    "text",
    [
        "release diabetes-3-0123456789: Succeeded",
        "Is it there? No: tried twice",
        "https://st.blob.core.windows.net/models/a/b.pkl",
        "R&D = research",
    ],
)
def test_what_is_harmless_stays(text: str) -> None:
    assert scrubbed(text) == text


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_is_around_a_query_it_keeps_no_value(before: str, after: str) -> None:
    assert SECRET not in scrubbed(f"{before} /x?s={SECRET}{after}")


def test_a_hostile_text_costs_as_much_as_it_is_long() -> None:
    text = "?a&b=" * 1_000_000
    start = time.perf_counter()
    assert len(scrubbed(text)) <= TELEMETRY_CHARACTERS
    assert time.perf_counter() - start < 1


def test_a_span_is_scrubbed_all_over() -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))  # before ours, as the worker's
    provider.add_span_processor(telemetry.span_marker())
    other = SpanContext(1, 2, is_remote=True)
    attributes: dict[str, AttributeValue] = {
        "http.url": f"/x{QUERY}",
        "url.query": QUERY[1:],
        "status": 200,
    }
    with provider.get_tracer("t").start_as_current_span(
        f"GET /x{QUERY}", attributes=attributes, links=[Link(other, {"to": f"/x{QUERY}"})]
    ) as span:
        span.set_attribute("later", [f"/x{QUERY}", "plain"])
        span.add_event(f"asked {QUERY}", {"http.target": f"/x{QUERY}"})
        span.record_exception(OSError(f"no answer from /x{QUERY}"))
        span.set_status(StatusCode.ERROR, f"no answer from /x{QUERY}")
    (told,) = exporter.get_finished_spans()
    assert SECRET not in told.to_json()
    assert told.name == "GET /x?…"
    assert told.status.description == "no answer from /x?…"
    assert told.attributes is not None
    assert told.attributes["status"] == 200
    assert told.attributes["later"] == ("/x?…", "plain")
    assert [event.name for event in told.events] == ["asked ?…", "exception"]


def test_real_clients_log_no_query(server: str, caplog: pytest.LogCaptureFixture) -> None:
    telemetry.mark_with_releases()
    caplog.set_level(logging.DEBUG)
    once = urllib3.util.Retry(total=1, backoff_factor=0)
    with urllib3.PoolManager() as pool:
        pool.request("GET", f"{server}/there{QUERY}", retries=once)
        with pytest.raises(urllib3.exceptions.MaxRetryError) as raised:
            pool.request("GET", f"http://127.0.0.1:9/gone{QUERY}", retries=once)
    logging.getLogger("t").error("failed: %s", raised.value, exc_info=raised.value)
    assert "/there?…" in caplog.text
    assert "Retrying" in caplog.text
    assert "MaxRetryError" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in "".join(str(vars(record)) for record in caplog.records)


def test_a_record_that_cannot_be_written_keeps_no_arguments() -> None:
    record = logging.LogRecord("t", logging.INFO, "", 0, "%d of %s", (f"/x{QUERY}", 2), None)
    scrub_record(record)
    assert record.getMessage() == "%d of %s"


def test_a_record_without_a_secret_stays_as_it_is() -> None:
    record = logging.LogRecord("t", logging.INFO, "", 0, "%s of %s", (1, 2), None)
    scrub_record(record)
    assert (record.msg, record.args) == ("%s of %s", (1, 2))


def test_an_exception_stands_for_the_ones_behind_it() -> None:
    try:
        try:
            raise OSError(f"no answer from /x{QUERY}")
        except OSError as error:
            raise KeyError("answer") from error
    except KeyError as error:
        calm = harmless(error)
    assert type(calm).__name__ == "KeyError"
    (story,) = calm.__notes__
    assert "OSError: no answer from /x?…" in story
    assert SECRET not in story


def test_urllib_is_not_measured_by_address(server: str) -> None:
    reader = InMemoryMetricReader()
    instrumentor = URLLibInstrumentor()
    instrumentor.instrument(skip_dep_check=True, meter_provider=MeterProvider([reader]))
    try:
        urllib.request.urlopen(f"{server}/measured{QUERY}").close()  # noqa: S310 (ours)
        assert "/measured" in str(reader.get_metrics_data())
        telemetry._measure_no_addresses()
        urllib.request.urlopen(f"{server}/unmeasured{QUERY}").close()  # noqa: S310 (ours)
        assert "/unmeasured" not in str(reader.get_metrics_data())
    finally:
        instrumentor.uninstrument()
