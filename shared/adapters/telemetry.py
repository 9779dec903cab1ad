"""The `Telemetry` port on OpenTelemetry.

The Python worker sets OpenTelemetry up where PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY says so
(azure_functions_runtime/otel.py), before it loads the app. Where it does not, OpenTelemetry's
interface does nothing, and costs as much.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from shared.adapters.once import Once
from shared.adapters.scrubbing import harmless, scrub_record, scrub_span
from shared.domain.release import ReleaseId
from shared.ports import Counter, Timing

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Link, TracerProvider

SCOPE = "modelgate"
RELEASE_ID, STAGE = "modelgate.release_id", "modelgate.stage"
"""Attributes of spans and log records."""

_release: ContextVar[ReleaseId | None] = ContextVar("release", default=None)


class OpenTelemetry:
    """See `shared.ports.Telemetry`."""

    def __init__(
        self,
        *,
        tracers: "TracerProvider | None" = None,
        meters: "MeterProvider | None" = None,
    ) -> None:
        """Nothing is set up; what is there is used.

        Args:
            tracers: Instead of the process's.
            meters: Instead of the process's.
        """
        self._tracers = tracers
        self._instruments = Once(lambda: _Instruments(meters))

    @contextmanager
    def release(
        self, *, release_id: ReleaseId, doing: str, stage: str | None = None
    ) -> Iterator[None]:
        """See the port. What a span tells of an exception is its type: its words may hold a SAS.

        The worker tells the host whatever an exception says that leaves a function, so one with a
        signed address in its words, or behind it, leaves here as another one of its name.
        """
        from opentelemetry import trace

        attributes = {RELEASE_ID: release_id, **({STAGE: stage} if stage else {})}
        token = _release.set(release_id)
        try:
            with trace.get_tracer(SCOPE, tracer_provider=self._tracers).start_as_current_span(
                doing,
                context=_trace_of(release_id),
                links=_links_to(release_id),
                attributes=attributes,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                try:
                    yield
                except Exception as error:
                    span.set_status(trace.StatusCode.ERROR, type(error).__name__)
                    calm = harmless(error)
                    if calm is error:
                        raise
                    raise calm from None
        finally:
            _release.reset(token)

    def count(self, counter: Counter, **attributes: str) -> None:
        """See the port."""
        self._instruments().counters[counter].add(1, attributes)

    def time(self, timing: Timing, *, seconds: float, **attributes: str) -> None:
        """See the port."""
        self._instruments().timings[timing].record(seconds, attributes)


def _mark_with_releases() -> None:
    from opentelemetry import trace

    provider: Any = trace.get_tracer_provider()
    if hasattr(provider, "add_span_processor"):  # set up, and not the interface that does nothing
        provider.add_span_processor(span_marker())
        _measure_no_addresses()
    make = logging.getLogRecordFactory()

    def marked(*args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401 (as logging has it)
        record = make(*args, **kwargs)
        if (release_id := _release.get()) is not None:
            setattr(record, RELEASE_ID, release_id)
        scrub_record(record)
        return record

    logging.setLogRecordFactory(marked)


mark_with_releases = Once(_mark_with_releases)
"""Lets spans and log records that others make carry the release, too, and no signed address; once
a process."""


def _measure_no_addresses() -> None:
    """Keep urllib's instrumentation from measuring: each whole address is a series of its own.

    It sets `http.url` on its histograms (`opentelemetry.instrumentation.urllib`), and a meter's
    series stay in memory for good. Its spans stay.
    """
    from opentelemetry.instrumentation.urllib import URLLibInstrumentor
    from opentelemetry.metrics import NoOpMeterProvider

    instrumentor = URLLibInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
        instrumentor.instrument(skip_dep_check=True, meter_provider=NoOpMeterProvider())


def span_marker() -> Any:  # noqa: ANN401 (a class of the SDK, which may not be there)
    """A span processor that writes the release into spans which Azure's clients make.

    It takes signed addresses out of them as they end, before any processor hands them on.
    """
    from opentelemetry.sdk.trace import Span, SpanProcessor

    class Marker(SpanProcessor):
        def on_start(self, span: Span, parent_context: "Context | None" = None) -> None:
            del parent_context
            if (release_id := _release.get()) is not None:
                span.set_attribute(RELEASE_ID, release_id)

        def _on_ending(self, span: Span) -> None:
            scrub_span(span)

    return Marker()


class _Instruments:
    """OpenTelemetry's, made at first use."""

    def __init__(self, meters: "MeterProvider | None") -> None:
        from opentelemetry import metrics

        meter = metrics.get_meter(SCOPE, meter_provider=meters)
        self.counters: Mapping[Counter, Any] = {
            each: meter.create_counter(each.value) for each in Counter
        }
        self.timings: Mapping[Timing, Any] = {
            each: meter.create_histogram(each.value, unit="s") for each in Timing
        }


def trace_id_of(release_id: ReleaseId) -> int:
    """The id of a release's trace: 128 bits of a hash, so that none has to be kept anywhere."""
    return int.from_bytes(sha256(f"trace {release_id}".encode()).digest()[:16])


def _trace_of(release_id: ReleaseId) -> "Context | None":
    """What a span of the release hangs below: the span that is running, if it is of its trace."""
    from opentelemetry import trace
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    if trace.get_current_span().get_span_context().trace_id == trace_id_of(release_id):
        return None
    root = SpanContext(
        trace_id=trace_id_of(release_id),
        span_id=int.from_bytes(sha256(f"span {release_id}".encode()).digest()[:8]),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(NonRecordingSpan(root))


def _links_to(release_id: ReleaseId) -> "list[Link]":
    """What called, where that was in a trace of its own: a delivery, a request, the sweeper."""
    from opentelemetry import trace

    caller = trace.get_current_span().get_span_context()
    is_another = caller.is_valid and caller.trace_id != trace_id_of(release_id)
    return [trace.Link(caller)] if is_another else []
