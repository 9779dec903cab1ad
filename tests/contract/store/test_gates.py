"""Lists of gates on Table Storage: crashes between writes, releases of before there were any."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from azure.data.tables import TableServiceClient

from dev.storage import Account
from shared.adapters.store import TableStore
from shared.adapters.store.gates import Gates
from shared.adapters.store.rows import release_row
from shared.adapters.store.tables import Tables, replacing
from shared.domain.release import Outcome, Release, StageState
from shared.domain.transitions import STAGE_TRANSITIONS, end_release, move_stage
from tests.contract.store.support import AT, create, end, pipeline, started, waiting, with_sas

WAY = (
    StageState.WAITING,
    StageState.COPYING,
    StageState.DEPLOYING,
    StageState.PROBING,
    StageState.SHIFTING,
    StageState.SUCCEEDED,
)


def listed(service: TableServiceClient, of: str) -> list[str]:
    rows = service.get_table_client("index").query_entities(
        "PartitionKey eq @list", parameters={"list": f"waiting:{of}|stage:qa-01"}
    )
    return [row["release"] for row in rows]


def write(service: TableServiceClient, release: Release) -> None:
    """The release's row alone, as a crash leaves it."""
    service.get_table_client("releases").update_entity(release_row(release))


def test_a_crash_before_a_release_waits_leaves_it_where_it_was(
    account: Account, tables: TableStore
) -> None:
    of = pipeline()
    stored = create(tables, started(of))
    asked = waiting(stored.release)
    below = Tables(tables=account.connection_string, credential=None)
    Gates(below).enter(asked)
    assert tables.waiting(pipeline=of.name, stage="qa-01") == []
    # whoever has looked left the row to the one who writes the release now
    below.transact("releases", [replacing(release_row(asked), stored.etag)])
    assert tables.waiting(pipeline=of.name, stage="qa-01") == [asked]


@pytest.mark.parametrize("state", [*WAY[1:], StageState.STOPPED])
def test_a_crash_after_a_release_has_passed_is_mended_by_readers(
    tables: TableStore, service: TableServiceClient, state: StageState
) -> None:
    of = pipeline()
    stored = create(tables, started(of))
    asked = tables.save(stored=stored, release=waiting(stored.release)).release
    write(service, asked.with_stage(replace(asked.stage_named("qa-01"), state=state)))
    assert listed(service, of.name) == [asked.id]
    assert tables.waiting(pipeline=of.name, stage="qa-01") == []
    assert listed(service, of.name) == []


def test_a_crash_after_the_end_is_mended_by_readers(
    tables: TableStore, service: TableServiceClient
) -> None:
    of = pipeline()
    stored = create(tables, started(of))
    asked = tables.save(stored=stored, release=waiting(stored.release)).release
    write(service, end_release(asked, Outcome.ABORTED, "Stopped.", AT))
    assert tables.waiting(pipeline=of.name, stage="qa-01") == []
    assert listed(service, of.name) == []


def test_no_transition_leads_back_to_a_gate() -> None:
    back = {state for state, after in STAGE_TRANSITIONS.items() if StageState.WAITING in after}
    assert back == {StageState.PENDING, StageState.WAITING}


def test_a_release_on_its_way_is_listed_while_it_waits_alone(
    tables: TableStore, service: TableServiceClient
) -> None:
    of = pipeline()
    stored = create(tables, started(of))
    stored = tables.save(stored=stored, release=waiting(stored.release))
    for _, state in pairwise(WAY):
        assert bool(listed(service, of.name)) == (stored.release.stages[0].state == WAY[0])
        moved = move_stage(stored.release, stored.release.stages[0], state, AT)
        stored = tables.save(stored=stored, release=moved)
    assert listed(service, of.name) == []


def test_one_that_waited_before_there_was_a_list_comes_onto_it(
    tables: TableStore, service: TableServiceClient
) -> None:
    of = pipeline()
    stored = create(tables, started(of))
    write(service, waiting(stored.release))
    before = tables.get(release_id=stored.release.id)
    assert before is not None
    later = replace(before.release, updated_at=AT + timedelta(1))
    tables.save(stored=before, release=later)
    assert tables.waiting(pipeline=of.name, stage="qa-01") == [later]


@pytest.mark.filterwarnings("ignore:Testing an element:DeprecationWarning")
def test_a_row_that_cannot_be_taken_away_fails_no_write(
    account: Account, tables: TableStore, caplog: pytest.LogCaptureFixture
) -> None:
    stored = create(tables)
    limited = TableStore(tables=with_sas(account, objects_only=True, deleting=False))
    stored = limited.save(stored=stored, release=waiting(stored.release))
    ended = end(limited, stored)
    assert tables.get(release_id=stored.release.id) == ended
    assert f"release {stored.release.id}: stays listed" in caplog.text
