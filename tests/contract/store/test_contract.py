"""What every store does; the fake is held to it like the real one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from shared.domain.decision import Choice
from shared.domain.release import EventType, IgnoredEvent, ModelVersion, Outcome, ReleaseId
from shared.domain.trail import Change
from shared.ports import ConflictError, Store
from tests.contract.store.support import AT, create, decision, end, evidence, pipeline, started


def test_a_release_is_read_as_it_was_written(store: Store) -> None:
    change = started()
    stored = create(store, change)
    assert stored.release == change.release
    assert store.events(release_id=change.release.id) == list(change.events)


def test_a_release_is_created_once(store: Store) -> None:
    change = started()
    create(store, change)
    again = replace(change.release, requested_by="eve@example.com", created_at=AT + timedelta(1))
    assert not store.create(release=again, events=change.events)
    stored = store.get(release_id=change.release.id)
    assert stored is not None
    assert stored.release == change.release


@pytest.mark.parametrize("release_id", ["missing", "a/b\\c#d?e%2Ff\n'", "x" * 600, ""])
def test_what_is_not_there_is_none(store: Store, release_id: str) -> None:
    assert store.get(release_id=ReleaseId(release_id)) is None


def test_of_a_missing_release_there_is_nothing(store: Store) -> None:
    missing = ReleaseId("missing")
    assert store.events(release_id=missing) == []
    assert store.decisions(release_id=missing) == []
    assert store.evidence(release_id=missing, stage="prod", ask=1) is None


def test_two_creators_at_once_leave_one_release(store: Store) -> None:
    of = pipeline()
    changes = [started(of, version="7", at=AT + timedelta(seconds=n)) for n in range(4)]
    barrier = Barrier(len(changes))

    def create_at_once(change: Change) -> bool:
        barrier.wait()
        return store.create(release=change.release, events=change.events)

    with ThreadPoolExecutor() as pool:
        created = list(pool.map(create_at_once, changes))
    assert created.count(True) == 1
    winner = changes[created.index(True)].release
    page = store.latest(pipeline=of.name, outcome=None, cursor=None, limit=10)
    assert page.releases == (winner,)
    assert list(store.open_releases()).count(winner.id) == 1


def test_a_save_writes_everything_or_nothing(store: Store) -> None:
    stored = create(store)
    change = Change(stored.release).noting(EventType.DECIDED, "yes", at=AT, details={"n": [1, {}]})
    said, shown = decision(stored.release), evidence(stored.release)
    saved = store.save(
        stored=stored, release=change.release, events=change.events, decision=said, evidence=shown
    )
    assert store.get(release_id=stored.release.id) == saved
    assert store.decisions(release_id=stored.release.id) == [said]
    assert store.evidence(release_id=stored.release.id, stage="prod", ask=1) == shown

    late = change.noting(EventType.NOTICE, "late", at=AT)
    for outdated in (stored, replace(saved, etag='W/"elsewhere"')):
        with pytest.raises(ConflictError):
            store.save(
                stored=outdated,
                release=late.release,
                events=late.events[-1:],
                decision=decision(stored.release, "bob@example.com"),
            )
    assert store.get(release_id=stored.release.id) == saved
    assert store.decisions(release_id=stored.release.id) == [said]
    assert [event.number for event in store.events(release_id=stored.release.id)] == [1, 2]


def test_the_etag_of_a_save_serves_the_next_one(store: Store) -> None:
    stored = create(store)
    for _ in range(3):
        stored = store.save(stored=stored, release=stored.release)
    assert store.get(release_id=stored.release.id) == stored


def test_nobody_answers_an_ask_twice(store: Store) -> None:
    stored = create(store)
    said = decision(stored.release)
    saved = store.save(stored=stored, release=stored.release, decision=said)
    other_case = replace(said, approver="ADA@example.com", comment="no, wait")
    with pytest.raises(ConflictError):
        store.save(stored=saved, release=saved.release, decision=other_case)
    assert store.decisions(release_id=stored.release.id) == [said]
    second_ask = replace(said, ask=2, at=AT - timedelta(seconds=1))
    store.save(stored=saved, release=saved.release, decision=second_ask)
    assert store.decisions(release_id=stored.release.id) == [second_ask, said]


def test_a_person_may_answer_anew_with_a_new_revision(store: Store) -> None:
    stored = create(store)
    first = decision(stored.release)
    saved = store.save(stored=stored, release=stored.release, decision=first)
    changed = replace(
        first, revision=2, choice=Choice.DEFER, effective_at=AT + timedelta(days=1), at=AT
    )
    saved = store.save(stored=saved, release=saved.release, decision=changed)
    for known in (first, changed):
        with pytest.raises(ConflictError):
            store.save(stored=saved, release=saved.release, decision=replace(known, comment="no"))
    third = replace(
        first,
        revision=12,
        choice=Choice.REASSIGN,
        to="bob@example.com",
        at=AT + timedelta(microseconds=1),
    )
    store.save(stored=saved, release=saved.release, decision=third)
    assert store.decisions(release_id=stored.release.id) == [first, changed, third]


def test_two_people_decide_in_the_same_second(store: Store) -> None:
    stored = create(store)
    said = [decision(stored.release, who) for who in ("ada@example.com", "bob@example.com")]
    barrier = Barrier(2)
    conflicts = []

    def decide(index: int) -> None:
        read = stored
        barrier.wait()
        while True:
            change = Change(read.release).noting(EventType.DECIDED, str(index), at=AT)
            try:
                store.save(
                    stored=read,
                    release=change.release,
                    events=change.events,
                    decision=said[index],
                )
            except ConflictError:
                conflicts.append(index)
                again = store.get(release_id=stored.release.id)
                assert again is not None
                read = again
            else:
                return

    with ThreadPoolExecutor() as pool:
        list(pool.map(decide, range(2)))
    assert len(conflicts) == 1
    assert store.decisions(release_id=stored.release.id) == said
    numbers = [event.number for event in store.events(release_id=stored.release.id)]
    assert numbers == [1, 2, 3]


def test_events_are_read_from_a_number_on(store: Store) -> None:
    stored = create(store)
    change = Change(stored.release)
    for number in range(12):
        change = change.noting(EventType.NOTICE, f"note {number}", at=AT)
    store.save(stored=stored, release=change.release, events=change.events)
    read = store.events(release_id=stored.release.id, after=9)
    assert [event.number for event in read] == [10, 11, 12, 13]
    assert read == list(change.events[-4:])


def test_open_releases_are_listed_oldest_first_until_they_are_settled(store: Store) -> None:
    of = pipeline()
    later = create(store, started(of, at=AT + timedelta(days=1)))
    earlier = create(store, started(of))
    mine = {later.release.id, earlier.release.id}
    assert [found for found in store.open_releases() if found in mine] == [
        earlier.release.id,
        later.release.id,
    ]
    ended = end(store, earlier)
    assert earlier.release.id in store.open_releases()
    for _ in range(2):
        store.settle(release=ended.release)
    assert earlier.release.id not in store.open_releases()
    assert later.release.id in store.open_releases()


def test_a_settled_release_with_news_is_open_again(store: Store) -> None:
    ended = end(store, create(store))
    told = replace(ended.release, told_everybody=True, published_event=ended.release.last_event)
    settled = store.save(stored=ended, release=told)
    store.settle(release=settled.release)
    assert told.id not in store.open_releases()
    change = Change(told).noting(EventType.NOTICE, "a late answer", at=AT)
    store.save(stored=settled, release=change.release, events=change.events)
    assert told.id in store.open_releases()


def test_the_latest_releases_come_first_page_by_page(store: Store) -> None:
    of = pipeline()
    releases = [create(store, started(of, at=AT + timedelta(seconds=n))).release for n in range(5)]
    first = store.latest(pipeline=of.name, outcome=None, cursor=None, limit=2)
    second = store.latest(pipeline=of.name, outcome=None, cursor=first.cursor, limit=2)
    third = store.latest(pipeline=of.name, outcome=None, cursor=second.cursor, limit=2)
    assert first.releases + second.releases + third.releases == tuple(reversed(releases))
    assert third.cursor is None
    whole = store.latest(pipeline=of.name, outcome=None, cursor=None, limit=5)
    assert whole.cursor is None
    newest = store.latest(pipeline=None, outcome=None, cursor=None, limit=1000)
    assert set(releases) <= set(newest.releases) or newest.cursor


def test_releases_of_the_same_moment_are_all_listed(store: Store) -> None:
    of = pipeline()
    created = {create(store, started(of)).release.id for _ in range(3)}
    found, cursor = set(), None
    while True:
        page = store.latest(pipeline=of.name, outcome=None, cursor=cursor, limit=1)
        found |= {release.id for release in page.releases}
        cursor = page.cursor
        if cursor is None:
            break
    assert found == created


def test_ended_releases_are_found_by_outcome(store: Store) -> None:
    of, other = pipeline(), pipeline()
    rejected = end(store, create(store, started(of))).release
    end(store, create(store, started(of)), Outcome.FAILED)
    end(store, create(store, started(other)))
    create(store, started(of))

    def listed(name: str | None, outcome: Outcome) -> list[str]:
        page = store.latest(pipeline=name, outcome=outcome, cursor=None, limit=1000)
        return [release.id for release in page.releases]

    assert listed(of.name, Outcome.REJECTED) == [rejected.id]
    assert listed(of.name, Outcome.SUCCEEDED) == []
    assert rejected.id in listed(None, Outcome.REJECTED)
    assert rejected.id not in listed(None, Outcome.FAILED)


def test_a_cursor_that_is_not_ours_is_refused(store: Store) -> None:
    of = pipeline()
    for second in range(2):
        create(store, started(of, at=AT + timedelta(seconds=second)))
    cursor = store.latest(pipeline=of.name, outcome=None, cursor=None, limit=1).cursor
    assert cursor is not None
    for wrong in ("", "?", "bm9uc2Vuc2U=", "WzEsMl0=", cursor[:-3], "äöü", "x" * 5000):
        with pytest.raises(ValueError):  # noqa: PT011 (any message will do)
            store.latest(pipeline=of.name, outcome=None, cursor=wrong, limit=1)
    for name, outcome in ((None, None), ("other", None), (of.name, Outcome.FAILED)):
        with pytest.raises(ValueError):  # noqa: PT011
            store.latest(pipeline=name, outcome=outcome, cursor=cursor, limit=1)
    with pytest.raises(ValueError):  # noqa: PT011
        store.latest(pipeline=of.name, outcome=None, cursor=None, limit=0)


def test_pipeline_names_are_never_mixed_up(store: Store) -> None:
    names = [pipeline().name + tail for tail in ("", "/x", "=2fx", "|outcome:Failed", "#?\\")]
    for name in names:
        create(store, started(pipeline(name)))
    for name in names:
        page = store.latest(pipeline=name, outcome=None, cursor=None, limit=10)
        assert [release.pipeline for release in page.releases] == [name]


def test_an_ignored_event_counts_once(store: Store) -> None:
    base = pipeline().name
    events = [
        IgnoredEvent(
            event_id=f"{base}/{number}",
            at=AT + timedelta(days=36500, seconds=number),
            workspace="/subscriptions/s/…",
            model=ModelVersion("diabetes", "3") if number else None,
            reason="no pipeline takes it",
        )
        for number in range(3)
    ]
    for event in events:
        store.ignore(event=event)
    store.ignore(event=replace(events[0], at=AT + timedelta(days=40000), reason="again"))
    found = [event for event in store.ignored(limit=50) if event.event_id.startswith(base)]
    assert found == events[::-1]
    assert len(store.ignored(limit=2)) == 2


def test_the_store_answers(store: Store) -> None:
    store.ping()
