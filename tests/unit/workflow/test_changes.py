"""What changes while a release is on its way: stops between two calls, pipelines, approvers."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.domain.decision import Choice
from shared.domain.pipeline import Pipeline, Stage
from shared.domain.policy import Voice
from shared.domain.release import Outcome, ReleaseId, StageState
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.crashing import Breaker
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import PIPELINE, PROD_STAGE, QA_STAGE, Releasing


@dataclass
class AbortAfter(Breaker):
    """Somebody stops the release right after one call of a port, before what follows is written."""

    abort: Callable[[], None] = field(default=lambda: None)

    def call(self, name: str, method: Callable[..., Any], given: dict[str, Any]) -> Any:  # noqa: ANN401
        result = super().call(name, method, given) if self.at is None else method(**given)
        if self.at is not None:
            self.count += 1
            if self.count == self.at:
                self.abort()
        return result


def run(at: int | None, looks: int) -> tuple[Releasing, ReleaseId, int]:
    releasing = Releasing(World((PIPELINE,)))
    releasing.serve(PROD_STAGE)
    releasing.serve(QA_STAGE, "v2-qa")
    releasing.world.endpoints.looks = looks
    release_id = releasing.begin()

    def abort() -> None:
        release = releasing.release(release_id)
        if not release.is_over and release.abort_requested_by is None:
            releasing.abort(release_id)

    breaker = AbortAfter(at=at, abort=abort)
    services = breaker.over(releasing.world.services)
    Inline(releasing.world, services, people=releasing.approves(release_id)).run(release_id)
    return releasing, release_id, breaker.count


@pytest.mark.parametrize("looks", [0, 2, 4])
def test_a_stop_between_any_two_calls_leaves_every_endpoint_served(looks: int) -> None:
    outcomes: Counter[str] = Counter()
    for at in range(1, run(None, looks)[2] + 1):
        releasing, release_id, _ = run(at, looks)
        release = releasing.release(release_id)
        outcomes[str(release.outcome)] += 1
        for stage, before in ((PROD_STAGE, "v2-old"), (QA_STAGE, "v2-qa")):
            there = releasing.deployments(stage)  # once all that was begun has ended
            traffic = releasing.traffic(stage)
            assert set(traffic) <= set(there), f"call {at}: traffic to nothing, {stage.name}"
            done = release.stage_named(stage.name).state is StageState.SUCCEEDED
            assert (before in traffic) is not done, f"call {at}: {release.outcome}, {traffic}"
            assert sum(traffic.values()) == 100
    assert outcomes[Outcome.ABORTED] > 50
    assert outcomes[Outcome.SUCCEEDED] >= 1


def changed(pipeline: Pipeline, **fields: object) -> Pipeline:
    stages = [
        replace(stage, **fields) if stage.name == PROD_STAGE.name else stage  # type: ignore[arg-type]
        for stage in pipeline.stages
    ]
    return replace(pipeline, stages=tuple(stages))


def deploy(inline: Inline, pipeline: Pipeline) -> None:
    """The app with another pipeline, from its next activity on."""
    inline.services = replace(inline.services, pipelines={pipeline.name: pipeline})


@dataclass
class Redeploy:
    """Deploys the app with another pipeline right before one activity of PROD."""

    releasing: Releasing
    release_id: ReleaseId
    before: Activity
    pipeline: Pipeline
    inline: Inline

    def __call__(self, activity: Activity) -> None:
        stage = self.releasing.release(self.release_id).stage
        if activity is self.before and stage is not None and stage.name == PROD_STAGE.name:
            deploy(self.inline, self.pipeline)


OTHER: list[Mapping[str, object]] = [
    {"environment_variables": {"MODE": "unapproved"}},
    {"endpoint": "another-endpoint"},
    {"compute": replace(PROD_STAGE.compute, instance_count=9)},
]


@pytest.mark.parametrize("fields", OTHER)
@pytest.mark.parametrize(
    "before", [Activity.COPY_MODEL, Activity.DEPLOY_MODEL, Activity.SHIFT_TRAFFIC]
)
def test_a_configuration_that_nobody_approved_is_not_deployed(
    fields: Mapping[str, object], before: Activity
) -> None:
    releasing = Releasing(World((PIPELINE,)))
    releasing.serve(PROD_STAGE)
    release_id = releasing.begin()
    world, people = releasing.world, releasing.approves(release_id)
    inline = Inline(world, world.services, people=people)
    other = changed(PIPELINE, **fields)
    inline.before = Redeploy(releasing, release_id, before, other, inline)
    assert inline.run(release_id) == Outcome.ERRORED
    assert "changed" in str(releasing.release(release_id).reason)
    assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}
    assert releasing.deployments(PROD_STAGE) == ["v2-old"]


def decided_with(stage: Stage, choice: Choice) -> tuple[Outcome, Releasing, ReleaseId]:
    """Somebody decides, the app is deployed with `stage`, then the release goes on."""
    releasing = Releasing(World((PIPELINE,)))
    releasing.serve(PROD_STAGE)
    release_id = releasing.begin()
    asked = {"yet": False}

    def people() -> bool:
        if asked["yet"]:
            return False
        asked["yet"] = True
        releasing.decide(release_id, choice)
        deploy(inline, replace(PIPELINE, stages=(*PIPELINE.stages[:-1], stage)))
        return True

    inline = Inline(releasing.world, releasing.world.services, people=people)
    return Outcome(inline.run(release_id)), releasing, release_id


@pytest.mark.parametrize("choice", Choice)
def test_a_gate_that_is_taken_away_lets_nothing_through(choice: Choice) -> None:
    outcome, releasing, _ = decided_with(replace(PROD_STAGE, approval=None), choice)
    assert outcome in (Outcome.ERRORED, Outcome.REJECTED)
    assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}


def test_the_word_of_someone_who_is_no_approver_any_more_is_asked_for_again() -> None:
    assert PROD_STAGE.approval is not None
    others = replace(
        PROD_STAGE.approval, voices=(Voice("carol@example.com", ("carol@example.com",)),)
    )
    outcome, releasing, release_id = decided_with(
        replace(PROD_STAGE, approval=others), Choice.APPROVE
    )
    assert outcome is Outcome.EXPIRED  # Carol was asked, and said nothing
    assert releasing.trail(release_id)["ApprovalVoided"] == 1
    assert releasing.traffic(PROD_STAGE) == {"v2-old": 100}
