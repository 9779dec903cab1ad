"""How long a step is tried, what a wait costs in history, and when it is given up."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from shared.domain.errors import Failure, FailureKind
from shared.domain.release import Outcome
from shared.workflow.contract import Activity
from shared.workflow.orchestrators import CALLS_PER_GENERATION, PATIENCE
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, PROD_STAGE, Releasing


@pytest.fixture
def releasing() -> Releasing:
    releasing = Releasing(World((PIPELINE,)))
    releasing.serve(PROD_STAGE)
    return releasing


def fail_always(inline: Inline, activity: Activity) -> None:
    def before(called: Activity) -> None:
        if called is activity:
            raise RuntimeError("the word: RowKey=secret")

    inline.before = before


@pytest.mark.parametrize(
    ("activity", "seconds"),
    [
        (Activity.BEGIN_RELEASE, PATIENCE.total_seconds()),
        (Activity.START_STAGE, PATIENCE.total_seconds()),
        (Activity.DEPLOY_MODEL, PATIENCE.total_seconds()),
        (Activity.SHIFT_TRAFFIC, PATIENCE.total_seconds()),
    ],
)
def test_what_keeps_failing_unexpectedly_ends_without_its_words(
    releasing: Releasing, activity: Activity, seconds: float
) -> None:
    release_id = releasing.begin()
    begin = releasing.world.clock.now()
    inline = Inline(releasing.world, releasing.world.services)
    fail_always(inline, activity)
    assert inline.run(release_id) == Outcome.ERRORED
    reason = releasing.release(release_id).reason or ""
    assert f"Step {activity} failed unexpectedly (" in reason
    assert "secret" not in reason
    took = (releasing.world.clock.now() - begin).total_seconds()
    assert seconds <= took < seconds * 1.1
    assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}


def test_a_passing_failure_of_a_quarter_of_an_hour_is_waited_out(releasing: Releasing) -> None:
    releasing.world.models.faults.add("get", times=60)
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED


def test_an_outage_of_40_minutes_after_the_yes_burns_no_approval(releasing: Releasing) -> None:
    release_id = releasing.begin()
    inline = Inline(releasing.world, releasing.world.services)
    inline.people = releasing.approves(release_id)
    away: list[datetime] = []

    def before(called: Activity) -> None:
        if called is not Activity.COPY_MODEL:
            return
        now = releasing.world.clock.now()
        away[:] = away or [now + timedelta(minutes=40)]
        if now < away[0]:
            releasing.world.models.faults.add("get")

    inline.before = before
    assert inline.run(release_id) == Outcome.SUCCEEDED
    assert releasing.world.clock.now() >= away[0]
    ask = releasing.release(release_id).stages[1].ask
    assert ask is not None
    assert ask.number == 1


def test_a_failure_that_cannot_pass_ends_at_once(releasing: Releasing) -> None:
    forbidden = Failure(FailureKind.FINAL, "AuthorizationFailed", "Grant the role AcrPull.")
    releasing.world.models.faults.add("get", forbidden)
    release_id = releasing.begin()
    inline = Inline(releasing.world, releasing.world.services)
    assert inline.run(release_id) == Outcome.ERRORED
    assert releasing.release(release_id).reason == forbidden.message
    assert inline.calls.count(Activity.BEGIN_RELEASE) == 1


def test_a_wait_of_ten_minutes_is_several_short_generations(releasing: Releasing) -> None:
    releasing.world.endpoints.looks = 110
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    calls = Counter(inline.calls)
    assert calls[Activity.DEPLOY_MODEL] > 2 * CALLS_PER_GENERATION
    assert inline.generations > len(set(inline.child_ids))


@pytest.mark.parametrize("looks", [5, 20, 50])
def test_a_wait_is_seen_to_end_soon(releasing: Releasing, looks: int) -> None:
    releasing.world.endpoints.looks = looks
    release_id = releasing.begin()
    people = releasing.approves(release_id)
    begin = releasing.world.clock.now()
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    calls = inline.calls.count(Activity.DEPLOY_MODEL) / 2
    took = (releasing.world.clock.now() - begin).total_seconds()
    assert calls <= looks + 3
    assert took / inline.timers <= 15


@pytest.mark.parametrize(("asked", "least"), [(60.0, 60.0), (372.0, 372.0), (7200.0, 3600.0)])
def test_a_service_that_asks_for_a_pause_gets_one_of_an_hour_at_most(
    releasing: Releasing, asked: float, least: float
) -> None:
    busy = Failure(FailureKind.TRANSIENT, "TooManyRequests", "Come back later.", asked)
    releasing.world.models.faults.add("get", busy, times=3)
    release_id = releasing.begin()
    begin = releasing.world.clock.now()
    inline = Inline(releasing.world, releasing.world.services)
    seen: list[float] = []
    inline.before = lambda _: seen.append((releasing.world.clock.now() - begin).total_seconds())
    inline.people = releasing.approves(release_id)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    pauses = [later - earlier for earlier, later in pairwise(seen[:4])]
    assert all(least <= each <= 1.2 * least for each in pauses)
    assert len(set(pauses)) == 3


def test_an_end_whose_mail_has_to_wait_for_an_hour_is_not_called_again_and_again(
    releasing: Releasing,
) -> None:
    full = Failure(FailureKind.TRANSIENT, "MailQuota", "The hour is full.", 3600.0)
    release_id = releasing.begin()
    inline = Inline(releasing.world, releasing.world.services)
    inline.people = releasing.approves(release_id)

    def before(activity: Activity) -> None:
        if activity is Activity.WRAP_UP:
            releasing.world.mailer.faults.add("send", full)

    inline.before = before
    assert inline.run(release_id) == Outcome.SUCCEEDED
    assert inline.calls.count(Activity.WRAP_UP) <= 4
    assert list(releasing.world.store.open_releases()) == [release_id]
