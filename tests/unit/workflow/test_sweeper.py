"""What the engine lost goes on, what was not heard is rung, what was not told is told."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from shared.domain.decision import Choice, Decision
from shared.domain.release import Outcome, ReleaseId
from shared.domain.trail import Change
from shared.workflow.activities import run_activity
from shared.workflow.contract import Activity, payload
from shared.workflow.sweeper import Sweep, sweep
from tests.fakes import FakeOrchestrations, World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import (
    ADA,
    OWNER,
    PIPELINE,
    POLICY,
    PROD_STAGE,
    Releasing,
    with_stage,
)


@pytest.fixture
def releasing() -> Releasing:
    return Releasing(World((PIPELINE,)))


def swept(releasing: Releasing) -> Sweep:
    return sweep(releasing.world.services, releasing.world.orchestrations)


def waiting(releasing: Releasing, version: str = "3") -> ReleaseId:
    """A release whose orchestration runs and waits for people."""
    release_id = releasing.begin(version)

    class Reached(BaseException):
        pass

    def stop() -> bool:
        raise Reached

    with pytest.raises(Reached):
        Inline(releasing.world, releasing.world.services, people=stop).run(release_id)
    releasing.world.orchestrations.running.add(release_id)
    return release_id


def ended(releasing: Releasing, version: str = "3") -> ReleaseId:
    """A release that is over and whose owners have not heard of it; its orchestration is gone."""
    release_id = releasing.begin(version)
    ending = payload(release_id, outcome=Outcome.ERRORED.value, reason="broken")
    run_activity(Activity.END_RELEASE, releasing.world.services, ending)
    return release_id


def test_there_is_nothing_to_do_without_releases(releasing: Releasing) -> None:
    assert swept(releasing) == Sweep()


def test_a_release_without_an_orchestration_is_started(releasing: Releasing) -> None:
    release_id = releasing.begin()
    assert swept(releasing) == Sweep(restarted=(release_id,))
    assert releasing.world.orchestrations.started == [release_id]
    assert swept(releasing) == Sweep()


def test_a_release_that_runs_or_waits_is_left_alone(releasing: Releasing) -> None:
    waiting(releasing)
    releasing.world.orchestrations.running.add(releasing.begin("4"))
    assert swept(releasing) == Sweep()


@pytest.mark.parametrize(
    "news",
    [
        lambda releasing, release_id: releasing.decide(release_id, Choice.APPROVE),
        lambda releasing, release_id: releasing.decide(release_id, Choice.REJECT),
        lambda releasing, release_id: releasing.abort(release_id),
        lambda releasing, _: releasing.world.clock.advance(days=2),
    ],
    ids=["approved", "rejected", "aborted", "expired"],
)
def test_news_that_nobody_heard_is_rung(
    releasing: Releasing, news: Callable[[Releasing, ReleaseId], None]
) -> None:
    release_id = waiting(releasing)
    news(releasing, release_id)
    assert swept(releasing) == Sweep(rung=(release_id,))
    assert releasing.world.orchestrations.rung == [release_id]


def test_a_word_on_an_earlier_ask_is_no_news(releasing: Releasing) -> None:
    release_id = waiting(releasing)
    release = releasing.release(release_id)
    ask = release.stages[1].ask
    assert ask is not None
    earlier = Decision(
        release_id, "prod", ask.number - 1, ADA, Choice.APPROVE, "", ask.asked_at, ask.digest
    )
    releasing.write(release_id, Change(release), decision=earlier)
    assert swept(releasing) == Sweep()


def test_a_word_that_settles_nothing_is_news_until_it_was_heard(releasing: Releasing) -> None:
    two = replace(PROD_STAGE, approval=replace(POLICY, required=2))
    releasing.world.pipelines = (with_stage(two),)
    release_id = waiting(releasing)
    releasing.decide(release_id, Choice.APPROVE)
    assert swept(releasing) == Sweep(rung=(release_id,))
    services = releasing.world.services
    run_activity(Activity.REVIEW_APPROVAL, services, payload(release_id, "prod"))
    assert swept(releasing) == Sweep()


def test_a_release_that_is_over_and_not_told_is_wrapped_up(releasing: Releasing) -> None:
    release_id = ended(releasing)
    assert swept(releasing) == Sweep(wrapped_up=(release_id,))
    assert len(releasing.world.mailer.to(OWNER)) == 1
    assert list(releasing.world.store.open_releases()) == []
    assert swept(releasing) == Sweep()


def test_what_still_cannot_be_sent_waits_for_the_next_sweep(releasing: Releasing) -> None:
    release_id = ended(releasing)
    releasing.world.mailer.faults.add("send")
    assert swept(releasing) == Sweep(failed=(release_id,))
    assert swept(releasing) == Sweep(wrapped_up=(release_id,))


@dataclass
class Broken(FakeOrchestrations):
    """An engine that fails for one release in a way that nobody expected."""

    bad: ReleaseId = field(default=ReleaseId(""))

    def __post_init__(self) -> None:
        super().__init__()

    def is_running(self, *, release_id: ReleaseId) -> bool:
        if release_id == self.bad:
            raise RuntimeError("no engine")
        return super().is_running(release_id=release_id)


def test_one_release_that_fails_does_not_stop_the_sweep(releasing: Releasing) -> None:
    ids = [releasing.begin(version) for version in ("3", "4", "5")]
    ids.sort()
    orchestrations = Broken(bad=ids[0])
    found = sweep(releasing.world.services, orchestrations)
    assert found == Sweep(restarted=tuple(ids[1:]), failed=(ids[0],))


def test_a_passing_failure_of_the_store_spares_the_others(releasing: Releasing) -> None:
    ids = sorted(releasing.begin(version) for version in ("3", "4"))
    releasing.world.store.faults.add("get")
    assert swept(releasing) == Sweep(restarted=(ids[1],), failed=(ids[0],))
    assert swept(releasing) == Sweep(restarted=(ids[0],))


def test_a_restarted_release_goes_on_where_the_store_has_it(releasing: Releasing) -> None:
    release_id = waiting(releasing)
    before = list(releasing.world.endpoints.calls)
    releasing.world.orchestrations.running.clear()
    assert swept(releasing) == Sweep(restarted=(release_id,))
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED
    again = [call for call in releasing.world.endpoints.calls if call in before]
    assert again.count(("begin_create", "api-qa")) == 1
    assert releasing.trail(release_id)["ApprovalRequested"] == 1
