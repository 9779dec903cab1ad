"""How long a release takes, against what cannot be avoided: Azure ML's own time and the copy."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    generate_blob_sas,
)

from bench.report import BenchError, Row, at_most
from bench.running import Released, RunningStack, running_stack
from bench.timeline import Mark, Span, between
from dev.example import train

RUNS = 3
PROVISION_SECONDS = 10.0
LIMIT = 1.10
SMALLEST_SECONDS = 0.05
"""Shorter stretches are added up in one row."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One release."""

    seconds: float
    azure_ml_seconds: float
    copy_seconds: float
    gaps: list[Span]

    @property
    def unavoidable_seconds(self) -> float:
        """What it could have taken at best."""
        return self.azure_ml_seconds + self.copy_seconds

    @property
    def ratio(self) -> float:
        """What it took against that."""
        return self.seconds / self.unavoidable_seconds


def run() -> list[Row]:
    """The first release of a fresh stack and the next version in the same process, three times."""
    model = train().pickled()
    first: list[Measured] = []
    after: list[Measured] = []
    for _ in range(RUNS):
        with running_stack(provision_seconds=PROVISION_SECONDS) as stack:
            first.append(_measure(stack, stack.release(model)))
            after.append(_measure(stack, stack.release(model, version="2")))
    return [*_rows("first release", first), *_rows("next version", after)]


def _rows(what: str, runs: Sequence[Measured]) -> list[Row]:
    middle = sorted(runs, key=lambda one: one.ratio)[RUNS // 2]
    return [
        *(_row(f"{what}, run {number}", one) for number, one in enumerate(runs, start=1)),
        at_most(f"{what}, median ratio", middle.ratio, LIMIT, "{:.3f}"),
        *_where(middle.gaps),
    ]


def _row(what: str, one: Measured) -> Row:
    parts = f"{one.azure_ml_seconds:.2f} s Azure ML + {one.copy_seconds:.2f} s copy"
    return Row(what, f"{one.seconds:.2f} s, of {parts}: {one.ratio:.3f}")


def _where(gaps: Sequence[Span]) -> list[Row]:
    """Where the median run's rest went, in order; what is short, in one row."""
    long = [gap for gap in gaps if gap.seconds >= SMALLEST_SECONDS]
    short = sum(gap.seconds for gap in gaps if gap not in long)
    rows = [Row(f"  until {gap.name}", f"{gap.seconds:.2f} s") for gap in long]
    total = sum(gap.seconds for gap in gaps)
    return [
        Row("rest of the median run", f"{total:.2f} s"),
        *rows,
        Row("  all that is shorter", f"{short:.2f} s"),
    ]


def _measure(stack: RunningStack, released: Released) -> Measured:
    document = released.document
    start, end = (_epoch(document[name]) for name in ("created_at", "ended_at"))
    operations = [
        operation
        for operation in stack.azureml("state")["operations"]
        if start <= operation["started"] < end and operation["kind"] != "delete"
    ]
    busy = [
        Span(_name(operation), operation["started"], operation["ended"]) for operation in operations
    ]
    marks = _events(stack, document["id"]) + _polls(stack, operations)
    return Measured(
        seconds=end - start,
        azure_ml_seconds=sum(span.seconds for span in busy),
        copy_seconds=_copy_alone(stack),
        gaps=between(start, end, busy, marks),
    )


def _name(operation: dict[str, Any]) -> str:
    what = operation["deployment"] and "deployment"
    what = what or ("endpoint" if operation["kind"] == "create" else "traffic")
    return f"{what} in {operation['workspace'].rpartition('/')[2]}"


def _events(stack: RunningStack, release_id: str) -> list[Mark]:
    events = stack.get(f"/api/releases/{release_id}/events")["events"]
    return [
        Mark(f"{event['stage'] or ''} {event['type']}", _epoch(event["at"])) for event in events
    ]


def _polls(stack: RunningStack, operations: Sequence[dict[str, Any]]) -> list[Mark]:
    """When the service first asked after an operation had ended."""
    asked: dict[str, list[float]] = defaultdict(list)
    for request in stack.azureml("requests"):
        asked[request["path"].rpartition("/")[2]].append(request["time"])
    return [
        Mark(f"{_name(operation)} is seen", min(late))
        for operation in operations
        if (late := [at for at in asked[operation["name"]] if at >= operation["ended"]])
    ]


def _copy_alone(stack: RunningStack) -> float:
    """Seconds of the same server-side copy with nothing around it."""
    source, target = (
        BlobServiceClient.from_connection_string(stack.facts["storage"][role])
        for role in ("qa", "prod")
    )
    with source, target:
        blob = _model_blob(source)
        copy = next(iter(_containers(target))).get_blob_client("bench/copy")
        started = time.perf_counter()
        copy.start_copy_from_url(blob)
        while copy.get_blob_properties().copy.status == "pending":
            time.sleep(0.01)
        return time.perf_counter() - started


def _containers(service: BlobServiceClient) -> Iterator[ContainerClient]:
    return (service.get_container_client(found.name) for found in service.list_containers())


def _model_blob(service: BlobServiceClient) -> str:
    """The address of the registered model's file, with leave to read it."""
    for container in _containers(service):
        for name in container.list_blob_names(name_starts_with="models/"):
            token = generate_blob_sas(
                str(service.account_name),
                container.container_name,
                name,
                account_key=service.credential.account_key,
                permission=BlobSasPermissions(read=True),
                expiry=datetime.now(UTC) + timedelta(hours=1),
            )
            return f"{container.get_blob_client(name).url}?{token}"
    raise BenchError("There is no model file in wk-qa's storage.")


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
