"""How long the list of releases and one release take to read, with few and with many of them."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from azure.data.tables import TableServiceClient

from bench.report import Row
from bench.running import RunningStack, running_stack
from shared.adapters.store import index
from shared.adapters.store.rows import RELEASE, release_row
from shared.adapters.store.table_store import TABLE
from shared.domain.names import release_ids
from shared.domain.release import ModelVersion, Outcome, Release, StageRecord, StageState

FEW, MANY = 100, 20_000
REQUESTS = 100
WRITERS = 8
TRANSACTION = 100
"""The most rows that one transaction takes."""

PIPELINE = "diabetes"
FILTER = f"pipeline={PIPELINE}&outcome={Outcome.FAILED}"
FAILED_EVERY = 10
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> list[Row]:
    """First page, first filtered page and one release, over HTTP."""
    rows: list[Row] = []
    with running_stack(provision_seconds=1) as stack:
        written = 0
        for total in (FEW, MANY):
            began = time.monotonic()
            _write(stack, [_release(number) for number in range(written, total)])
            took = time.monotonic() - began
            rows.append(
                Row(f"with {total:,} releases", f"{total - written:,} written in {took:.0f} s")
            )
            written = total
            rows += _read(stack, total)
    return rows


def _read(stack: RunningStack, total: int) -> Iterator[Row]:
    middle = _release(total // 2).id
    yield _timed("  first page of 20", lambda: stack.get("/api/releases"))
    yield _timed("  first page of 20 that failed", lambda: stack.get(f"/api/releases?{FILTER}"))
    yield _timed("  one release", lambda: stack.get(f"/api/releases/{middle}"))
    with _tables(stack) as tables:
        client = tables.get_table_client(index.TABLE)
        query = "PartitionKey eq 'all' and RowKey gt '' and RowKey lt '~'"
        pages = client.query_entities(query, results_per_page=21)
        yield _timed("  Azurite alone, the page's index rows", lambda: next(pages.by_page()))
        truth = tables.get_table_client(TABLE)
        yield _timed(
            "  Azurite alone, one release's row", lambda: truth.get_entity(middle, RELEASE)
        )


def _timed(what: str, call: Callable[[], Any]) -> Row:
    call()
    seconds = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    half, most = (percentile(seconds, share) * 1000 for share in (0.5, 0.95))
    return Row(what, f"p50 {half:.1f} ms, p95 {most:.1f} ms")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _write(stack: RunningStack, releases: Sequence[Release]) -> None:
    """Write ended releases as the store does, but index rows in transactions of a hundred."""
    lists: dict[str, list[dict[str, str]]] = {}
    for release in releases:
        for name in index.lists(release):
            key = index.listed_key(release)
            row = {"PartitionKey": name, "RowKey": key, "release": release.id}
            lists.setdefault(name, []).append(row)
    with _tables(stack) as tables, ThreadPoolExecutor(WRITERS) as pool:
        entries = tables.create_table_if_not_exists(index.TABLE)
        truth = tables.create_table_if_not_exists(TABLE)
        parts = [
            part for rows in lists.values() for part in batched(rows, TRANSACTION, strict=False)
        ]
        _all_of(
            pool.map(
                lambda part: entries.submit_transaction([("upsert", row) for row in part]), parts
            )
        )
        _all_of(pool.map(lambda release: truth.create_entity(release_row(release)), releases))


def _all_of(results: Iterable[Any]) -> None:
    """Wait for all; the first failure is raised."""
    for _ in results:
        pass


def _tables(stack: RunningStack) -> TableServiceClient:
    return TableServiceClient.from_connection_string(stack.facts["storage"]["function"])


def _release(number: int) -> Release:
    """A release that ended, and of which nothing is left to do."""
    model = ModelVersion("diabetes-automl", str(number))
    outcome = Outcome.SUCCEEDED if number % FAILED_EVERY else Outcome.FAILED
    start = FIRST + timedelta(minutes=number)
    end = start + timedelta(seconds=50)
    stages = tuple(
        StageRecord(
            name=name,
            state=StageState.SUCCEEDED,
            started_at=start,
            ended_at=end,
            endpoint=f"api-diabetes-{name}",
            deployment=f"v{number}",
            model=model,
            traffic_before={},
        )
        for name in ("qa", "prod")
    )
    return Release(
        id=release_ids(PIPELINE, model, 1)[0],
        pipeline=PIPELINE,
        model=model,
        workspace="/subscriptions/1/resourceGroups/rg-qa/workspaces/wk-qa",
        attempt=1,
        created_at=start,
        updated_at=end,
        stages=stages,
        artefact_digest="0" * 64,
        outcome=outcome,
        reason="Written by the benchmark.",
        ended_at=end,
        told_everybody=True,
        last_event=12,
        published_event=12,
    )
