"""Who waits at a gate, in every store."""

from dataclasses import replace
from datetime import timedelta

from shared.domain.release import Outcome, StageState
from shared.domain.transitions import end_release, move_stage
from shared.ports import Store
from tests.contract.store.support import AT, create, pipeline, started, waiting


def test_releases_wait_at_a_gate_until_they_have_passed_it(store: Store) -> None:
    of = pipeline()
    later = create(store, started(of, at=AT + timedelta(seconds=1)))
    earlier = create(store, started(of))
    assert store.waiting(pipeline=of.name, stage="qa-01") == []
    for stored in (later, earlier):
        store.save(stored=stored, release=waiting(stored.release))
    both = store.waiting(pipeline=of.name, stage="qa-01")
    assert both == [waiting(earlier.release), waiting(later.release)]
    assert store.waiting(pipeline=of.name, stage="prod") == []

    passing = store.get(release_id=earlier.release.id)
    assert passing is not None
    record = passing.release.stage_named("qa-01")
    gone = move_stage(passing.release, record, StageState.DEPLOYING, AT)
    store.save(stored=passing, release=gone)
    assert store.waiting(pipeline=of.name, stage="qa-01") == [waiting(later.release)]

    ending = store.get(release_id=later.release.id)
    assert ending is not None
    over = end_release(ending.release, Outcome.REJECTED, "Ada said no.", AT)
    store.save(stored=ending, release=over)
    assert store.waiting(pipeline=of.name, stage="qa-01") == []


def test_a_release_waits_at_one_gate_after_the_other(store: Store) -> None:
    of = pipeline()
    stored = create(store, started(of))
    stored = store.save(stored=stored, release=waiting(stored.release))
    record = stored.release.stage_named("qa-01")
    done = stored.release.with_stage(replace(record, state=StageState.SUCCEEDED))
    stored = store.save(stored=stored, release=waiting(done, "prod"))
    assert store.waiting(pipeline=of.name, stage="qa-01") == []
    assert store.waiting(pipeline=of.name, stage="prod") == [stored.release]


def test_asked_again_it_still_waits(store: Store) -> None:
    of = pipeline()
    stored = create(store, started(of))
    stored = store.save(stored=stored, release=waiting(stored.release))
    again = waiting(stored.release, at=AT + timedelta(hours=1))
    store.save(stored=stored, release=again)
    assert store.waiting(pipeline=of.name, stage="qa-01") == [again]


def test_gates_of_other_names_are_never_mixed_up(store: Store) -> None:
    name = pipeline().name
    names = [name, f"{name}|stage:qa-01", f"{name}/", f"{name}=2f"]
    for each in names:
        stored = create(store, started(pipeline(each)))
        store.save(stored=stored, release=waiting(stored.release))
    for each in names:
        found = store.waiting(pipeline=each, stage="qa-01")
        assert [release.pipeline for release in found] == [each]
    assert store.waiting(pipeline=name, stage="qa-01|stage:qa-01") == []
