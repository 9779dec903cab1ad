"""The stage before is probed while people think; what it answers decides whether a yes counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.domain.decision import Choice
from shared.domain.errors import Failure, FailureKind
from shared.domain.pipeline import Pipeline, Workspace
from shared.domain.policy import ApprovalPolicy
from shared.domain.release import EventType, ModelVersion, Outcome, ReleaseId
from shared.ports import ScoringAnswer
from shared.workflow.contract import Activity
from tests.fakes.running import START
from tests.unit.workflow.crashing import Breaker
from tests.unit.workflow.releasing import ADA, BOB, PIPELINE, PROD_STAGE, QA_STAGE
from tests.unit.workflow.timeline import DAY, HOUR, Timeline, gated, policy

BAD = ScoringAnswer(500, 0.1, "boom")
DOWN = Failure(FailureKind.TRANSIENT, "ServiceUnavailable", "ARM is away.")
MINUTES = 1 / 60


@dataclass
class Probes(Breaker):
    """Writes down when which deployment of QA was asked, in hours after `START`."""

    now: Callable[[], float] = lambda: 0.0
    log: list[tuple[float, str | None]] = field(default_factory=list)

    def call(self, name: str, method: Callable[..., Any], given: dict[str, Any]) -> Any:  # noqa: ANN401
        if name == "endpoints.score" and given["stage"].name == "qa":
            self.log.append((round(self.now(), 2), given["deployment"]))
        return method(**given)


def story_of(approval: ApprovalPolicy) -> tuple[Timeline, ReleaseId, Probes]:
    """People are asked; the probes are those that come after."""
    story = Timeline(gated(approval))
    clock = story.world.clock
    probes = Probes(now=lambda: (clock.now() - START).total_seconds() / HOUR)
    story.services = probes.over(story.world.services)
    release_id = story.begin()
    story.run(minutes=1)
    probes.log.clear()
    return story, release_id, probes


def answers(story: Timeline, release_id: ReleaseId, answer: ScoringAnswer | None) -> None:
    """What the release's deployment in QA answers from now on; None for well."""
    deployment = story.release(release_id).stages[0].deployment
    assert deployment is not None
    if answer is None:
        del story.world.endpoints.answers[deployment]
    else:
        story.world.endpoints.answers[deployment] = answer


@pytest.mark.parametrize(("seconds", "times"), [(HOUR, 23), (2 * HOUR, 11), (1000.0, 86)])
def test_the_interval_is_kept(seconds: float, times: int) -> None:
    story, release_id, probes = story_of(policy(ADA, probe_seconds=seconds))
    story.run()
    assert len(probes.log) == times
    assert {deployment for _, deployment in probes.log} == {
        story.release(release_id).stages[0].deployment
    }
    assert story.calls(release_id)[Activity.REVIEW_APPROVAL] <= times + 4


def test_a_yes_waits_while_qa_is_not_well_and_goes_on_when_it_is() -> None:
    story, release_id, _ = story_of(policy(ADA, BOB))
    story.at(lambda: answers(story, release_id, BAD), hours=2.5)
    story.run(hours=3.1)
    (problem,) = story.ask(release_id).degraded
    assert problem == "v3-1707b153 on api-qa: answered 500 instead of 200"
    (event,) = story.events(release_id, EventType.EVIDENCE_DEGRADED)
    assert problem in event.message
    assert event.details == {"problems": [problem]}
    story.at(story.decides(release_id, Choice.APPROVE), hours=4)
    story.run(hours=6)
    assert story.outcome(release_id) is None
    assert story.releasing.deployments(PROD_STAGE) == ["v2-old"]
    waits_for = story.release(release_id).stages[1].waits_for or ""
    assert waits_for == f"the stage before to recover: {problem}"
    story.at(lambda: answers(story, release_id, None), hours=6.5)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert 6.5 <= story.started_at(release_id) <= 6.5 + 6 * MINUTES
    assert len(story.events(release_id, EventType.EVIDENCE_DEGRADED)) == 1
    (recovered,) = story.events(release_id, EventType.EVIDENCE_RECOVERED)
    assert recovered.message == "Approvals of prod take effect again"


def test_a_no_takes_effect_although_qa_is_not_well() -> None:
    story, release_id, _ = story_of(policy(ADA))
    answers(story, release_id, BAD)
    story.at(story.decides(release_id, Choice.REJECT), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.REJECTED
    assert story.ended[release_id] == START.replace(hour=12)


@pytest.mark.parametrize("hours", [5.0, 40.0])
def test_a_yes_does_not_wait_for_ever_for_qa_to_recover(hours: float) -> None:
    story, release_id, probes = story_of(policy(ADA, timeout_seconds=2 * DAY))
    answers(story, release_id, BAD)
    story.at(story.decides(release_id, Choice.APPROVE), hours=hours)
    story.run()
    release = story.release(release_id)
    assert release.outcome is Outcome.FAILED
    assert "answered 500 instead of 200" in (release.reason or "")
    assert f"Approved by {ADA}" in (release.reason or "")
    ended = (story.ended[release_id] - START).total_seconds() / HOUR
    assert max(48, hours + 24) <= ended <= max(48, hours + 24) + 6 * MINUTES
    assert len(probes.log) < 3 * 13 * ended  # three tries each time, every five minutes
    assert story.releasing.traffic(PROD_STAGE) == {"v2-old": 100}


def test_a_yes_is_used_on_a_probe_that_is_no_older_than_a_minute() -> None:
    story, release_id, probes = story_of(policy(ADA))
    story.at(story.decides(release_id, Choice.APPROVE), hours=2.5)
    story.run()
    assert story.started_at(release_id) == 2.5
    assert [at for at, _ in probes.log] == [1.0, 2.0, 2.5]


def test_a_yes_within_a_minute_of_the_ask_needs_no_probe() -> None:
    story = Timeline(gated(policy(ADA)))
    probes = Probes()
    story.services = probes.over(story.world.services)
    release_id = story.begin()
    story.run(seconds=5)
    probes.log.clear()
    story.at(story.decides(release_id, Choice.APPROVE), seconds=30)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
    assert probes.log == []


def test_qa_that_breaks_right_before_a_yes_is_seen_in_time() -> None:
    story, release_id, _ = story_of(policy(ADA))
    story.at(lambda: answers(story, release_id, BAD), hours=2.4)
    story.at(story.decides(release_id, Choice.APPROVE), hours=2.5)
    story.run(hours=3)
    assert story.ask(release_id).degraded
    assert story.releasing.deployments(PROD_STAGE) == ["v2-old"]


def test_a_look_that_has_grown_old_before_the_start_is_taken_again() -> None:
    story, release_id, _ = story_of(policy(ADA))

    def slow(activity: Activity) -> None:
        if activity is Activity.START_STAGE:
            story.world.clock.advance(minutes=2)
            answers(story, release_id, BAD)
            story.inlines[release_id].before = lambda _: None

    story.inlines[release_id].before = slow
    story.at(story.decides(release_id, Choice.APPROVE), hours=2)
    story.run(hours=4)
    assert story.ask(release_id).degraded
    assert story.releasing.deployments(PROD_STAGE) == ["v2-old"]


def replaced(story: Timeline, deployment: str) -> None:
    """Another version takes a deployment's place in QA."""
    endpoints, model = story.world.endpoints, ModelVersion("diabetes", "3")
    endpoints.answers.clear()
    endpoints.begin_deploy(stage=QA_STAGE, deployment="v9-other", model=model, tags={})
    endpoints.begin_traffic(stage=QA_STAGE, traffic={"v9-other": 100})
    assert "v9-other" in story.releasing.deployments(QA_STAGE)
    endpoints.begin_delete(stage=QA_STAGE, deployment=deployment)
    assert story.releasing.deployments(QA_STAGE) == ["v9-other"]


def test_where_qa_serves_another_version_approving_goes_on_without_probes() -> None:
    story, release_id, probes = story_of(policy(ADA))
    deployment = story.release(release_id).stages[0].deployment
    assert deployment is not None

    story.at(lambda: replaced(story, deployment), hours=2.5)
    story.run(hours=10)
    unprobed = story.ask(release_id).unprobed
    assert unprobed == f"api-qa serves another version by now; {deployment} is gone."
    assert [at for at, _ in probes.log] == [1.0, 2.0]
    story.at(story.decides(release_id, Choice.APPROVE), hours=11)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 11.0)
    assert story.events(release_id, EventType.EVIDENCE_DEGRADED) == []


def test_qa_that_was_not_well_when_its_deployment_went_has_not_recovered() -> None:
    story, release_id, _ = story_of(policy(ADA))
    deployment = story.release(release_id).stages[0].deployment
    assert deployment is not None
    answers(story, release_id, BAD)
    story.at(story.decides(release_id, Choice.APPROVE), hours=2)

    story.at(lambda: replaced(story, deployment), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.FAILED
    assert story.events(release_id, EventType.EVIDENCE_RECOVERED) == []


def test_a_first_stage_with_a_gate_has_nothing_to_probe() -> None:
    trial = replace(QA_STAGE, workspace=Workspace("5b1d", "rg", "wk-trial"), approval=policy(ADA))
    story = Timeline(replace(PIPELINE, stages=(trial, replace(PROD_STAGE, approval=None))))
    release_id = story.begin()
    story.at(story.decides(release_id, Choice.APPROVE), hours=5)
    story.run(hours=4)
    ask = story.release(release_id).stages[0].ask
    assert ask is not None
    assert ask.unprobed == "There is no stage before this one."
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED


def asked_elsewhere() -> Pipeline:
    """The pipeline deploys to another endpoint in QA from now on."""
    return replace(
        PIPELINE,
        stages=(
            replace(QA_STAGE, endpoint="api-qa-2"),
            replace(PROD_STAGE, approval=policy(ADA)),
        ),
    )


def test_qa_is_probed_where_the_version_was_deployed() -> None:
    story, release_id, _ = story_of(policy(ADA))
    story.at(story.deploys(asked_elsewhere()), hours=1.5)
    story.at(lambda: answers(story, release_id, BAD), hours=1.6)
    story.run(hours=3)
    ask = story.ask(release_id)
    assert (ask.unprobed, len(ask.degraded)) == ("", 1)


def test_who_is_asked_again_while_qa_is_not_well_is_not_believed_at_once() -> None:
    story, release_id, _ = story_of(policy(ADA))
    answers(story, release_id, BAD)
    story.at(story.deploys(gated(policy(ADA), tags={"team": "x"})), hours=1.5)
    story.run(hours=2.1)
    ask = story.ask(release_id)
    assert (ask.number, len(ask.degraded)) == (2, 1)
    story.at(story.decides(release_id, Choice.APPROVE), hours=2.11)
    story.run(hours=3)
    assert story.releasing.deployments(PROD_STAGE) == ["v2-old"]
    assert len(story.events(release_id, EventType.EVIDENCE_DEGRADED)) == 1


@pytest.mark.parametrize("port", ["models", "artifacts", "endpoints"])
def test_an_azure_that_is_away_for_hours_costs_people_who_think_nothing(port: str) -> None:
    story, release_id, _ = story_of(policy(ADA, BOB, reminders_seconds=(3 * HOUR,)))
    methods: Mapping[str, str] = {"models": "get", "artifacts": "files", "endpoints": "get"}
    faults = getattr(story.world, port).faults
    story.at(lambda: faults.add(methods[port], DOWN, times=100_000), hours=1.5)
    story.at(lambda: faults._waiting.clear(), hours=5.5)
    story.at(story.decides(release_id, Choice.APPROVE), hours=7)
    story.run()
    assert (story.outcome(release_id), story.started_at(release_id)) == (Outcome.SUCCEEDED, 7.0)
    assert story.mails(ADA)[1] == (3.0, "reminder 1")


@pytest.mark.parametrize("port", ["models", "endpoints"])
def test_an_azure_that_refuses_to_tell_while_people_think_ends_nothing(port: str) -> None:
    story, release_id, _ = story_of(policy(ADA))
    refused = Failure(FailureKind.FINAL, "ClientAuthenticationError", "no token for Azure.")
    story.at(lambda: getattr(story.world, port).faults.add("get", refused), hours=1.5)
    story.at(story.decides(release_id, Choice.APPROVE), hours=3)
    story.run()
    assert story.outcome(release_id) is Outcome.SUCCEEDED
