"""Counting what has opened links, in every store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from shared.domain.fetch import Fetch, FetchKind
from shared.domain.release import ReleaseId
from shared.ports import Store
from tests.contract.store.support import AT, create


def fetch() -> Fetch:
    return Fetch(
        release_id=ReleaseId(f"diabetes-3-{uuid4().hex[:10]}"),
        stage="prod/eu",
        ask=1,
        person="ada@example.com",
        kind=FetchKind.AUTOMATIC,
        why="Größe 📦 SafeLinks/1.0",
        first_at=AT,
        last_at=AT,
    )


def test_what_has_opened_nothing_is_not_there(store: Store) -> None:
    assert store.fetches(release_id=ReleaseId("missing")) == []


def test_openings_are_counted_by_ask_person_and_kind(store: Store) -> None:
    first = fetch()
    later = replace(first, first_at=AT + timedelta(1), last_at=AT + timedelta(1), why="HEAD")
    others = [
        replace(first, kind=FetchKind.PERSON, first_at=AT - timedelta(1)),
        replace(first, person="bob@example.com", first_at=AT - timedelta(2)),
        replace(first, ask=2, first_at=AT - timedelta(3)),
        replace(first, stage="prod", first_at=AT - timedelta(4)),
    ]
    for each in (first, *others, later, fetch()):
        store.note_fetch(fetch=each)
    counted = replace(later, first_at=AT, count=2)
    assert store.fetches(release_id=first.release_id) == [*reversed(others), counted]


def test_openings_touch_no_release(store: Store) -> None:
    stored = create(store)
    store.note_fetch(fetch=replace(fetch(), release_id=stored.release.id))
    assert store.get(release_id=stored.release.id) == stored
    assert len(store.events(release_id=stored.release.id)) == 1
    assert len(store.fetches(release_id=stored.release.id)) == 1


def test_openings_at_once_harm_nobody(store: Store) -> None:
    each = fetch()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.note_fetch(fetch=each), range(16)))
    (found,) = store.fetches(release_id=each.release_id)
    assert 1 <= found.count <= 16
    assert (found.first_at, found.why) == (AT, each.why)
