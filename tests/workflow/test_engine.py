"""Releases on the engine: events early, twice and late; work delivered again, lost, dropped."""

from collections import Counter

import grpc
import pytest

from shared.domain.decision import Choice
from shared.domain.release import Outcome, ReleaseId
from shared.workflow.contract import RELEASE, WATCH, Activity
from shared.workflow.sweeper import sweep
from tests.tally import Tally
from tests.workflow.running import VERSION, Running

WHOLE = {
    "Started": 1,
    "StageStarted": 2,
    "Deployed": 2,
    "Probed": 2,
    "StageSucceeded": 2,
    "ApprovalRequested": 1,
    "Decided": 1,
    "ModelCopied": 1,
    "Ended": 1,
}


def started(running: Running) -> ReleaseId:
    release_id = running.releasing.begin()
    running.start(release_id)
    return release_id


def succeeded(running: Running, release_id: ReleaseId) -> None:
    """The release has ended well and did everything once."""
    assert running.outcome(release_id) == Outcome.SUCCEEDED
    assert running.releasing.trail(release_id) == WHOLE
    assert list(running.releasing.world.store.open_releases()) == []


def test_a_release_goes_its_way_and_waits_for_an_event(running: Running) -> None:
    release_id = started(running)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)


def test_every_activity_has_an_input_that_names_its_release(running: Running) -> None:
    release_id = started(running)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)
    assert {activity for activity, _ in running.inputs} == set(Activity) - {Activity.UNDO_STAGE}
    assert all(data["release_id"] == release_id for _, data in running.inputs)


def test_children_carry_the_version_of_their_release(running: Running) -> None:
    running.releasing.world.endpoints.looks = 7
    release_id = started(running)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)
    assert {name for name, _ in running.versions} == {RELEASE, WATCH}
    assert {version for _, version in running.versions} == {VERSION}


def test_a_long_wait_spans_generations_and_ends_alike(running: Running) -> None:
    running.releasing.world.endpoints.looks = 25
    release_id = started(running)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)
    calls = Counter(activity for activity, _ in running.inputs)
    assert calls[Activity.DEPLOY_MODEL] > 2 * 25  # eight generations of three calls a stage
    past = [len(turn.pastEvents) for turn in running.worker.turns if ":" in turn.instanceId]
    assert max(past) < 40


@pytest.mark.parametrize("times", [1, 3])
def test_news_before_anyone_waits_is_kept(running: Running, times: int) -> None:
    release_id = running.releasing.begin()
    running.start(release_id)
    for _ in range(times):
        running.ring(release_id)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)


def test_news_twice_and_delivered_twice_is_one_look(running: Running) -> None:
    release_id = started(running)
    running.engine.redeliver_events(2)
    running.approve(release_id)
    running.ring(release_id)
    running.client.raise_orchestration_event(release_id, "NEWS", data=None)
    succeeded(running, release_id)


def test_news_without_a_decision_changes_nothing(running: Running) -> None:
    release_id = started(running)
    running.until_asked(release_id)
    for _ in range(3):
        running.ring(release_id)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)


def test_news_after_the_end_finds_nobody(running: Running) -> None:
    release_id = started(running)
    running.until_asked(release_id)
    running.releasing.decide(release_id, Choice.REJECT)
    running.ring(release_id)
    assert running.outcome(release_id) == Outcome.REJECTED
    with pytest.raises(grpc.RpcError):
        running.ring(release_id)


def test_an_abort_is_heard_while_people_think(running: Running) -> None:
    release_id = started(running)
    running.until_asked(release_id)
    running.releasing.abort(release_id)
    running.ring(release_id)
    assert running.outcome(release_id) == Outcome.ABORTED


@pytest.mark.parametrize("what", ["redeliver_activities", "redeliver_turns", "lose_results"])
def test_work_that_comes_twice_or_is_lost_is_done_once(running: Running, what: str) -> None:
    running.releasing.world.endpoints.looks = 2
    if what == "lose_results":
        running.engine.lose_results(5, visibility_timeout=0.05)
    else:
        getattr(running.engine, what)(200)
    release_id = started(running)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)


def test_an_activity_that_raises_is_tried_again(running: Running) -> None:
    seen = Tally()

    def breaks_once(activity: Activity) -> None:
        if seen.add(activity) == 1:
            raise ValueError("nobody expected this, nor RowKey=secret")

    running.before = breaks_once
    release_id = started(running)
    running.approve(release_id)
    running.ring(release_id)
    succeeded(running, release_id)
    assert min(seen.counts()) >= 2


@pytest.mark.parametrize(
    "activity",
    [Activity.BEGIN_RELEASE, Activity.DEPLOY_MODEL, Activity.COPY_MODEL, Activity.FINISH_STAGE],
)
def test_a_dropped_engine_loses_nothing(running: Running, activity: Activity) -> None:
    release_id = running.releasing.begin()
    dropped: list[Activity] = []

    def drops(called: Activity) -> None:
        if called is activity and not dropped:
            dropped.append(called)
            running.engine.reset()

    running.before = drops
    running.start(release_id)
    approved = False
    if activity is Activity.COPY_MODEL:
        running.approve(release_id)
        running.ring(release_id)
        approved = True
    running.until(lambda: dropped)
    world = running.releasing.world
    assert sweep(world.services, world.orchestrations).restarted == (release_id,)
    running.start(release_id)
    if not approved:
        running.approve(release_id)
        running.ring(release_id)
    succeeded(running, release_id)


def test_a_decision_whose_bell_was_lost_with_the_engine_counts(running: Running) -> None:
    release_id = started(running)
    running.approve(release_id)
    running.engine.reset()
    running.start(release_id)
    succeeded(running, release_id)
