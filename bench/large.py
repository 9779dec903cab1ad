"""Whether a large model's bytes pass through the function process, and what its memory does."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.kinds import is_content_read
from bench.report import MIB, Row, at_most
from bench.running import running_stack

LARGE_BYTES = 512 * MIB
TINY_BYTES = 1024
PROVISION_SECONDS = 10.0
GROWTH_LIMIT = 20.0
PIPELINES = Path(__file__).parents[1] / "pipelines"

SCORE = '''"""Answers without looking at the model, which is random bytes."""


def init():
    """Nothing to load."""


def run(raw_data):
    """The same answer always."""
    return {"result": [1.0]}
'''


@dataclass(frozen=True, slots=True)
class Measured:
    """The function process over one release, in bytes."""

    received: int
    sent: int
    from_blobs: int
    to_blobs: int
    content_reads: int
    """Requests that take a blob's content."""

    peak: int


def run() -> list[Row]:
    """The same release with a tiny and a large model, each on a fresh stack."""
    tiny, large = _measure(TINY_BYTES), _measure(LARGE_BYTES)
    more = large.from_blobs - tiny.from_blobs + large.to_blobs - tiny.to_blobs
    growth = (large.peak - tiny.peak) / MIB
    return [
        Row("model", f"{TINY_BYTES:,} bytes and {LARGE_BYTES:,} bytes"),
        _both("received, all of it", tiny.received, large.received),
        _both("sent, all of it", tiny.sent, large.sent),
        _both("received from Blob Storage", tiny.from_blobs, large.from_blobs),
        _both("sent to Blob Storage", tiny.to_blobs, large.to_blobs),
        Row("more with Blob Storage for the large model", f"{more:,} bytes"),
        at_most("reads of a blob's content", large.content_reads, 0, "{:.0f}"),
        at_most("share of the model that this is", max(0, more) / LARGE_BYTES, 0.0001, "{:.4%}"),
        _both("peak of resident memory", tiny.peak, large.peak),
        at_most("growth of the peak in MiB", growth, GROWTH_LIMIT, "{:.1f}"),
    ]


def _both(what: str, tiny: int, large: int) -> Row:
    return Row(what, f"{tiny:,} and {large:,} bytes")


def _measure(size: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="modelgate-bench-") as folder:
        pipelines = _pipelines(Path(folder))
        with running_stack(provision_seconds=PROVISION_SECONDS, pipelines=pipelines) as stack:
            before = stack.counts()
            released = stack.release(os.urandom(size))
            after = released.counts
            port = stack.ports()["blob"]
    reads = 0
    for request, number in after.requests.items():
        its_port, method, url = request.split(" ", 2)
        reads += number if int(its_port) == port and is_content_read(method, url) else 0
    return Measured(
        received=sum(after.received.values()) - sum(before.received.values()),
        sent=sum(after.sent.values()) - sum(before.sent.values()),
        from_blobs=after.received.get(port, 0),
        to_blobs=after.sent.get(port, 0),
        content_reads=reads,
        peak=released.peak_bytes,
    )


def _pipelines(folder: Path) -> Path:
    """The project's pipelines with scoring code that ignores the model."""
    pipelines = folder / "pipelines"
    shutil.copytree(PIPELINES, pipelines)
    for file in pipelines.rglob("score.py"):
        file.write_text(SCORE, encoding="utf-8")
    return pipelines
