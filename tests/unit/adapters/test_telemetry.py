"""One trace a release, with its id on every span and every line, and nothing secret on any."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from azure_functions_runtime.utils.tracing import (  # type: ignore[import-untyped]  # has no types
    serialize_exception,
)
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.adapters.telemetry import OpenTelemetry, mark_with_releases, span_marker, trace_id_of
from shared.adapters.threads import in_threads
from shared.domain.release import ReleaseId
from shared.ports import Counter, Timing
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, Releasing

ONE, OTHER = ReleaseId("diabetes-3-0123456789"), ReleaseId("diabetes-4-0123456789")


class Seen:
    """Telemetry whose spans stay in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(span_marker())
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = OpenTelemetry(tracers=self.tracers)

    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()


@pytest.fixture
def seen() -> Seen:
    return Seen()


def traces(spans: tuple[ReadableSpan, ...]) -> set[int]:
    return {span.context.trace_id for span in spans if span.context}


def ids(spans: tuple[ReadableSpan, ...]) -> set[Any]:
    return {(span.attributes or {}).get("modelgate.release_id") for span in spans}


def test_a_whole_release_is_one_trace_with_its_id_on_every_span(seen: Seen) -> None:
    world = World((PIPELINE,))
    world.telemetry = seen.telemetry  # type: ignore[assignment] # the real one
    releasing = Releasing(world)
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    Inline(world, world.services, deliveries=2, people=people).run(release_id)
    spans = seen.spans()
    assert len(spans) > 20
    assert traces(spans) == {trace_id_of(release_id)}
    assert ids(spans) == {release_id}


def test_it_stays_one_trace_whoever_goes_on(seen: Seen) -> None:
    caller = seen.tracers.get_tracer("host")
    for who in ("event", "decision", "sweeper"):
        with (
            caller.start_as_current_span(who),
            seen.telemetry.release(release_id=ONE, doing=f"after {who}"),
        ):
            pass
    ours = tuple(span for span in seen.spans() if span.name.startswith("after"))
    theirs = {span.context.span_id for span in seen.spans() if span not in ours and span.context}
    assert traces(ours) == {trace_id_of(ONE)}
    assert {link.context.span_id for span in ours for link in span.links} == theirs


def test_a_span_below_one_of_the_same_release_hangs_there(seen: Seen) -> None:
    with (
        seen.telemetry.release(release_id=ONE, doing="outer"),
        seen.telemetry.release(release_id=ONE, doing="inner"),
    ):
        pass
    inner, outer = seen.spans()
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
    assert inner.links == ()


def test_releases_do_not_mix(seen: Seen) -> None:
    with (
        seen.telemetry.release(release_id=ONE, doing="rings"),
        seen.telemetry.release(release_id=OTHER, doing="is rung"),
    ):
        pass
    rung, rings = seen.spans()
    assert traces((rung,)) == {trace_id_of(OTHER)}
    assert traces((rings,)) == {trace_id_of(ONE)}


def test_spans_of_others_carry_the_release_in_threads_too(seen: Seen) -> None:
    azure = seen.tracers.get_tracer("azure")

    def call(number: int) -> None:
        with azure.start_as_current_span(f"PUT {number}"):
            pass

    with seen.telemetry.release(release_id=ONE, doing="copy_model"):
        in_threads(call, range(3), threads=2, name="copy")
    assert len(seen.spans()) == 4
    assert traces(seen.spans()) == {trace_id_of(ONE)}
    assert ids(seen.spans()) == {ONE}


def test_lines_carry_the_release_and_lose_it_after(
    seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    mark_with_releases()
    logger = logging.getLogger("azure.somebody")
    logger.setLevel(logging.INFO)
    logger.info("before")
    with seen.telemetry.release(release_id=ONE, doing="probe"):
        logger.info("inside")
        in_threads(logger.info, ["in a thread"], threads=1, name="t")
    logger.info("after")
    found = {
        line.getMessage(): getattr(line, "modelgate.release_id", None) for line in caplog.records
    }
    assert found == {"before": None, "inside": ONE, "in a thread": ONE, "after": None}


def test_an_exception_is_told_without_its_words(seen: Seen) -> None:
    secret = "https://st.blob.core.windows.net/c/b?sig=c2VjcmV0"
    with (
        pytest.raises(Exception, match=r"st\.blob\.core") as raised,
        seen.telemetry.release(release_id=ONE, doing="copy_model"),
    ):
        raise ValueError(secret)
    # the worker tells the host what leaves a function: `RpcException`
    rpc = serialize_exception(raised.value, SimpleNamespace(RpcException=SimpleNamespace))
    assert rpc.message.startswith("ValueError: https://st.blob.core.windows.net/c/b")
    assert "test_telemetry.py" in rpc.stack_trace
    assert "c2VjcmV0" not in rpc.message + rpc.stack_trace
    (span,) = seen.spans()
    assert "sig" not in span.to_json()
    assert (span.status.status_code, span.status.description) == (
        trace.StatusCode.ERROR,
        "ValueError",
    )
    assert span.events == ()


def test_an_exception_without_a_secret_is_the_one_that_was_raised(seen: Seen) -> None:
    error = KeyError("name")
    with (
        pytest.raises(KeyError) as raised,
        seen.telemetry.release(release_id=ONE, doing="copy_model"),
    ):
        raise error
    assert raised.value is error


def test_metrics_have_the_documented_names() -> None:
    reader = InMemoryMetricReader()
    telemetry = OpenTelemetry(meters=MeterProvider([reader]))
    for counter in Counter:
        telemetry.count(counter, pipeline="diabetes")
        telemetry.count(counter, pipeline="diabetes")
    for timing in Timing:
        telemetry.time(timing, seconds=90.0, stage="qa")
    data = reader.get_metrics_data()
    assert data is not None
    (resource,) = data.resource_metrics
    (scope,) = resource.scope_metrics
    found = {metric.name: metric for metric in scope.metrics}
    assert set(found) == {*Counter, *Timing}
    (point,) = found["modelgate.releases"].data.data_points
    assert (getattr(point, "value", None), point.attributes) == (2, {"pipeline": "diabetes"})
    assert found["modelgate.stage.duration"].unit == "s"


def test_without_a_setup_nothing_is_told_and_nothing_fails() -> None:
    telemetry = OpenTelemetry()
    with telemetry.release(release_id=ONE, doing="probe", stage="qa"):
        assert not trace.get_current_span().is_recording()
    telemetry.count(Counter.RELEASES, outcome="Succeeded")
    telemetry.time(Timing.WAIT, seconds=1.0)
