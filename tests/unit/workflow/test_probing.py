"""What "not yet", "busy" and "no" come to, before a deployment has traffic and after."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.errors import Failure, FailureKind
from shared.domain.names import deployment_names
from shared.domain.release import EventType, Outcome, Release, ReleaseId, StageState
from shared.ports import ScoringAnswer
from shared.workflow.configuration import configuration_digest
from shared.workflow.contract import Activity
from tests.fakes import World
from tests.unit.workflow.inline import Inline
from tests.unit.workflow.releasing import HEALTH, PIPELINE, QA_STAGE, Releasing

SETTLE = HEALTH.settle_seconds
REFUSED = Failure(FailureKind.TRANSIENT, "NoAnswer", "Connection refused.")
TOO_SLOW = Failure(FailureKind.MODEL, "ScoringTimeout", "No answer within 5 s.")
TELLS = ScoringAnswer(424, 0.1, {"why": "x" * 9000}, {"ms-azureml-model-error-reason": "boom"})


@pytest.fixture
def releasing() -> Releasing:
    releasing = Releasing(World((PIPELINE,)))
    for stage in PIPELINE.stages:
        releasing.serve(stage)
    return releasing


def new_one(release_id: ReleaseId) -> str:
    return deployment_names(release_id, "3")[0]


class Weather:
    """Lets the new deployment of a stage answer badly for some seconds of an activity."""

    def __init__(
        self,
        releasing: Releasing,
        activity: Activity,
        bad: ScoringAnswer | Failure,
        seconds: float,
        *,
        also: tuple[str, ...] = (),
    ) -> None:
        self.releasing, self.activity, self.bad, self.seconds = releasing, activity, bad, seconds
        self.also = also
        self.release_id = releasing.begin()
        self.since: datetime | None = None
        self.asks = 0

    def __call__(self, activity: Activity) -> None:
        endpoints, now = self.releasing.world.endpoints, self.releasing.world.clock.now()
        if activity is not self.activity:
            endpoints.answers.clear()
            return
        self.asks += 1
        self.since = self.since or now
        names = (new_one(self.release_id), *self.also)
        for name in names:
            endpoints.answers.pop(name, None)
        if now - self.since < timedelta(seconds=self.seconds):
            if isinstance(self.bad, Failure):
                endpoints.faults.add("score", self.bad)
            else:
                endpoints.answers.update(dict.fromkeys(names, self.bad))

    def run(self) -> Release:
        world = self.releasing.world
        people = self.releasing.approves(self.release_id)
        Inline(world, world.services, before=self, people=people).run(self.release_id)
        return self.releasing.release(self.release_id)


@pytest.mark.parametrize(
    "bad",
    [
        *(ScoringAnswer(s, 0.1, "") for s in (404, 408, 425, 429, 502, 503, 504)),
        REFUSED,
        TOO_SLOW,
    ],
)
def test_right_after_provisioning_not_yet_is_no_answer(
    releasing: Releasing, bad: ScoringAnswer | Failure
) -> None:
    weather = Weather(releasing, Activity.PROBE_DEPLOYMENT, bad, SETTLE - 60)
    release = weather.run()
    assert release.outcome is Outcome.SUCCEEDED, release.reason
    assert weather.asks > 5
    assert releasing.trail(weather.release_id)["Probed"] == 2, "one a stage"
    assert [stage.settling for stage in release.stages] == [None, None]


@pytest.mark.parametrize("bad", [ScoringAnswer(503, 0.1, "busy"), TOO_SLOW])
def test_not_yet_is_no_once_settling_is_over(
    releasing: Releasing, bad: ScoringAnswer | Failure
) -> None:
    weather = Weather(releasing, Activity.PROBE_DEPLOYMENT, bad, 3600)
    begun = releasing.world.clock.now()
    release = weather.run()
    assert release.outcome is Outcome.FAILED
    assert "is not healthy" in (release.reason or "")
    assert timedelta(seconds=SETTLE) <= releasing.world.clock.now() - begun
    assert releasing.world.clock.now() - begun < timedelta(seconds=SETTLE + 60)


def test_who_cannot_be_reached_says_nothing_of_the_model(releasing: Releasing) -> None:
    """It is tried for as long as anything that passes by itself, and never blamed on the model."""
    weather = Weather(releasing, Activity.PROBE_DEPLOYMENT, REFUSED, 36_000)
    assert weather.run().outcome is Outcome.SUCCEEDED
    weather = Weather(Releasing(), Activity.PROBE_DEPLOYMENT, REFUSED, 4 * 86_400)
    assert weather.run().outcome is Outcome.ERRORED


def test_what_it_waits_for_is_on_the_release(releasing: Releasing) -> None:
    bad = ScoringAnswer(503, 0.1, "")
    weather = Weather(releasing, Activity.PROBE_DEPLOYMENT, bad, 60)
    seen = set()

    def look(activity: Activity) -> None:
        stage = releasing.release(weather.release_id).stage
        if stage is not None and stage.state is StageState.PROBING:
            seen.add(stage.waits_for)
        weather(activity)

    world = releasing.world
    people = releasing.approves(weather.release_id)
    Inline(world, world.services, before=look, people=people).run(weather.release_id)
    assert f"deployment {new_one(weather.release_id)} to answer (it answers 503)" in seen


def test_a_bad_answer_leaves_what_is_known_of_it(releasing: Releasing) -> None:
    weather = Weather(releasing, Activity.PROBE_DEPLOYMENT, TELLS, 3600)
    name = new_one(weather.release_id)
    releasing.world.endpoints.container_logs[name] = "ValueError: boom"
    release = weather.run()
    assert name not in releasing.deployments(QA_STAGE)
    kept = release.stages[0].failed_answer
    assert kept is not None
    assert (kept.status, kept.log) == (424, "ValueError: boom")
    assert kept.headers == {"ms-azureml-model-error-reason": "boom"}
    assert kept.body.startswith('{"why": "xxx')
    assert len(kept.body) == 2000
    (probed,) = (
        event
        for event in releasing.world.store.events(release_id=release.id)
        if event.type is EventType.PROBED
    )
    assert (probed.details["body"], probed.details["log"]) == (kept.body, kept.log)
    assert probed.details["headers"] == kept.headers


@pytest.mark.parametrize("status", [500, 503, 424])
def test_failures_that_pass_take_no_traffic_back(releasing: Releasing, status: int) -> None:
    bad = ScoringAnswer(status, 0.1, "")
    weather = Weather(releasing, Activity.SHIFT_TRAFFIC, bad, 45)
    assert weather.run().outcome is Outcome.SUCCEEDED
    assert releasing.trail(weather.release_id)["TrafficRestored"] == 0


def test_users_who_load_a_deployment_do_not_make_it_bad(releasing: Releasing) -> None:
    busy = ScoringAnswer(429, 0.1, "too many requests")
    weather = Weather(releasing, Activity.SHIFT_TRAFFIC, busy, 3600)
    assert weather.run().outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("bad", [ScoringAnswer(503, 0.1, ""), REFUSED])
def test_sustained_failure_takes_traffic_back(
    releasing: Releasing, bad: ScoringAnswer | Failure
) -> None:
    begun = releasing.world.clock.now()
    weather = Weather(releasing, Activity.SHIFT_TRAFFIC, bad, 36000)
    release = weather.run()
    assert release.outcome is Outcome.FAILED
    assert releasing.traffic(QA_STAGE) == {"v2-old": 100}
    assert release.stages[0].failed_answer is not None
    assert weather.asks >= 4
    assert timedelta(seconds=60) <= releasing.world.clock.now() - begun < timedelta(seconds=180)


def test_traffic_does_not_go_back_to_what_does_no_better(releasing: Releasing) -> None:
    """As long as the version before does not answer either, going back helps nobody."""
    bad = ScoringAnswer(503, 0.1, "")
    weather = Weather(releasing, Activity.SHIFT_TRAFFIC, bad, 300, also=("v2-old",))
    assert weather.run().outcome is Outcome.SUCCEEDED


def test_patience_is_no_part_of_what_is_approved() -> None:
    """Requests that are out, and stages that have begun, are not those of another pipeline."""
    patient = replace(QA_STAGE, health=replace(HEALTH, settle_seconds=0))
    assert configuration_digest(patient) == configuration_digest(QA_STAGE)
