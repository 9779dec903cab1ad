"""Stopping a release at any step, with the engine or without, leaves PROD's traffic as it was."""

from dataclasses import dataclass

import pytest

from shared.domain.release import Outcome, ReleaseId
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.crashing import EngineLost
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, PROD_STAGE, Releasing


@dataclass
class At:
    """Aborts before a certain call of an activity, and may take the engine away with it."""

    releasing: Releasing
    release_id: ReleaseId
    call: int
    loses_engine: bool = False
    calls: int = 0

    def __call__(self, _: Activity) -> None:
        self.calls += 1
        if self.calls == self.call and not self.releasing.release(self.release_id).is_over:
            self.releasing.abort(self.release_id)
            if self.loses_engine:
                raise EngineLost


def run(call: int, *, loses_engine: bool = False, looks: int = 1) -> tuple[Releasing, Inline, At]:
    releasing = Releasing(World((PIPELINE,)))
    world = releasing.world
    releasing.serve(PROD_STAGE)
    world.endpoints.looks = looks
    release_id = releasing.begin()
    at = At(releasing, release_id, call, loses_engine)
    inline = Inline(world, world.services, before=at, people=releasing.approves(release_id))
    try:
        inline.run(release_id)
    except EngineLost:
        inline.run(release_id)
    return releasing, inline, at


CALLS = run(0)[2].calls


@pytest.mark.parametrize("loses_engine", [False, True], ids=["running", "lost"])
@pytest.mark.parametrize("looks", [0, 2])
def test_an_abort_at_any_step_leaves_the_traffic_as_it_was(
    looks: int,
    loses_engine: bool,
) -> None:
    calls = run(0, looks=looks)[2].calls
    outcomes = []
    for call in range(1, calls):
        releasing, inline, at = run(call, loses_engine=loses_engine, looks=looks)
        release = releasing.release(at.release_id)
        assert release.outcome is not None
        outcomes.append(release.outcome)
        deployment = release.stages[1].deployment
        where = f"call {call} of {calls}, {inline.calls[call - 2]}"
        if release.outcome is Outcome.SUCCEEDED:
            assert releasing.traffic(PROD_STAGE) == {deployment: 100}, where
        else:
            assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}, where
            assert releasing.deployments(PROD_STAGE) == ["v2-old"], where
            assert release.reason == "Stopped by bob@example.com.", where
        assert releasing.trail(at.release_id)["Ended"] == 1
        assert list(releasing.world.store.open_releases()) == [], where
    # an abort comes too late once the last stage has succeeded
    late = outcomes.index(Outcome.SUCCEEDED) if Outcome.SUCCEEDED in outcomes else len(outcomes)
    assert set(outcomes[:late]) == {Outcome.ABORTED}
    assert set(outcomes[late:]) <= {Outcome.SUCCEEDED}
    assert late > len(outcomes) * 3 / 4


def test_an_aborted_release_lets_the_next_one_have_the_endpoint() -> None:
    releasing, _, _ = run(CALLS - 6)
    release_id = releasing.begin("4")
    people = releasing.approves(release_id)
    inline = Inline(releasing.world, releasing.world.services, people=people)
    assert inline.run(release_id) == Outcome.SUCCEEDED


def test_traffic_that_had_moved_goes_back_and_the_trail_says_so() -> None:
    restored = [
        releasing.trail(at.release_id)["TrafficRestored"]
        for releasing, _, at in (run(call, looks=2) for call in range(CALLS // 2, CALLS + 10))
    ]
    assert max(restored) == 1
