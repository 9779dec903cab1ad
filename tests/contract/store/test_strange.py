"""Rows that another version of the app wrote, and names that nobody gave a pipeline."""

import pytest
from azure.data.tables import TableServiceClient, UpdateMode
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.adapters.store import TableStore, keys
from shared.domain.errors import StepError
from shared.domain.release import IgnoredEvent
from shared.ports import UNREADABLE
from tests.contract.store.support import AT, create, pipeline, started, waiting


def spoil(service: TableServiceClient, table: str, partition: str, row: str) -> None:
    """Let a row be of a later version."""
    change = {"PartitionKey": partition, "RowKey": row, "schema": 9}
    service.get_table_client(table).update_entity(change, mode=UpdateMode.MERGE)


def test_a_release_that_cannot_be_read_hides_no_other(
    tables: TableStore, service: TableServiceClient
) -> None:
    of = pipeline()
    strange, plain = (create(tables, started(of)) for _ in range(2))
    for stored in (strange, plain):
        tables.save(stored=stored, release=waiting(stored.release))
    spoil(service, "releases", strange.release.id, "release")
    page = tables.latest(pipeline=of.name, outcome=None, cursor=None, limit=10)
    assert [release.id for release in page.releases] == [plain.release.id]
    waits = tables.waiting(pipeline=of.name, stage="qa-01")
    assert [release.id for release in waits] == [plain.release.id]
    opened = list(tables.open_releases())
    assert plain.release.id in opened
    assert strange.release.id not in opened
    with pytest.raises(StepError, match="Deploy the version that wrote it") as caught:
        tables.get(release_id=strange.release.id)
    assert caught.value.failure.code in UNREADABLE


def test_a_registration_that_cannot_be_read_hides_no_other(
    tables: TableStore, service: TableServiceClient
) -> None:
    events = [IgnoredEvent(f"{pipeline().name}", AT, "w", None, "no") for _ in range(2)]
    for event in events:
        tables.ignore(event=event)
    spoil(service, "ignored", "latest", keys.latest_first(AT, events[0].event_id))
    found = tables.ignored(limit=1000)
    assert events[1] in found
    assert events[0] not in found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(min_size=1, max_size=100))
@example("' or PartitionKey ge '")
@example("\ufffe\uffff")
@example("\U0010ffff" * 100)
@example("\x01" * 100)
def test_any_pipeline_may_be_asked_for(tables: TableStore, name: str) -> None:
    assert tables.latest(pipeline=name, outcome=None, cursor=None, limit=1).releases == ()
